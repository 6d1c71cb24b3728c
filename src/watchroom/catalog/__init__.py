"""Services: who owns them, how much they matter, what they depend on, where their dashboards are."""
