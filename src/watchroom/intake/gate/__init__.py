"""The gate: the bare ASGI application in front of everything. It stores signals itself, and imports no Django."""
