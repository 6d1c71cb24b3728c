"""Escalation policies carried out: whom to page, by what, when, and what came of each attempt."""
