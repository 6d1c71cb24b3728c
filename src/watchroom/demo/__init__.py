"""A made-up company to look around in: believable, the same for the same seed, marked, and removable."""
