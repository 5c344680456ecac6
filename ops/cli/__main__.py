"""Where `keytalk` and `python -m ops.cli` begin."""

from __future__ import annotations

import importlib
import sys

THAT_RUN_KEYTALK = {"up", "serve", "migrate"}


def main() -> None:
    """Run the command. One that runs Keytalk itself is made green before anything else is loaded."""
    if THAT_RUN_KEYTALK & set(sys.argv[1:2]):
        importlib.import_module("shared.runtime.green")
    importlib.import_module("ops.cli.main").main()


if __name__ == "__main__":
    main()
