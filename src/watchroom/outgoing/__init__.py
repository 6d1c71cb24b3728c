"""Events: what happened, told to programs outside. Webhooks that are told, and every delivery with its attempts."""
