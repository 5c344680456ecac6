"""Two Keytalks never share a port or a home without a word: the second ends at once and says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.keytalk import Keytalk

ROOT = Path(__file__).resolve().parents[2]
ENDS_WITHIN = 180
"""Seconds; most of them are for a busy machine."""


@pytest.fixture(scope="module")
def first() -> Iterator[Keytalk]:
    with Keytalk() as keytalk:
        yield keytalk


def a_second(**environment: str) -> subprocess.CompletedProcess[str]:
    frame = Keytalk(env=environment)
    command = [sys.executable, "-m", "ops.cli", "up", "--no-demo"]
    return subprocess.run(
        command, env=frame.environment, cwd=ROOT, capture_output=True, text=True, timeout=ENDS_WITHIN, check=False
    )


def test_a_port_that_another_process_listens_on_ends_the_start_and_is_named(first):
    done = a_second(KEYTALK_PUBLIC_PORT=str(first.public_port))

    assert done.returncode == 2
    assert f"Port {first.public_port} on 127.0.0.1 is taken. Stop what uses it, or set KEYTALK_PUBLIC_PORT" in (
        done.stderr
    )


def test_a_home_that_another_process_runs_in_ends_the_start_and_names_it(first):
    done = a_second(KEYTALK_HOME=str(first.home))

    assert done.returncode == 2
    assert f"Keytalk runs in {first.home} already (process {first.pid})." in done.stderr


def test_a_home_is_free_again_as_soon_as_its_process_has_ended(first):
    first.kill()
    first.start()
