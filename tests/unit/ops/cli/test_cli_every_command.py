"""What every command has in common: each is run against a gateway that writes down what it hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from ops.accounts.office import DUTIES
from ops.cli import asking, client
from ops.cli.main import app
from ops.gateway.permissions import CHANGE, OPERATIONS

UUID = "0192f0c8-0000-7000-8000-000000000001"
SERVICES = ("enquiries", "scheduling", "notifications")
NO_JSON = {
    ("up",): "runs until it is stopped",
    ("serve",): "runs until it is stopped",
    ("migrate",): "says what it did as it goes, before anything could answer",
}
"""Commands that print no JSON, and why."""

REACHED_OTHERWISE = {
    (
        "scheduling",
        "export_person",
    ): "`privacy export` has enquiries gather what every service holds, by ids only it has",
    ("notifications", "export_person"): "the same",
    ("notifications", "simulate_news"): "the gateway asks it whom a dry run would tell",
    ("scheduling", "preview_expiries"): "`messages simulate` has notifications ask it, and shows the letters",
}
"""Operations that no command calls by itself, and what does in its place."""

SAMPLES = {
    "REF": "KT-7F3K-92", "SESSION": UUID, "SESSION...": UUID, "ID": UUID, "DATE": "2027-01-12",
    "TIME": "2027-01-12T15:00",
    "COUNTS": "1", "ITEM=NUMBER...": "needles=1", "QUESTION=COUNTS": "felt_safe=0,0,1,4,5",
    "DAY=HH:MM-HH:MM": "mon=09:00-17:00",
    "NUMBER": "PO-1", "STAGE": "won", "DAYS": "mon-fri", "TEXT": "for good reason",
}  # fmt: skip
"""What is given for an argument or an option that must be there, by how the help writes it; else a plain word."""

BEYOND_CALLS = {("doctor",), ("sign-in",), ("sign-out",)}
"""Commands that do their work without a call of an operation; they have tests of their own."""

KINDS = OPERATIONS | {("ops", name): duty.kind for name, duty in DUTIES.items()}

MORE = {
    ("board",): [(), ("--stage", "new", "--after", "a-cursor")],
    ("operators", "add"): [("priya", "--email", "p@x.example", "--role", "viewer")],
    ("operators", "change"): [("priya", "--role", "viewer")],
    ("enquiries", "check"): [("KT-7F3K-92", "room", "yes")],
    ("enquiries", "canaries"): [(), ("--send",)],
    ("mail", "show"): [("<a@keytalk.example>",)],
    ("enquiries", "reply"): [("KT-7F3K-92", "--words", "Thank you.")],
    ("enquiries", "log-call"): [("KT-7F3K-92", "--words", "Rang.")],
    ("enquiries", "answered"): [("KT-7F3K-92", "--words", "Yes.")],
    ("enquiries", "note"): [("KT-7F3K-92", "--words", "Quiet.")],
    ("dead", "show"): [(UUID, "--service", "enquiries")],
    ("dead", "replay"): [(UUID, "--service", service) for service in SERVICES],
    ("dead", "drop"): [(UUID, "--reason", "why", "--service", each) for each in SERVICES],
    ("messages", "simulate"): [(), ("--run", UUID, "--move", "3", "--to", "2027-01-12")],
    ("quarantine", "clear"): [("KT-7F3K-92", "--reason", "Adverts"), ("--all", "--reason", "Adverts")],
    ("preferences", "change"): [("contact:1", "--waiting", "daily", "--reason", "Rang")],
    ("preferences", "show"): [("facilitator:1",), ("contact:1",)],
    ("preferences", "link"): [("KT-7F3K-92",)],
    ("establishments", "set-windows"): [("RSI", "--days", "mon-fri", "--am", "09:00-11:30")],
    ("establishments", "change"): [("RSI", "--level", "standard")],
    ("enquiries", "add"): [("--programme", "p", "--establishment", "RSI", "--name", "Sam", "--email", "s@x.example")],
}  # fmt: skip
"""Lines for commands that need more than what must be there, or that go several ways."""

TELL = {
    ("enquiries", "release_enquiry"),
    ("enquiries", "add_enquiry"),
    ("enquiries", "reply_to_enquiry"),
    ("enquiries", "send_proposal"),
    ("enquiries", "accept_proposal"),
    ("enquiries", "decline_proposal"),
    ("enquiries", "withdraw_proposal"),
    ("enquiries", "sign_agreement"),
    ("scheduling", "confirm_run"),
    ("scheduling", "apply_change"),
    ("scheduling", "reverse_change"),
    ("scheduling", "close_establishment"),
    ("scheduling", "withdraw_from_session"),
    ("scheduling", "make_offer"),
    ("scheduling", "accept_offer"),
    ("scheduling", "decline_offer"),
    ("scheduling", "withdraw_offer"),
    ("scheduling", "place_hold"),
    ("scheduling", "release_hold"),
    ("scheduling", "send_memo"),
    ("scheduling", "leave_out_kit"),
    ("scheduling", "bring_kit"),
    ("notifications", "resend_message"),
    ("notifications", "publish_template"),
    ("notifications", "revert_template"),
    ("notifications", "change_reminder_rule"),
    ("notifications", "lift_suppression"),
    *((service, "replay_dead") for service in SERVICES),
}
"""Operations that people are told of by mail, or that change what they are told."""

FOR_GOOD = {
    ("enquiries", "erase_person"),
    ("enquiries", "run_retention"),
    ("enquiries", "clear_quarantine"),
    ("enquiries", "end_agreement"),
    ("scheduling", "erase_facilitator"),
    ("scheduling", "retire_programme"),
    ("scheduling", "revoke_feed"),
    ("notifications", "settle_message"),
    ("notifications", "note_told"),
    *((service, "drop_dead") for service in SERVICES),
}
"""Operations that nothing takes back."""


class Anything(dict):
    """An answer that has whatever is looked for in it, and nothing where it is counted or gone through."""

    def __missing__(self, key: Any) -> Any:
        return Anything()

    def get(self, key: Any, default: Any = None) -> Any:
        return default

    def __str__(self) -> str:
        return "something"

    def __hash__(self) -> int:
        return 1


ANSWERS = {
    "count_quarantine": {"waiting": 2, "as_of": "2027-01-12T15:00:00+00:00"},
    "count_establishments_at": {"caught_up": 1, "of": 1},
    "clear_quarantine": {"cleared": 1, "left": 0},
    "get_template": Anything(template="a-template", text="", html="", versions=[{"version": 2, "state": "draft"}]),
    "lint_template": {"fit": True, "findings": []},
    "list_suppressions": [
        Anything(
            id="0f1e2d3c4b5a6978",
            message="0192f0c8-0000-7000-8000-000000000001",
            recipient="ops",
            since="2027-01-12T15:00:00+00:00",
            why="It came back.",
        )
    ],
    "get_proposal_pdf": {"name": "proposal.pdf", "pdf": ""},
    "get_memo_pdf": {"name": "memo.pdf", "pdf": ""},
}
"""Answers of which something is made."""


@dataclass(frozen=True)
class Line:
    """One way to call a command."""

    path: tuple[str, ...]
    words: tuple[str, ...]
    options: frozenset[str]

    def __str__(self) -> str:
        return " ".join((*self.path, *self.words))


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command there is, by the words that name it."""
    group = group or get_command(app)
    for name in group.commands:
        command = group.commands[name]
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def sample(param: Any) -> str:
    annotation = param.type_descriptor.annotation
    if get_origin(annotation) is list:
        [annotation] = get_args(annotation)
    if get_origin(annotation) is Literal:
        return str(get_args(annotation)[0])
    return "1" if annotation in {int, float} else SAMPLES.get(param.metavar or "", "a-word")


def words_for(command: Any, file: str) -> tuple[str, ...]:
    """Give what a command must have."""
    words: list[str] = []
    for param in command.params:
        if not param.required:
            continue
        given = file if param.name in {"file", "text", "html"} else sample(param)
        words += [given] if param.param_type_name == "argument" else [param.opts[0], given]
    return tuple(words)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("cli") / "rows.csv"
    path.write_text("id,name\n")
    return str(path)


@pytest.fixture(scope="module")
def lines(file) -> list[Line]:
    """Every command that asks the services, in as many ways as it takes to reach all that it does."""
    found = []
    for path, command in commands():
        if path in NO_JSON or path in BEYOND_CALLS:
            continue
        options = frozenset(option for param in command.params for option in param.opts)
        ways = MORE.get(path) or [words_for(command, file)]
        found += [Line(path, tuple(words), options) for words in ways]
    return found


class Heard(list):
    """What a gateway was asked."""

    def names(self) -> set[tuple[str, str]]:
        return {(service, method) for service, method, _ in self}

    def changes(self) -> set[tuple[str, str]]:
        """What was asked that changes something: a trial, which is stored nowhere, does not."""
        return {
            (service, method)
            for service, method, asked in self
            if KINDS[service, method] == CHANGE and not asked.get("dry_run")
        }


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Run a line, give how it ended and what it asked. Nobody is at a terminal."""
    heard = Heard()

    def call(_gateway: Any, service: str, method: str, /, **arguments: Any) -> Any:
        heard.append((service, method, arguments))
        return ANSWERS.get(method) or Anything()

    @cache
    def run(line: Line, *more: str) -> tuple[Any, Heard]:
        heard.clear()
        result = CliRunner().invoke(app, [*line.path, *line.words, *more])
        assert result.exception is None or isinstance(result.exception, SystemExit), (str(line), result.exception)
        return result, Heard(heard)

    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("here"))
        patched.setenv("KEYTALK_OPS_TOKEN", "a-token")
        patched.setattr(asking, "somebody_is_there", lambda: False)
        patched.setattr(client.Gateway, "call", call)
        yield run


def agreed(line: Line) -> tuple[str, ...]:
    return ("--json", "--yes") if "--yes" in line.options else ("--json",)


def test_every_operation_is_reached_by_a_command(lines, ask):
    reached = {name for line in lines for name in ask(line, *agreed(line))[1].names()}
    reached |= {
        name for line in lines if "--dry-run" in line.options for name in ask(line, "--dry-run", "--json")[1].names()
    }

    assert set(KINDS) - reached == set(REACHED_OTHERWISE)


def test_every_command_prints_json_when_asked_and_nothing_else_on_stdout(lines, ask):
    for line in lines:
        result, _heard = ask(line, *agreed(line))

        assert result.exit_code == 0, (str(line), result.output)
        json.loads(result.stdout)


def test_every_command_knows_json_but_those_that_run_keytalk_itself():
    without = {
        path for path, command in commands() if "--json" not in {each for p in command.params for each in p.opts}
    }

    assert without == set(NO_JSON)


def test_what_tells_people_or_cannot_be_undone_is_asked_about_first(lines, ask):
    seen = set()
    for line in lines:
        _result, heard = ask(line, *agreed(line))
        grave = heard.changes() & (TELL | FOR_GOOD)
        seen |= grave
        if not grave or "--sent" in line.words:
            continue
        assert {"--yes", "--dry-run"} <= line.options, str(line)
        refused, asked = ask(line)
        assert refused.exit_code == 2, (str(line), refused.output)
        assert "Give --yes" in refused.stderr, str(line)
        assert not asked.changes(), str(line)

    assert seen == TELL | FOR_GOOD


def test_a_dry_run_asks_for_nothing_that_changes_anything(lines, ask):
    tried = [line for line in lines if "--dry-run" in line.options]
    for line in tried:
        for more in (("--json",), agreed(line)):
            result, heard = ask(line, "--dry-run", *more)
            assert result.exit_code == 0, (str(line), result.output)
            assert not heard.changes(), (str(line), heard.changes())
            json.loads(result.stdout)


def test_what_cannot_be_undone_asks_for_a_reason_where_the_service_keeps_one(lines, ask):
    kept_nowhere = {("enquiries", "run_retention"), ("scheduling", "retire_programme"), ("scheduling", "revoke_feed"),
                    ("notifications", "note_told")}  # fmt: skip
    for line in lines:
        _result, heard = ask(line, *agreed(line))
        for service, method, arguments in heard:
            if (service, method) in FOR_GOOD - kept_nowhere:
                assert arguments.get("reason"), str(line)
