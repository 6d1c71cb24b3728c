"""Pages that belong to no single package: home, search, system, errors."""
