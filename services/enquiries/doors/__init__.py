"""What others may ask of the service by RPC, a module a subject; `service.py` gathers them."""
