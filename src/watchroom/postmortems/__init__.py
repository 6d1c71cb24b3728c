"""Blameless postmortems: drafted from what happened, edited, reviewed, published."""
