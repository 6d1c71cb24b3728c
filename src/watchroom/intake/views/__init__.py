"""Pages of alerts, integrations and routes."""
