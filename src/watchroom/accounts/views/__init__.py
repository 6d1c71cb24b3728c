"""Pages about people, teams, oneself and the audit trail."""
