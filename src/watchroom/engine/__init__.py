"""Claims what is due and does it. Any number of engines may run; killing one loses nothing."""
