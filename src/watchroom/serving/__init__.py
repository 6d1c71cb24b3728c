"""The processes: gate, web and engine, and the one that looks after the three."""
