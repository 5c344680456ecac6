"""What notifications offers by RPC, hears and does at a time: one module a noun, gathered by `service.py`."""
