"""Watchroom's own heartbeats and checks, through the same door as everybody's alerts."""

from .source import Monitors

source = Monitors()

__all__ = ["source"]
