"""Readiness: what a team still lacks before the next incident, and the process that everyone has read."""
