"""Counting and judging: values in, values out."""
