"""`python -m shared.contracts write|check`: keep what is generated from the contracts up to date."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from shared.contracts.asyncapi import asyncapi_document
from shared.contracts.base import Contract, contracts
from shared.contracts.page import events_page
from shared.contracts.record import Record, broken_promises, record_of

ROOT = Path(__file__).resolve().parents[2]
RECORD = "shared/contracts/published.json"

_WHAT_TO_DO = (
    "Events of the old shape are under way and not every service is upgraded at once. Nothing was written.\n"
    "Take the change back and publish a new event type beside the old one, such as enquiry_received_v2.\n"
    "To retire an event or a subscriber, see 'Changing an event' in docs/events.md."
)
_HOW_TO_RENEW = "Run `make contracts`, look at what changed, and commit it."


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the generated files below `root`, or check them. Give 0, or 1 after saying what is wrong and its mend."""
    parser = argparse.ArgumentParser(prog="python -m shared.contracts", description=__doc__)
    parser.add_argument("command", choices=["write", "check"])
    command = parser.parse_args(arguments).command
    try:
        broken = broken_promises(_published(root), record_of(contracts()))
    except ValueError as error:
        return _fail(f"{RECORD} cannot be read ({error}).", "Take it back from version control, then try again.")
    if broken:
        return _fail("A published event changed incompatibly:", *broken, _WHAT_TO_DO)
    files = generated_files(contracts())
    return _write(root, files) if command == "write" else _check(root, files)


def generated_files(known: Sequence[Contract]) -> dict[str, str]:
    """Give the text of every file generated from these contracts, by its path."""
    return {
        "docs/events.md": events_page(known),
        "docs/asyncapi.json": _text(asyncapi_document(known)),
        RECORD: _text(record_of(known)),
    }


def _published(root: Path) -> Record:
    return cast("Record", json.loads(_read(root / RECORD) or "{}"))


def _write(root: Path, files: dict[str, str]) -> int:
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    return 0


def _check(root: Path, files: dict[str, str]) -> int:
    stale = [name for name, text in files.items() if _read(root / name) != text]
    if stale:
        return _fail(*(f"{name} is not what shared/contracts says." for name in stale), _HOW_TO_RENEW)
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _fail(*lines: str) -> int:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return 1


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
