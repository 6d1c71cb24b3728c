"""Calls: one folder per product in which people can meet."""
