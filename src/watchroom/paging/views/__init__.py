"""Pages of policies, contact methods, signed links and the delivery log."""
