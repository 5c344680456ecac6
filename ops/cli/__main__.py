"""`python -m ops.cli`: the same as `keytalk`."""

from ops.cli.main import main

main()
