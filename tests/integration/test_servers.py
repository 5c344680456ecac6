"""The servers that the other tests stand on do what those tests take for granted."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import textwrap
import time
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from kombu import Connection

from tests.servers.postgres import Postgres
from tests.servers.processes import free_port
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.smtp import MailServer


def put(uri: str, body: object) -> None:
    with Connection(uri) as connection, connection.SimpleQueue("kept") as queue:
        queue.put(body)


def take(uri: str) -> object:
    with Connection(uri) as connection, connection.SimpleQueue("kept") as queue:
        message = queue.get(timeout=5)
        message.ack()
        return message.payload


def test_a_message_survives_a_restart_of_the_broker_on_the_same_port(rabbitmq: RabbitMQ) -> None:
    uri = rabbitmq.new_vhost()
    put(uri, {"reference": "KT-1"})
    if rabbitmq.owned:
        rabbitmq.restart()
    assert take(uri) == {"reference": "KT-1"}


def test_two_vhosts_of_the_broker_share_nothing(rabbitmq: RabbitMQ) -> None:
    if not rabbitmq.owned:
        pytest.skip("a given RabbitMQ has one vhost only")
    first, second = rabbitmq.new_vhost(), rabbitmq.new_vhost()
    put(first, "one")
    put(second, "two")
    assert (take(first), take(second)) == ("one", "two")


def test_the_broker_listens_on_the_loopback_address_alone(rabbitmq: RabbitMQ) -> None:
    if not rabbitmq.owned:
        pytest.skip("a given RabbitMQ is not ours to ask")
    listening = "".join(rabbitmq.ctl("eval", "rabbit_networking:active_listeners().").split())
    assert f"{{127,0,0,1}},{rabbitmq.port}," in listening
    assert "{0,0,0,0}" not in listening


def test_each_database_of_the_server_is_empty_and_new(postgres: Postgres) -> None:
    first, second = postgres.new_database(), postgres.new_database()
    assert first != second
    with psycopg.connect(first) as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone() == (0,)


def test_the_database_server_is_as_durable_as_in_production(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_a_committed_row_survives_a_power_cut_of_the_database_server() -> None:
    with Postgres() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 16 AS sessions")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url, connect_timeout=2)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT sessions FROM kept").fetchone() == (16,)


def test_a_mail_is_kept_with_its_envelope(mail_server: MailServer) -> None:
    message = EmailMessage()
    message["Subject"] = "We have your enquiry"
    message.set_content("Thank you.")
    with smtplib.SMTP("127.0.0.1", mail_server.port) as client:
        client.send_message(message, "keytalk@example.org", ["contact@example.org"])
    (kept,) = mail_server.wait_for()
    assert kept["Subject"] == "We have your enquiry"
    assert mail_server.mails[0].recipients == ("contact@example.org",)


def test_a_mail_server_that_refuses_keeps_nothing(mail_server: MailServer) -> None:
    mail_server.answer = "451 Try again later"
    with smtplib.SMTP("127.0.0.1", mail_server.port) as client, pytest.raises(smtplib.SMTPDataError):
        client.sendmail("keytalk@example.org", ["contact@example.org"], "Subject: Hello\r\n\r\nHello")
    assert mail_server.messages == []


def test_no_port_is_handed_out_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_the_process_that_started_it_however_that_ends(ending: int, tmp_path: Path) -> None:
    program = """
        import signal, sys, time
        from tests.servers.postgres import Postgres
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started us beside others
        with Postgres() as server:
            print(server.pid, server.folder, flush=True)
            time.sleep(60)
    """
    root = Path(__file__).resolve().parents[2]
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert starter.stdout
    with starter.stdout:
        pid, folder = starter.stdout.readline().decode().split(maxsplit=1)
    starter.send_signal(ending)
    starter.wait(10)
    assert_gone(int(pid), Path(folder.strip()))


def assert_gone(pid: int, folder: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (is_running(pid) or folder.exists()):
        time.sleep(0.05)
    assert not is_running(pid)
    assert not folder.exists()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process whose parent died may wait a moment for its new parent to take note.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
