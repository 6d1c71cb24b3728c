"""Watchroom: incident response for engineering teams."""

__version__ = "0.1.0"
