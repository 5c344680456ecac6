"""What the settings put on a mail is on it when a mail server takes it, and the ledger's message is found by it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from services.notifications.channels.verp import message_of
from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.smtp import MailServer
from tests.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with MailServer() as started:
        yield started


@pytest.fixture(scope="module")
def by_smtp(server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keytalk]:
    """Keytalk in one process, with a mail server and everything that mail may carry."""
    key = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    env = {
        "KEYTALK_SMTP_URL": server.url,
        "KEYTALK_SMTP_IDEMPOTENCY_HEADER": "Resend-Idempotency-Key",
        "KEYTALK_MAIL_FROM": "keytalk@mail.example.org",
        "KEYTALK_OPS_MAILBOX": "ops@mail.example.org",
        "KEYTALK_BOUNCE_ADDRESS": "bounces@mail.example.org",
        "KEYTALK_REPLY_TAGS": "on",
        "KEYTALK_DKIM_KEY_FILE": str(key),
        "KEYTALK_DKIM_SELECTOR": "spring",
        "KEYTALK_ORG_NAME": "Cymdeithas Ŵyn",
    }
    with Keytalk(env=env) as keytalk:
        yield keytalk


def test_an_acknowledgement_carries_all_that_answers_go_by(by_smtp: Keytalk, server: MailServer) -> None:
    reference = by_smtp.post(risley_enquiry()).json()["reference"]
    theirs = (risley_enquiry()["contact_email"],)

    [mail] = eventually(lambda: [each for each in server.mails if each.recipients == theirs])

    [row] = [each for each in by_smtp.cli("messages", "list") if each["recipient"] == f"enquirer:{reference}"]
    message, reply_to = mail.message, mail.message["Reply-To"].addresses[0]
    assert message_of(mail.sender) == UUID(row["id"])
    assert (reply_to.addr_spec, reply_to.display_name) == (
        f"ops+{reference}@mail.example.org",
        f"Cymdeithas Ŵyn {reference}",
    )
    assert message["From"].addresses[0].addr_spec == "keytalk@mail.example.org"
    assert message["Resend-Idempotency-Key"]
    assert "s=spring;" in message["DKIM-Signature"]
    assert "d=mail.example.org;" in message["DKIM-Signature"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_process_ends_in_order_while_connections_are_kept(by_smtp: Keytalk, server: MailServer) -> None:
    assert server.mails
    assert by_smtp.stop() == 0


def test_a_key_that_is_not_there_is_named_and_nothing_starts(tmp_path: Path) -> None:
    keytalk = Keytalk(home=tmp_path / "home", env={"KEYTALK_DKIM_KEY_FILE": "/nowhere/key.pem"})

    done = keytalk.run("up", "--no-demo")

    last_line = done.stderr.splitlines()[-1]
    assert (done.returncode, last_line) == (2, "KEYTALK_DKIM_KEY_FILE: it cannot be read: No such file or directory")
    assert not list((tmp_path / "home").glob("*.sqlite3"))
