"""One trap in each file. A new one is a file with a ``rule``, and a test."""
