"""What the command does not load before it is needed: that is where the time of a start goes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
HEAVY = {"requests", "rich", "sqlalchemy", "marshmallow", "nameko", "flask", "jinja2", "eventlet", "kombu"}

LOADED = """
import sys
sys.argv = ["keytalk", *{words!r}]
try:
    from ops.cli.__main__ import main
    main()
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""


def loaded(*words: str) -> set[str]:
    """Give the modules that are loaded once a command has ended."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("KEYTALK_")}
    script = LOADED.format(words=words)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words",
    [["--help"], ["enquiries", "list", "--help"], ["runs", "--help"], ["doctor", "--help"], ["holds", "let-go"]],
)
def test_help_loads_nothing_heavy(words):
    assert not loaded(*words) & HEAVY


def test_a_call_without_a_token_is_refused_before_anything_heavy_is_loaded():
    assert not loaded("enquiries", "list") & HEAVY


def test_the_help_loads_no_noun_and_a_noun_only_its_own():
    assert not loaded("--help") & {"ops.cli.enquiries", "ops.cli.runs", "ops.cli.templates"}
    assert "ops.cli.templates" not in loaded("enquiries", "list", "--help")
