"""Workflows: when something happens in an incident, and it is of a kind, then these things are done."""
