"""The pages, one module for what belongs together; `mounting.py` names each of them."""
