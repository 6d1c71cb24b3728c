"""Pages of runbooks."""
