"""The first-run walk: from nothing to a page that really reached somebody, in a few minutes."""
