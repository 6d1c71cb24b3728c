"""Status pages: what strangers are told."""
