"""Ways to stop the bleeding: a catalog, and what came of each attempt."""
