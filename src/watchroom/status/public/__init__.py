"""What strangers read. A document is made from a page's view and a language alone, so that the same bytes can be served,
cached by the gate, exported as files and pushed to storage."""
