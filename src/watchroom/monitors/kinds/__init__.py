"""Kinds of checks, found by entry point ``watchroom.monitor_kinds``."""
