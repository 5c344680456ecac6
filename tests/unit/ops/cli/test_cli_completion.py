"""What the shell completes: commands, options, and the words that stand in the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from ops import vocabulary
from ops.cli.each_service import SERVICES
from ops.cli.main import app
from services.enquiries.domain import agreements, checklists, filters, people, pipeline, proposals, standing
from services.notifications.domain import reminder_rules
from services.notifications.domain.messages import SENT_AGAIN
from services.notifications.queries import messages
from services.scheduling.domain import attendance, calendar, clearances, establishments, facilitators, outcomes
from shared.nations import Nation

ROOT = Path(__file__).resolve().parents[4]


def completed(line: str) -> list[str]:
    """Give what bash is offered at the end of a line."""
    count = len(line.split()) - (not line.endswith(" "))
    env = {"_KEYTALK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)}
    return CliRunner().invoke(app, [], env=env, prog_name="keytalk").stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("keytalk me", ["memos", "messages"]),
        ("keytalk runs move", ["move", "move-on", "move-run"]),
        ("keytalk runs confirm --d", ["--dry-run"]),
        ("keytalk holds list --state ", ["active", "released", "expired", "converted", "all"]),
        ("keytalk dead list --service s", ["scheduling"]),
        ("keytalk answers list --kind re", ["report", "reply"]),
        ("keytalk runs cascade RUN 9 --cause l", ["lockdown_or_incident", "late_unlock", "low_numbers"]),
        ("keytalk enquiries move KT-7F3K-92 a", ["availability", "agreement"]),
        ("keytalk enquiries show KT-", []),
    ],
)
def test_commands_options_and_known_words_are_completed(line, offered, monkeypatch):
    monkeypatch.setattr("ops.cli.client.Gateway.call", lambda *_asked, **_more: pytest.fail("the gateway was asked"))

    assert completed(line) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell_is_shown(shell, monkeypatch):
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: shell)

    shown = CliRunner().invoke(app, ["--show-completion"], prog_name="keytalk")

    assert shown.exit_code == 0
    assert f"_KEYTALK_COMPLETE=complete_{shell}" in shown.stdout


@pytest.mark.parametrize(("shell", "where"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish")])
def test_it_is_installed_for_each_shell(shell, where, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: shell)

    installed = CliRunner().invoke(app, ["--install-completion"], prog_name="keytalk")

    assert installed.exit_code == 0
    assert shell in installed.stdout
    assert (tmp_path / where).exists()


def test_bash_itself_completes_with_the_script(tmp_path):
    program = tmp_path / "keytalk"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -m ops.cli\n")
    program.chmod(0o755)
    script = f"""
        PATH={tmp_path}:$PATH
        eval "$(_KEYTALK_COMPLETE=source_bash keytalk)"
        COMP_WORDS=(keytalk holds list --state rel) COMP_CWORD=4
        _keytalk_completion keytalk rel --state
        echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["released"]


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (vocabulary.STAGES, pipeline.Stage),
        (vocabulary.STANDINGS, [*standing.Standing, filters.ANY]),
        (vocabulary.SIDES, pipeline.Side),
        (vocabulary.ANSWERS, checklists.Answer),
        (vocabulary.PROPOSAL_STATES, proposals.ProposalState),
        (vocabulary.AGREEMENT_STATES, agreements.AgreementState),
        (vocabulary.ORGANISATION_KINDS, people.OrganisationKind),
        (vocabulary.CONTACT_STATES, people.ContactStatus),
        (vocabulary.CHANNELS, people.Channel),
        (vocabulary.NATIONS, get_args(Nation)),
        (vocabulary.FACILITATOR_STATES, get_args(facilitators.FacilitatorState)),
        (vocabulary.CLEARANCE_STATES, clearances.STATES),
        (vocabulary.LEVELS, clearances.LEVELS),
        (vocabulary.CAUSES, outcomes.CAUSES),
        (vocabulary.PARTIES, outcomes.PARTIES),
        (vocabulary.CHARGE_REASONS, outcomes.CHARGE_REASONS),
        (vocabulary.CLOSURES, calendar.CLOSURES),
        (vocabulary.UNDER_18_REASONS, establishments.UNDER_18_REASONS),
        (vocabulary.AUDIENCES, attendance.AUDIENCES),
        (vocabulary.ABSENCES, attendance.ABSENCES),
        (vocabulary.MESSAGE_STATES, messages.STATES),
        (vocabulary.NOT_THROUGH, [each for each in messages.STATES if each in SENT_AGAIN]),
        (vocabulary.REMINDER_RULES, reminder_rules.RULES),
        (vocabulary.SERVICES, (*SERVICES, "ops")),
    ],
)
def test_what_is_offered_is_what_the_services_take(offered, taken):
    assert list(offered) == [str(each) for each in taken]
