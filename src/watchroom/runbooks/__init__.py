"""Runbooks: what to look at, do, ask and whom to call, step by step, written before it is needed."""
