"""The statuses that a command ends with, for scripts: each of them once, in a process of its own where that matters."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.unit.ops.telling_cast import done, telling

ROOT = Path(__file__).resolve().parents[4]
HOLD = {
    "hold": "h1",
    "enquiry": "KT-7F3K-92",
    "establishment": {"name": "Risley (HMP)"},
    "rank": 1,
    "state": "active",
    "expires_on": "2026-12-30",
    "waits_for": [],
    "waiting_behind": [],
}
PROGRAM = (sys.executable, "-m", "ops.cli")


def test_done_is_0(keytalk, gateway):
    gateway.will_answer("scheduling.list_holds", [])

    assert keytalk("holds", "list").exit_code == 0


def test_refused_by_a_rule_is_1(keytalk, gateway):
    gateway.will_refuse("scheduling.release_hold", 409, "This hold was released already.")

    assert keytalk("holds", "release", "h1", "--yes").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [("holds", "let-go"), ("holds", "release"), ("holds", "list", "--state", "gone"), ("holds", "release", "h1")],
)
def test_not_understood_or_nobody_there_to_be_asked_is_2(keytalk, gateway, words):
    result = keytalk(*words)

    assert (result.exit_code, result.stdout, gateway.asked) == (2, "", [])
    assert result.stderr


@pytest.mark.parametrize("status", [401, 403, 503])
def test_not_permitted_or_not_available_is_3(keytalk, gateway, status):
    gateway.will_refuse("scheduling.list_holds", status, "Not now.")

    assert keytalk("holds", "list").exit_code == 3


def test_stopped_with_ctrl_c_is_130_without_a_trace():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {**os.environ, "KEYTALK_OPS_URL": address, "KEYTALK_OPS_TOKEN": "a-token"}
        # As at a terminal: what a shell starts in the background, these tests too, begins deaf to Ctrl-C.
        command = ["env", "--default-signal=INT", *PROGRAM, "holds", "list"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with silent.accept()[0] as asked:
            asked.recv(1)  # it has sent its question, and waits for the answer
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr


def test_a_dry_run_that_a_rule_refuses_ends_as_the_change_itself_would(keytalk, gateway):
    gateway.will_refuse("scheduling.confirm_run", 422, "H12: the agreement is not signed.")

    result = keytalk("runs", "confirm", "r1", "--dry-run")

    assert (result.exit_code, done(gateway, "scheduling.confirm_run")) == (1, [])
    assert "H12: the agreement is not signed." in result.stderr


def test_a_question_without_an_answer_is_a_no(keytalk, gateway):
    gateway.will_answer("scheduling.get_hold", HOLD)
    gateway.will_answer("scheduling.release_hold", {**HOLD, **telling()})

    result = keytalk("holds", "release", "h1", typed="")

    assert (result.exit_code, done(gateway, "scheduling.release_hold")) == (1, [])
    assert "Nothing was changed." in result.stderr


def test_ctrl_c_at_a_question_is_130_and_changes_nothing(keytalk, gateway, monkeypatch):
    def stopped(*_asked, **_more):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise typer.Abort from None

    monkeypatch.setattr(typer, "confirm", stopped)
    gateway.will_answer("scheduling.get_hold", HOLD)
    gateway.will_answer("scheduling.release_hold", {**HOLD, **telling()})

    result = keytalk("holds", "release", "h1", typed="")

    assert (result.exit_code, done(gateway, "scheduling.release_hold")) == (130, [])
    assert "Nothing was changed." in result.stderr


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_that_has_gone_away_is_141_and_nothing_is_said_of_it(gateway, more):
    gateway.will_answer("scheduling.list_holds", [HOLD] * 2_000)  # more than a pipe holds

    # Without its buffer, Python takes a write that was cut short for a whole one, and notices nothing.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [*PROGRAM, "holds", "list", *more], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline()
    process.stdout.close()
    _nothing, stderr = process.communicate(timeout=60)

    assert (process.returncode, stderr) == (141, "")
