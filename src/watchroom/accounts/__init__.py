"""People, teams, roles, sign-in, API tokens, the permission check, and the audit trail."""
