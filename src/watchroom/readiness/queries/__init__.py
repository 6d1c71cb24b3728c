"""Reads, a file for each noun."""
