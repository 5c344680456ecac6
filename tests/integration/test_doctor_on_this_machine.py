"""`keytalk doctor` where everything is on this machine: each fault is made, and found by name with its mend."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy.engine import URL

from ops.doctor.at_once import all_at_once
from shared.config import DATABASES
from shared.persistence import migrations
from tests.integration.doctor_cast import Findings, ahead_by, found, playing
from tests.servers.keytalk import Keytalk
from tests.servers.processes import free_port

GIB = 1024**3


@pytest.fixture(scope="module")
def running() -> Iterator[Keytalk]:
    """Keytalk in one process, whose canary has come in."""
    with Keytalk(demo=True, env={"KEYTALK_CANARY": "on"}) as keytalk:
        keytalk.cli("enquiries", "canaries", "--send")
        yield keytalk


@pytest.fixture(scope="module")
def migrated(tmp_path_factory) -> Path:
    """A home with the databases of a Keytalk that is not running."""
    home = tmp_path_factory.mktemp("migrated")
    for name in DATABASES:
        migrations.migrate(name, URL.create("sqlite", database=str(home / f"{name}.sqlite3")))
    return home


@pytest.fixture
def home(migrated, tmp_path) -> Path:
    """A copy of it, to be spoilt."""
    for file in migrated.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.fixture
def env(home) -> dict[str, str]:
    return {
        "KEYTALK_HOME": str(home),
        "KEYTALK_PUBLIC_PORT": str(free_port()),
        "KEYTALK_OPS_PORT": str(free_port()),
    }


@pytest.fixture
def run_sql(home) -> Callable[..., None]:
    """Change a service's database behind everybody's back."""

    def run(service: str, sql: str, *values: object) -> None:
        connection = sqlite3.connect(home / f"{service}.sqlite3")
        with connection:
            connection.execute(sql, values)
        connection.close()

    return run


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def ago(**by: float) -> str:
    return text_of(datetime.now(UTC) - timedelta(**by))


# Where all is well


def test_where_all_is_well_nothing_is_found(running):
    done = running.run("doctor", "--json")

    told = json.loads(done.stdout)
    assert [each for each in told["checks"] if each["state"] != "ok"] == []
    assert {"settings", "disk", "migrations", "relay", "canary", "clock", "token"} <= {
        each["check"] for each in told["checks"]
    }
    assert done.returncode == 0


def test_a_keytalk_that_is_not_running_is_looked_at_all_the_same(env):
    findings = found(env)

    assert findings.wrong() == {
        "gateway": "look",
        "token": "could not look",
        "services": "could not look",
        "clock": "could not look",
    }
    assert "make run" in findings.of("gateway").mend


def test_nothing_is_made_by_looking(tmp_path):
    before = {"KEYTALK_HOME": str(tmp_path / "home"), "KEYTALK_OPS_PORT": str(free_port())}

    assert "keytalk migrate" in found(before).of("database").mend

    assert list(tmp_path.iterdir()) == []


def test_a_fault_ends_the_command_with_one_and_is_told_in_lines(running):
    running_on = running.environment | {"KEYTALK_CANARY_EVERY": "often"}
    broken = Keytalk(home=running.home, env={**running_on})

    done = broken.run("doctor")

    lines = done.stdout.splitlines()
    assert "broken          settings: KEYTALK_CANARY_EVERY cannot be used." in lines
    assert "-> Give a number of minutes from 1 to 1440." in lines[1]
    assert done.returncode == 1


# Settings


def test_each_bad_setting_is_named_and_the_rest_is_looked_at(env):
    wrong = {
        "KEYTALK_INTERNAL_PORT": "eighty",
        "KEYTALK_SMTP_URL": "smtp://alex:s3cret-word@mail.example?tls=yes",
        "KEYTALK_ALERT_URLS": "nonsense-s3cret-word",
    }

    findings = found(env | wrong)

    named = {each.words.split()[0] for each in findings if each.check == "settings"}
    assert named == wrong.keys()
    assert all("docs/settings.md" in each.mend for each in findings if each.check == "settings")
    assert findings.of("mail").words == "because KEYTALK_SMTP_URL cannot be used"
    assert findings.of("migrations").state == "ok"
    assert "s3cret-word" not in str(findings)


def test_a_setting_that_is_misspelt_is_told(env):
    finding = found(env | {"KEYTALK_AMPQ_URI": "amqp://rabbit"}).of("settings")

    assert (finding.state, "KEYTALK_AMQP_URI" in finding.mend) == ("look", True)


# Disk and home


@pytest.mark.parametrize(
    ("free", "total", "state", "words"),
    [
        (0.1 * GIB, 100 * GIB, "broken", "The disk is full"),
        (0.7 * GIB, 4 * GIB, "look", "The disk is nearly full"),
        (6 * GIB, 100 * GIB, "look", "The disk is nearly full"),
    ],
)
def test_a_disk_that_is_nearly_full_is_found(env, home, monkeypatch, free, total, state, words):
    size = 4096
    said = SimpleNamespace(f_bavail=int(free / size), f_frsize=size, f_blocks=int(total / size), f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _path: said)

    finding = found(env).of("disk")

    assert (finding.state, words in finding.words) == (state, True)
    assert f"du -xh {home}" in finding.mend


def test_a_home_that_cannot_be_written_to_is_found(env):
    finding = found(env | {"KEYTALK_HOME": "/proc/keytalk"}).of("home")

    assert finding.state == "broken"
    assert "chown -R ACCOUNT /proc/keytalk" in finding.mend


def test_a_mail_folder_that_cannot_be_written_to_is_found(env, home):
    (home / "mail").write_text("a file where the folder should be")

    finding = found(env).of("mail")

    assert (finding.state, "KEYTALK_SMTP_URL" in finding.mend) == ("broken", True)


def test_a_token_that_others_can_read_is_found(env, home):
    (home / "ops-token").write_text("a-token-of-sixteen-characters\n")
    home.chmod(0o755)
    (home / "ops-token").chmod(0o644)

    findings = found(env)

    assert findings.of("secrets").state == "broken"
    assert f"chmod 600 {home}/ops-token" in findings.of("secrets").mend
    home.chmod(0o700)
    assert found(env).of("secrets").state == "ok"


# Ports, gateway, token, clock


def test_a_port_that_another_process_has_is_found(env):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        number = stranger.getsockname()[1]

        finding = found(env | {"KEYTALK_PUBLIC_PORT": str(number)}).of("ports")

    assert finding.state == "broken"
    assert f"ss -ltnp 'sport = :{number}'" in finding.mend
    assert "KEYTALK_PUBLIC_PORT" in finding.mend


def test_an_address_that_is_not_this_machines_is_found(env):
    ports = [each for each in found(env | {"KEYTALK_BIND": "192.0.2.7"}) if each.check == "ports"]

    assert {each.state for each in ports} == {"broken"}
    assert "KEYTALK_BIND" in ports[0].mend


def test_a_wrong_token_is_found(running):
    finding = found(running.environment | {"KEYTALK_OPS_TOKEN": "not-the-token-of-that-one"}).of("token")

    assert finding.state == "broken"
    assert "KEYTALK_OPS_TOKEN" in finding.mend


@pytest.mark.parametrize(("seconds", "state"), [(10, "look"), (90, "broken"), (-90, "broken")])
def test_a_clock_that_is_wrong_is_found(running, seconds, state):
    finding = found(running.environment, clock=ahead_by(seconds=seconds)).of("clock")

    side = "ahead of" if seconds > 0 else "behind"
    assert (finding.state, f"seconds {side} that of Keytalk's gateway" in finding.words) == (state, True)
    assert "timedatectl set-ntp true" in finding.mend


# What waits in the databases


def test_migrations_that_are_behind_are_found(env, home):
    (home / "scheduling.sqlite3").unlink()
    url = URL.create("sqlite", database=str(home / "scheduling.sqlite3"))
    command.upgrade(migrations._config("scheduling", url), migrations.known_revisions("scheduling")[0])

    finding = found(env).of("migrations")

    assert finding.state == "broken"
    assert "The database of scheduling is" in finding.words
    assert "keytalk migrate scheduling" in finding.mend


def test_a_database_of_a_newer_version_is_found(env, run_sql):
    run_sql("notifications", "UPDATE alembic_version SET version_num = '9999'")

    finding = found(env).of("migrations")

    assert (finding.state, "9999, which this version" in finding.words) == ("broken", True)


def test_a_database_that_another_program_holds_is_found(env, home):
    viewer = sqlite3.connect(home / "enquiries.sqlite3", isolation_level=None)
    viewer.execute("BEGIN IMMEDIATE")

    finding = found(env).of("database")

    viewer.close()
    assert (finding.state, "enquiries is locked" in finding.words) == ("broken", True)
    assert f"fuser -v {home}/enquiries.sqlite3" in finding.mend


def test_a_database_that_is_none_is_found(env, home):
    (home / "enquiries.sqlite3").write_bytes(b"not a database at all, whatever its name says" * 100)

    finding = found(env).of("database")

    assert (finding.state, "backup" in finding.mend) == ("broken", True)


INTO_INBOX = (
    "INSERT INTO inbox (event_id, type, subject, state, attempts, error, received_at, envelope) "
    "VALUES (?, 'stage_changed', 'KT-1', 'dead', 9, 'RuntimeError', ?, '{}')"
)
INTO_OUTBOX = (
    "INSERT INTO outbox (event_id, type, subject, envelope, created_at, parked_at, attempts) "
    "VALUES (?, 'stage_changed', 'KT-1', '{}', ?, ?, 0)"
)


def test_dead_letters_that_wait_are_found(env, run_sql):
    run_sql("scheduling", INTO_INBOX, uuid4().hex, ago(hours=3))

    finding = found(env).of("dead letters")

    assert (finding.state, "1 event could not be handled by scheduling" in finding.words) == ("broken", True)
    assert "keytalk dead list --service scheduling" in finding.mend


def test_a_relay_that_is_stuck_is_found(env, run_sql):
    run_sql("enquiries", INTO_OUTBOX, uuid4().hex, ago(minutes=14, seconds=5), None)

    finding = found(env).of("relay")

    assert (finding.state, "the oldest for 14 minutes" in finding.words) == ("broken", True)
    assert "keytalk health" in finding.mend


def test_an_event_that_has_only_just_been_recorded_is_no_fault(env, run_sql):
    run_sql("enquiries", INTO_OUTBOX, uuid4().hex, ago(seconds=20), None)

    assert found(env).of("relay").state == "ok"


def test_events_that_the_broker_refused_are_found(env, run_sql):
    run_sql("enquiries", INTO_OUTBOX, uuid4().hex, ago(seconds=20), ago(seconds=5))

    finding = found(env).of("relay")

    assert (finding.state, "parked" in finding.words, "keytalk dead replay" in finding.mend) == ("broken", True, True)


def test_jobs_that_were_given_up_or_are_late_want_a_look(env, run_sql):
    add = "INSERT INTO jobs (kind, subject, due_at, state, attempts, next_attempt_at) VALUES ('send', ?, ?, ?, 1, ?)"
    run_sql("notifications", add, "a", ago(hours=2), "waiting", ago(hours=2))
    run_sql("scheduling", add, "b", ago(hours=1), "failed", ago(hours=1))

    findings = {each.words.split()[0]: each for each in found(env) if each.check == "jobs"}

    assert {each.state for each in findings.values()} == {"look"}
    assert "late, by up to 2 hours" in findings["1"].words
    assert "keytalk jobs list --service scheduling" in findings["scheduling"].mend


def test_a_canary_that_is_late_is_found(running):
    finding = found(running.environment, clock=ahead_by(hours=3)).of("canary")

    assert (finding.state, "The canary is late: the last was sent 3 hours ago" in finding.words) == ("broken", True)
    assert "keytalk enquiries canaries --send" in finding.mend


def test_a_canary_that_did_not_come_in_is_found(env, run_sql):
    sent = "INSERT INTO canaries (id, sent_at, state, why) VALUES (?, ?, 'lost', 'no answer')"
    run_sql("enquiries", sent, uuid4().hex, ago(minutes=10))

    finding = found(env | {"KEYTALK_CANARY": "on"}).of("canary")

    assert (finding.state, "did not come in: it is lost" in finding.words) == ("broken", True)
    assert "KEYTALK_PUBLIC_URL" in finding.mend


# Mail

GREETING = "220 mail.example ESMTP"


def mail_of(env: dict[str, str], port: int, login: str = "", options: str = "?starttls=off") -> Findings:
    return found(env | {"KEYTALK_SMTP_URL": f"smtp://{login}127.0.0.1:{port}{options}"}, only="notifications")


def test_a_mail_server_that_takes_us_is_sent_nothing(env):
    with playing(GREETING, EHLO="250 mail.example") as server:
        finding = mail_of(env, server.port).of("mail")

    assert finding.state == "ok"
    assert [line.split()[0].upper() for line in server.heard] == ["EHLO", "MAIL", "RSET", "QUIT"]


@pytest.mark.parametrize(
    ("script", "login", "words", "mend"),
    [
        ({"EHLO": "550 Go away", "HELO": "550 Go away"}, "", "refuses us: 550 Go away", "Its log says why"),
        (
            {"EHLO": "250-mail.example\n250 AUTH PLAIN", "AUTH": "535 5.7.8 Bad credentials"},
            "alex:s3cret-word@",
            "refuses the user 'alex': 535 5.7.8 Bad credentials",
            "the user and the password in KEYTALK_SMTP_URL",
        ),
        (
            {"EHLO": "250 mail.example", "MAIL": "553 5.7.1 Not from that sender"},
            "",
            "refuses mail from keytalk@localhost.localdomain: 553",
            "KEYTALK_MAIL_FROM",
        ),
    ],
)
def test_a_mail_server_that_refuses_is_found(env, script, login, words, mend):
    with playing(GREETING, **script) as server:
        findings = mail_of(env, server.port, login)

    finding = findings.of("mail")
    assert (finding.state, words in finding.words, mend in finding.mend) == ("broken", True, True)
    assert not {"RCPT", "DATA"} & {line.split()[0].upper() for line in server.heard}
    assert "s3cret-word" not in str(findings)


def test_a_mail_server_that_refuses_the_sender_is_left_in_order(env):
    with playing(GREETING, EHLO="250 mail.example", MAIL="553 No") as server:
        mail_of(env, server.port)

    assert [line.split()[0].upper() for line in server.heard][-2:] == ["RSET", "QUIT"]


def test_a_mail_server_that_will_not_encrypt_is_found(env):
    with playing(GREETING, EHLO="250 mail.example") as server:
        finding = mail_of(env, server.port, options="?starttls=required").of("mail")

    assert (finding.state, "cannot be encrypted" in finding.words) == ("broken", True)
    assert "starttls=off" in finding.mend


def test_a_mail_server_that_turns_us_away_at_once_is_told_from_one_that_is_away(env):
    with playing("554 5.7.1 No service for you") as server:
        refusing = mail_of(env, server.port).of("mail")
    away = mail_of(env, free_port()).of("mail")

    assert "refuses us: 554" in refusing.words
    assert "does not answer" in away.words


def test_a_mailbox_that_refuses_the_password_is_found(env):
    script = {"CAPABILITY": "* CAPABILITY IMAP4rev1\nTAG OK done", "LOGIN": "TAG NO [AUTHENTICATIONFAILED] No"}
    with playing("* OK IMAP4rev1 ready", **script) as server:
        url = f"imap://ops:s3cret-word@127.0.0.1:{server.port}?starttls=off"
        findings = found(env | {"KEYTALK_IMAP_URL": url}, only="notifications")

    finding = findings.of("mailbox")
    assert (finding.state, "refuses the user 'ops'" in finding.words) == ("broken", True)
    assert "KEYTALK_IMAP_URL" in finding.mend
    assert "s3cret-word" not in str(findings)


@pytest.mark.parametrize("key", [None, b"no key"], ids=["missing", "none"])
def test_a_key_that_cannot_sign_is_found(env, tmp_path, key):
    path = tmp_path / "key.pem"
    if key is not None:
        path.write_bytes(key)

    finding = found(env | {"KEYTALK_DKIM_KEY_FILE": str(path)}).of("dkim")

    assert (finding.state, "openssl genrsa" in finding.mend) == ("broken", True)


# Everything at once


def test_with_everything_broken_at_once_each_is_named_and_it_comes_to_an_end(env):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        findings = found(
            env
            | {
                "KEYTALK_AMQP_URI": f"amqp://u:s3cret-word@127.0.0.1:{port}/keytalk",
                "KEYTALK_DATABASE_URL": f"postgresql://u:s3cret-word@127.0.0.1:{port}/",
                "KEYTALK_SMTP_URL": f"smtp://127.0.0.1:{port}",
                "KEYTALK_IMAP_URL": f"imap://u:s3cret-word@127.0.0.1:{port}",
                "KEYTALK_OPS_PORT": str(port),
            }
        )

    assert {"database", "broker", "mail", "mailbox", "ports"} <= findings.wrong().keys()
    assert {each.state for each in findings if each.check in ("database", "broker", "mail", "mailbox")} == {"broken"}
    assert "s3cret-word" not in str(findings)


def test_what_never_ends_is_waited_for_no_longer_than_its_time():
    from threading import Event

    came = all_at_once({"for ever": Event().wait, "at once": lambda: 7}, within=0.05)

    assert came["at once"] == 7
    assert came["for ever"].why == "there was no answer within 0 seconds"
