"""The whole configuration as one file: what it may say, what is there, what would change, and carrying that out."""
