"""The pages of drills."""

from . import debrief, drills, listing, scenarios

__all__ = ["debrief", "drills", "listing", "scenarios"]
