"""Keeping status pages, maintenance, subscribers and lists of stakeholders."""
