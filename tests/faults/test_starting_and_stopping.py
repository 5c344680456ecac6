"""Start-up says what is wrong and ends; a stop ends in time, whatever is away, and finishes what is in hand."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import amqp
import psycopg
import pytest
import requests

from shared.messaging.broker import open_connection
from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
STARTS_OR_NOT_WITHIN = 30
"""Seconds; most of them are for a busy machine."""
STOPS_WITHIN = 15


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMQ]:
    """A broker that these tests may break, and whose users they may add to."""
    with RabbitMQ() as server:
        yield server


@pytest.fixture(scope="module")
def databases(postgres) -> dict[str, str]:
    return postgres.service_databases()


def _refusal(uri: str, *command: str) -> str:
    """The words with which a command that the broker refuses ends, in time and with status 2."""
    env = {"KEYTALK_AMQP_URI": uri, "KEYTALK_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    frame = Keytalk(env=env)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ops.cli", *command],
            env=frame.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=STARTS_OR_NOT_WITHIN,
            check=False,
        )
    finally:
        frame.close()
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("KEYTALK_AMQP_URI: ")
    return done.stderr


def _user(broker: RabbitMQ, uri: str, name: str, *rights: str) -> str:
    """Add a user with these rights (configure, write, read) in the vhost of an address; give its own address."""
    vhost = uri.rpartition("/")[2]
    broker.ctl("add_user", name, "secret")
    if rights:
        broker.ctl("set_permissions", "-p", vhost, name, *rights)
    return f"amqp://{name}:secret@127.0.0.1:{broker.port}/{vhost}"


def _declare(uri: str, queue: str, **arguments: object) -> None:
    credentials, _, place = uri.removeprefix("amqp://").partition("@")
    user, _, password = credentials.partition(":")
    host, _, vhost = place.partition("/")
    with amqp.Connection(host, user, password, virtual_host=vhost) as connection:
        connection.channel().queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)


@pytest.mark.parametrize("command", [("up",), ("serve", "ops")])
def test_a_wrong_password_ends_the_start_and_names_the_user(broker, command):
    words = _refusal(f"amqp://stranger:wrong@127.0.0.1:{broker.port}/keytalk", *command)

    assert "refused the user 'stranger'" in words
    assert "rabbitmqctl change_password" in words


def test_an_unknown_virtual_host_ends_the_start_and_is_named(broker):
    words = _refusal(broker.uri + "-of-nobody", "serve", "scheduling")

    assert "the virtual host 'keytalk-of-nobody'" in words
    assert "rabbitmqctl add_vhost" in words


def test_a_user_without_rights_in_the_virtual_host_ends_the_start(broker):
    words = _refusal(_user(broker, broker.new_vhost(), "outsider"), "serve", "scheduling")

    assert "refused the user 'outsider' the virtual host" in words
    assert "rabbitmqctl set_permissions" in words


def test_a_missing_exchange_that_the_user_may_not_declare_ends_the_start_and_is_named(broker):
    words = _refusal(_user(broker, broker.new_vhost(), "narrow", "^rpc.*", ".*", ".*"), "serve", "scheduling")

    assert "refused the exchange nameko-rpc, which is missing" in words
    assert "403" in words


def test_a_queue_that_the_user_may_not_have_ends_the_start_and_is_named(broker):
    uri = broker.new_vhost()
    narrow = _user(broker, uri, "without-inbox", "^(rpc|nameko|keytalk|.*events).*", ".*", ".*")

    words = _refusal(narrow, "serve", "scheduling")

    assert "refused the queue scheduling.inbox" in words
    assert "403" in words


@pytest.mark.parametrize("queue", ["scheduling.inbox", "rpc-scheduling", "scheduling.dead"])
def test_a_queue_that_stands_there_with_other_settings_ends_the_start_and_is_named(broker, queue):
    uri = broker.new_vhost()
    _declare(uri, queue, **{"x-max-length": 5})

    words = _refusal(uri, "serve", "scheduling")

    assert f"RabbitMQ refused the queue {queue}" in words
    assert "406 PRECONDITION_FAILED" in words


@pytest.fixture(scope="module")
def tls(broker, tmp_path_factory) -> Iterator[tuple[dict[str, int], Path]]:
    """Ports of two addresses on which the broker speaks TLS, and the certificate, which is for the first of them."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=broker -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.2", 0)) as second:
        for listening in (first, second):
            threading.Thread(target=_terminate_tls, args=(listening, context, broker.port), daemon=True).start()
        yield dict([first.getsockname(), second.getsockname()]), certificate


def _terminate_tls(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            client = listening.accept()[0]
            threading.Thread(target=_relay_tls, args=(client, context, port), daemon=True).start()
        if listening.fileno() == -1:
            return


def _relay_tls(client: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as server:
        client.setblocking(True)
        with context.wrap_socket(client, server_side=True) as secure:
            while True:
                ready = [secure] if secure.pending() else select.select([secure, server], [], [])[0]
                for each in ready:
                    data = each.recv(65536)
                    if not data:
                        return
                    (server if each is secure else secure).sendall(data)


def _over_tls(uri: str, ports: dict[str, int], host: str = "127.0.0.1") -> str:
    credentials, _, place = uri.removeprefix("amqp://").partition("@")
    return f"amqps://{credentials}@{host}:{ports[host]}/{place.partition('/')[2]}"


def test_over_tls_calls_and_events_arrive(broker, databases, tls):
    ports, certificate = tls
    env = {"KEYTALK_AMQP_URI": _over_tls(broker.new_vhost(), ports), "SSL_CERT_FILE": str(certificate), **databases}
    with Keytalk(env=env) as keytalk:
        reference = keytalk.post(risley_enquiry()).json()["reference"]

        eventually(lambda: any(reference in mail["subject"] for mail in keytalk.cli("mail", "list")), within=30)
        assert requests.get(f"{keytalk.public_url}/health/ready", timeout=20).json()["status"] == "ready"
        assert _end(keytalk, signal.SIGTERM) == 0


def test_a_certificate_that_nobody_vouches_for_ends_the_start(broker, tls):
    words = _refusal(_over_tls(broker.uri, tls[0]), "serve", "ops")

    assert "cannot be trusted" in words
    assert "SSL_CERT_FILE" in words


def test_a_certificate_of_another_host_ends_the_start(broker, tls, monkeypatch):
    ports, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    words = _refusal(_over_tls(broker.uri, ports, host="127.0.0.2"), "serve", "ops")

    assert "cannot be trusted" in words
    assert "127.0.0.2" in words


def _end(keytalk: Keytalk, *signals: int) -> int:
    """Send signals and give the exit status; fails when the end does not come in time."""
    process = keytalk._process.process
    for sent in signals:
        process.send_signal(sent)
    return process.wait(STOPS_WITHIN)


@contextlib.contextmanager
def _frozen(broker: RabbitMQ) -> Iterator[None]:
    """A broker that takes packets, since the kernel does, and answers none."""
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


@contextlib.contextmanager
def _posting(keytalk: Keytalk, threads: int = 8) -> Iterator[list[str]]:
    """Post enquiries without a rest; gives the references of those that were accepted."""
    accepted: list[str] = []
    over = threading.Event()

    def post() -> None:
        while not over.is_set():
            try:
                answer = keytalk.post(risley_enquiry())
            except requests.RequestException:
                over.wait(0.05)  # stopped, or broken off: nothing was promised
            else:
                assert answer.status_code == 201, answer.text
                accepted.append(answer.json()["reference"])

    workers = [threading.Thread(target=post) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield accepted
    finally:
        over.set()
        for worker in workers:
            worker.join()


def _count(databases: dict[str, str], service: str, query: str) -> int:
    with psycopg.connect(databases[f"KEYTALK_{service.upper()}_DATABASE_URL"]) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _ids(databases: dict[str, str], service: str, query: str) -> set[str]:
    with psycopg.connect(databases[f"KEYTALK_{service.upper()}_DATABASE_URL"]) as connection:
        return {str(event_id) for (event_id,) in connection.execute(query)}


def _waiting_in(uri: str, queue: str) -> set[str]:
    """Read the ids of the messages that lie in a queue, and leave them there."""
    found: set[str] = set()
    connection = open_connection(uri)
    channel = connection.channel()
    channel.basic_consume(queue, callback=lambda message: found.add(message.properties["message_id"]))
    with contextlib.suppress(TimeoutError):
        while True:
            connection.drain_events(timeout=2)
    connection.close()
    return found


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_embedded_process_stops_with_status_0(sent):
    with Keytalk() as keytalk:
        assert _end(keytalk, sent) == 0


def test_under_load_what_was_accepted_is_kept_and_what_was_committed_is_acknowledged(broker, databases):
    uri = broker.new_vhost()
    with Keytalk(env={"KEYTALK_AMQP_URI": uri, **databases}) as keytalk:
        with _posting(keytalk) as accepted:
            eventually(lambda: len(accepted) > 50, within=30)
            status = _end(keytalk, signal.SIGTERM)

        assert status == 0
        stored = _count(databases, "enquiries", "SELECT count(*) FROM enquiries")
        told = "SELECT event_id FROM outbox WHERE published_at IS NOT NULL AND type = 'enquiry_received'"
        published = _ids(databases, "enquiries", told)
        committed = _ids(databases, "notifications", "SELECT event_id FROM inbox")
        waiting = _waiting_in(uri, "notifications.inbox")
        assert stored >= len(set(accepted))  # one whose answer was broken off may be stored, too
        assert published - committed - waiting == set()
        assert committed & waiting == set()

        keytalk.start()

        eventually(lambda: _count(databases, "notifications", "SELECT count(*) FROM inbox") >= stored, within=60)
        listed = {row["reference"] for row in keytalk.cli("enquiries", "list", "--limit", "200")}
        assert set(accepted) <= listed


def test_a_request_in_hand_is_answered_before_the_end(tmp_path):
    with Keytalk(home=tmp_path) as keytalk, socket.create_connection(("127.0.0.1", keytalk.public_port)) as client:
        body = json.dumps(risley_enquiry()).encode()
        head = (
            f"POST /api/enquiries HTTP/1.1\r\nHost: 127.0.0.1:{keytalk.public_port}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body[:-10])
        requests.get(f"{keytalk.public_url}/health/live", timeout=10)  # by now the first is in hand, too
        keytalk._process.process.send_signal(signal.SIGTERM)
        eventually(lambda: not _is_open(keytalk.public_port))
        client.sendall(body[-10:])

        assert client.makefile().readline().startswith("HTTP/1.1 201")
        assert keytalk._process.process.wait(STOPS_WITHIN) == 0


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_stop_ends_in_time_while_the_broker_is_away(databases):
    with (
        RabbitMQ() as broker,
        Keytalk(env={"KEYTALK_AMQP_URI": broker.uri, **databases}) as keytalk,
        _posting(keytalk, threads=2) as accepted,
    ):
        broker.stop()
        eventually(lambda: len(accepted) > 10, within=30)

        assert _end(keytalk, signal.SIGTERM) == 0


def test_a_stop_ends_in_time_while_the_broker_takes_packets_and_answers_none(broker, databases):
    with (
        Keytalk(env={"KEYTALK_AMQP_URI": broker.new_vhost(), **databases}) as keytalk,
        _frozen(broker),
        _posting(keytalk, threads=2) as accepted,
    ):
        eventually(lambda: len(accepted) > 10, within=30)

        assert _end(keytalk, signal.SIGTERM) == 0


def test_a_stop_ends_in_time_before_the_start_is_over(broker, databases):
    frame = Keytalk(env={"KEYTALK_AMQP_URI": broker.new_vhost(), **databases})
    with _frozen(broker), pytest.raises(RuntimeError, match="not ready"):
        frame.start(within=3)
    try:
        eventually(lambda: _hears(frame.pid, signal.SIGTERM))
        assert _end(frame, signal.SIGTERM) == 0
    finally:
        frame.close()


def _hears(pid: int, number: signal.Signals) -> bool:
    """Say whether a process has come so far that it hears a signal; before that, the signal just ends it."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_a_frozen_broker_does_not_keep_the_web_from_being_served(broker, databases):
    frame = Keytalk(env={"KEYTALK_AMQP_URI": broker.new_vhost(), **databases})
    try:
        with _frozen(broker):
            frame.start(within=STARTS_OR_NOT_WITHIN)
            reference = frame.post(risley_enquiry()).json()["reference"]
            ready = requests.get(f"{frame.public_url}/health/ready", timeout=20).json()
        assert (ready["status"], ready["checks"]["broker"]) == ("degraded", "away")

        eventually(lambda: frame.run("enquiries", "show", reference).returncode == 0, within=60)
        eventually(
            lambda: requests.get(f"{frame.public_url}/health/ready", timeout=20).json()["status"] == "ready", within=30
        )
    finally:
        frame.close()


def test_a_stop_ends_in_time_while_the_database_is_away(broker):
    with Postgres() as database:
        env = {"KEYTALK_AMQP_URI": broker.new_vhost(), **database.service_databases()}
        with Keytalk(env=env) as keytalk:
            database.stop()

            assert keytalk.post(risley_enquiry()).status_code == 503
            assert _end(keytalk, signal.SIGTERM) == 0


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    with Keytalk(home=tmp_path) as keytalk, socket.create_connection(("127.0.0.1", keytalk.public_port)) as client:
        client.sendall(b"POST /api/enquiries HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
        requests.get(f"{keytalk.public_url}/health/live", timeout=10)
        process = keytalk._process.process
        process.send_signal(signal.SIGTERM)
        eventually(lambda: not _is_open(keytalk.public_port))
        assert process.poll() is None  # it waits for the request above

        process.send_signal(signal.SIGTERM)

        assert process.wait(3) == 0


_BEGIN = """
import shared.runtime.green
import sys, time, eventlet
from shared.runtime import launch, running, stopping
from nameko.extensions import Entrypoint
"""


@pytest.fixture
def python(tmp_path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs a script in a green process, which does not outlive the test."""
    env = {**Keytalk(home=tmp_path).environment, "KEYTALK_OPS_PORT": "0", "KEYTALK_PUBLIC_PORT": "0"}
    started = []

    def run(script: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "ignore", "-c", _BEGIN + script]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, env=env, cwd=ROOT, text=True, **pipes))
        return started[-1]

    yield run
    for process in started:
        with process:
            process.kill()


def test_a_signal_ends_a_process_whose_event_loop_stands_still(python):
    process = python("stopping.Stopping(within=1)\nprint('turning', flush=True)\nwhile True: pass")
    assert process.stdout is not None
    assert process.stdout.readline() == "turning\n"
    process.send_signal(signal.SIGTERM)

    _out, errors = process.communicate(timeout=STOPS_WITHIN)

    assert process.returncode == 0
    assert "ended by force" in errors


def test_a_request_that_is_there_but_not_read_yet_is_answered_before_the_end(python):
    script = """
from eventlet.green import socket
from shared.web.server import WebServer

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "8")])
    return [b"answered"]

server = WebServer("127.0.0.1", 0, app)
server.start()
client = socket.create_connection(("127.0.0.1", server.port))
eventlet.sleep(0.2)
client.sendall(b"GET / HTTP/1.1\\r\\nHost: us\\r\\n\\r\\n")
server.stop(5)
print(client.makefile().read().rpartition("\\n")[2])
"""
    process = python(script)

    out, errors = process.communicate(timeout=STARTS_OR_NOT_WITHIN)

    assert out == "answered\n", errors


def test_a_question_to_a_broker_that_falls_silent_ends(broker, python):
    script = f"""
from shared.messaging import broker
broker.ANSWER_WITHIN = 1
channel = broker.open_connection({broker.uri!r}).channel()
print("connected", flush=True)
sys.stdin.readline()
try:
    with eventlet.Timeout(20):
        channel.exchange_declare("any", "topic")
except OSError as error:
    print(type(error).__name__)
"""
    process = python(script)
    assert process.stdout is not None
    assert process.stdout.readline() == "connected\n"
    with _frozen(broker):
        out, errors = process.communicate("go on\n", timeout=STARTS_OR_NOT_WITHIN)

    assert out == "TimeoutError\n", errors


_SERVICE = """
class Act(Entrypoint):
    stopping = False
    def {moment}(self):
        {act}
    def stop(self):
        self.stopping = True
    def hold(self):
        while not self.stopping:
            eventlet.sleep(0.01)
        eventlet.sleep(0.5)
        print("ended what it held", flush=True)

class Service:
    name = "enquiries"
    @Act.decorator
    def act(self): pass

def fail():
    raise KeyError("the cause")

running._service_class = lambda name: Service
running.Running._until_mounted = lambda self, starting: None
launch._say_where = lambda *_: print("ready", flush=True)
launch.up(demo=False)
"""


@pytest.mark.parametrize(
    ("moment", "act", "words"),
    [
        ("start", "self.container.spawn_managed_thread(fail)", "The service enquiries died of KeyError('the cause')"),
        ("setup", "fail()", "Keytalk cannot start: KeyError('the cause')"),
    ],
)
def test_a_service_that_dies_ends_the_process_with_status_1_and_the_cause(python, tmp_path, moment, act, words):
    process = python(_SERVICE.format(moment=moment, act=act))

    _out, errors = process.communicate(timeout=STARTS_OR_NOT_WITHIN)

    assert process.returncode == 1, errors
    assert words in errors
    assert "the cause" in (tmp_path / "keytalk.log").read_text()


def test_a_loop_that_is_asked_to_stop_ends_what_it_holds(python):
    process = python(_SERVICE.format(moment="start", act="self.container.spawn_managed_thread(self.hold)"))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)

    out, errors = process.communicate(timeout=STOPS_WITHIN)

    assert (process.returncode, out) == (0, "ended what it held\n"), errors
