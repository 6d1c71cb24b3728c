"""Pages of monitors, and the address that jobs ping."""
