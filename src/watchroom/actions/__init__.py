"""Action items: specific, owned, dated, and chased until they are done."""
