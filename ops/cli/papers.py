"""Papers that come with an answer, written to a file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ops.cli.client import CommandRefused
from ops.cli.output import say, show_json

Output = Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")]


def save_paper(paper: Mapping[str, str], output: Path | None, as_json: bool) -> None:
    """Write a paper's `pdf` to `output`, or under its own `name` here, and say where it is."""
    path = output or Path(Path(paper["name"]).name)
    try:
        path.write_bytes(base64.b64decode(paper["pdf"]))
    except OSError as error:
        raise CommandRefused(f"{path} cannot be written: {error.strerror}.") from error
    if as_json:
        show_json({"file": str(path)})
    else:
        say(str(path))
