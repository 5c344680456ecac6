"""What is generated from the contracts is current, and the command that generates it refuses to break a promise."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from shared.contracts.__main__ import RECORD, ROOT, generated_files, main
from shared.contracts.base import contracts

FILES = ["docs/asyncapi.json", "docs/events.md", RECORD]


@pytest.fixture
def root(tmp_path):
    """A project whose generated files are current."""
    (tmp_path / "docs").mkdir()
    (tmp_path / RECORD).parent.mkdir(parents=True)
    assert main(["write"], tmp_path) == 0
    return tmp_path


def _change_record(root, type_: str, **promises: Any) -> str:
    """Say that something else was published."""
    record = json.loads((root / RECORD).read_text())
    record[type_].update(promises)
    text = json.dumps(record)
    (root / RECORD).write_text(text)
    return text


def _data_with(root, field: str) -> dict[str, Any]:
    data = json.loads((root / RECORD).read_text())["stage_changed"]["data"]
    return {**data, "properties": {**data["properties"], field: {"type": "string"}}}


def test_the_generated_files_are_current():
    assert main(["check"]) == 0, "Run `make contracts`, look at what changed, and commit it."


def test_the_record_knows_every_event():
    assert set(json.loads((ROOT / RECORD).read_text())) == {contract.type for contract in contracts()}


def test_writing_makes_all_three_files(root):
    assert {name: (root / name).read_text() for name in FILES} == generated_files(contracts())
    assert main(["check"], root) == 0


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("text", ["{}", None])
def test_a_file_that_is_out_of_date_or_missing_is_named_with_the_mend(root, name, text, capsys):
    (root / name).unlink()
    if text is not None:
        (root / name).write_text(text)

    assert main(["check"], root) == 1

    assert capsys.readouterr().err == (
        f"{name} is not what shared/contracts says.\nRun `make contracts`, look at what changed, and commit it.\n"
    )
    assert (main(["write"], root), main(["check"], root)) == (0, 0)


def test_a_compatible_change_waits_to_be_written(root, capsys):
    _change_record(root, "enquiry_received", subscribers=["scheduling"])

    assert main(["check"], root) == 1
    assert f"{RECORD} is not what shared/contracts says." in capsys.readouterr().err
    assert (main(["write"], root), main(["check"], root)) == (0, 0)


@pytest.mark.parametrize("command", ["check", "write"])
def test_an_incompatible_change_is_named_with_the_mend_and_nothing_is_written(root, command, capsys):
    text = _change_record(root, "stage_changed", data=_data_with(root, "because"))

    assert main([command], root) == 1

    told = capsys.readouterr().err
    assert "stage_changed.because: this field was removed or renamed." in told
    assert "publish a new event type beside the old one" in told
    assert (root / RECORD).read_text() == text


@pytest.mark.parametrize("command", ["check", "write"])
def test_a_record_that_cannot_be_read_is_not_written_over(root, command, capsys):
    (root / RECORD).write_text("<<<<<<< HEAD")

    assert main([command], root) == 1

    assert f"{RECORD} cannot be read" in capsys.readouterr().err
    assert (root / RECORD).read_text() == "<<<<<<< HEAD"


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.type)
def test_the_page_tells_people_about_each_event(contract):
    page = generated_files(contracts())["docs/events.md"]
    section = page.split(f"\n## {contract.type}\n")[1].split("\n## ")[0]

    assert section.strip().startswith(inspect.cleandoc(contract.cls.__doc__))
    assert f"| published by | `{contract.source}`" in section
    assert f"| subject | `{contract.subject}` |" in section
    assert [name for name in contract.subscribers if f"`{name}`" not in section] == []
    assert [name for name in contract.schema.fields if f"| `{name}` |" not in section] == []
    assert json.loads(section.split("```json")[1].split("```")[0]) == contract.sample


def test_the_page_tells_the_types_inside_lists_and_what_may_be_null():
    page = generated_files(contracts())["docs/events.md"]

    assert "| `sessions` | list of object | no |" in page
    assert "| `sessions[].start` | local time | no |" in page
    assert "| `preferred_start` | date | yes |" in page
