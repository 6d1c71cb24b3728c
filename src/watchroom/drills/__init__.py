"""Drills: practised incidents, from a scenario with injects to a score."""
