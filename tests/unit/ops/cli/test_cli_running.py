"""`keytalk up`, `serve` and `migrate`, and how light the command is before it starts them."""

import subprocess
import sys
from types import ModuleType

import pytest

HEAVY = ("requests", "rich", "socket", "ssl", "logging", "asyncio", "shared", "eventlet")


@pytest.fixture
def launched(monkeypatch):
    """The launcher's calls, recorded in place of being made."""
    calls = []
    launch = ModuleType("shared.runtime.launch")
    launch.up = lambda demo: calls.append(("up", demo))
    launch.serve = lambda service: calls.append(("serve", service))
    launch.migrate_databases = lambda service: calls.append(("migrate", service))
    runtime = ModuleType("shared.runtime")
    runtime.launch = launch
    monkeypatch.setitem(sys.modules, "shared.runtime", runtime)
    monkeypatch.setitem(sys.modules, "shared.runtime.launch", launch)
    return calls


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("up", ("up", True)),
        ("up --no-demo", ("up", False)),
        ("serve enquiries", ("serve", "enquiries")),
        ("migrate", ("migrate", None)),
        ("migrate scheduling", ("migrate", "scheduling")),
    ],
)
def test_running_is_left_to_the_launcher(keytalk, launched, line, call):
    assert keytalk(*line.split()).exit_code == 0
    assert launched == [call]


def test_nothing_that_opens_a_socket_is_loaded_before_the_launcher():
    code = f"import sys, ops.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "noun",
    [
        "enquiries",
        "runs",
        "facilitators",
        "clearances",
        "establishments",
        "messages",
        "mail",
        "preferences",
        "jobs",
        "dead",
    ],
)
def test_every_noun_has_help(keytalk, noun):
    result = keytalk(noun, "--help")

    assert result.exit_code == 0
    assert f"{noun} [OPTIONS] COMMAND" in result.stdout
