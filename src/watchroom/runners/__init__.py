"""What carries a mitigation out. One folder per kind."""
