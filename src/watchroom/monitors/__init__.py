"""Watching without a monitoring system: heartbeats that must come, and checks that Watchroom runs itself."""
