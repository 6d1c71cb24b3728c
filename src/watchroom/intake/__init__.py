"""From a signal to an alert group: receive, normalise, deduplicate, route, group."""
