"""Evidence: what the tools that a team already has can show around the time of an alert, and what was kept of it."""
