"""What the help says, and what is to be seen while a long piece of work goes on."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command

from ops.cli import waiting
from ops.cli.main import app


def every_command(group=None, path=()):
    group = group or get_command(app)
    for name in group.commands:
        command = group.commands[name]
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from every_command(command, (*path, name))


def test_the_main_help_names_everything_once_below_headings_and_cuts_no_sentence(keytalk):
    shown = keytalk("--help").stdout

    listed = re.findall(r"^  ([a-z][a-z-]+)  +\S", shown.partition("Begin here:")[2], re.MULTILINE)
    assert sorted(listed) == sorted(get_command(app).commands)
    assert re.findall(r"^([A-Z].*):$", shown, re.MULTILINE) == [
        "Options",
        "Begin here",
        "Enquiries and people",
        "Runs and sessions",
        "Prisons, programmes and facilitators",
        "Messages",
        "Keytalk itself",
    ]
    assert "..." not in shown.partition("Options:")[2]


def test_the_help_of_a_noun_gives_each_commands_whole_first_sentence(keytalk):
    shown = " ".join(keytalk("enquiries", "--help").stdout.split())

    assert "list List enquiries, the newest first." in shown
    assert "Write to the enquirer, and wait for them from now on; Keytalk sends it unless --sent." in shown


def test_every_command_and_everything_it_takes_is_explained():
    for path, command in every_command():
        assert command.help, path
        for param in command.params:
            assert getattr(param, "help", "here"), (path, param.name)


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("enquries",), "'enquiries'"), (("runs", "confrim"), "'confirm'"), (("holds", "plac"), "'place'")],
)
def test_what_is_spelt_wrongly_is_answered_with_what_was_meant(keytalk, words, meant):
    result = keytalk(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Did you mean {meant}?" in result.stderr


def test_away_from_a_terminal_nothing_is_drawn_while_something_goes_on(capsys):
    with waiting.working("Taking in rows.csv"), waiting.counting("Closing", 3) as tell:
        tell(1)

    assert capsys.readouterr() == ("", "")


def test_at_a_terminal_it_is_drawn_on_stderr_alone(capsys, monkeypatch):
    monkeypatch.setattr(waiting, "_somebody_looks", lambda: True)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")

    with waiting.working("Taking in rows.csv"):
        pass
    with waiting.counting("Closing as spam", 4) as tell:
        tell(1)

    drawn = capsys.readouterr()
    assert drawn.out == ""
    assert "Taking in rows.csv" in drawn.err
    assert "Closing as spam" in drawn.err
