"""What scheduling offers by RPC: one module a noun, gathered by `service.py`."""
