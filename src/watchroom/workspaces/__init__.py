"""Connected chat workspaces, and what Watchroom has posted in them."""
