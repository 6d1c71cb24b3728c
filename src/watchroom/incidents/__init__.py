"""The response: declare, roles, running log, updates, key times."""
