"""`keytalk doctor` and `keytalk health` on real servers: each fault is made, and found by name with its mend."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest
from alembic import command
from sqlalchemy.engine import make_url

from ops.doctor.probes.alarms import alarm_of
from ops.doctor.probes.rights import wanted
from shared.messaging.broker import open_connection
from shared.messaging.rights import MAY_CALL
from shared.messaging.topology import events_exchange, inbox_queue
from shared.persistence import migrations
from tests.examples import risley_enquiry
from tests.integration.doctor_cast import ahead_by, found
from tests.servers.apart import Replica
from tests.servers.keytalk import Keytalk
from tests.servers.processes import free_port
from tests.servers.proxy import FaultProxy
from tests.waiting import eventually


@pytest.fixture(scope="module")
def proxy(rabbitmq) -> Iterator[FaultProxy]:
    """What stands between Keytalk and the broker."""
    if not rabbitmq.owned:
        pytest.skip("makes users and takes the broker away, which only a private RabbitMQ lets us do")
    with FaultProxy(urlsplit(rabbitmq.uri).port) as between:
        yield between


@pytest.fixture(scope="module")
def uri(rabbitmq, proxy) -> str:
    """The address of the broker, by way of the proxy."""
    return proxy.address(rabbitmq.new_vhost())


@pytest.fixture(scope="module")
def running(uri, postgres, _mail_server) -> Iterator[Keytalk]:
    """Keytalk in one process on all three, with a canary that has come in."""
    env = {
        "KEYTALK_AMQP_URI": uri,
        "KEYTALK_SMTP_URL": _mail_server.url,
        "KEYTALK_CANARY": "on",
        **postgres.service_databases(),
    }
    with Keytalk(demo=True, env=env) as keytalk:
        keytalk.cli("enquiries", "canaries", "--send")
        yield keytalk


@pytest.fixture
def env(running) -> dict[str, str]:
    return running.environment


@pytest.fixture
def stranded(proxy) -> Iterator[FaultProxy]:
    """The broker, to be taken away for one test."""
    yield proxy
    proxy.heal()


@pytest.fixture(scope="module")
def users(rabbitmq, proxy) -> dict[str, str]:
    """A virtual host as production has it: each service's address, under its own user."""
    return rabbitmq.new_vhost_with_rights()


@pytest.fixture
def admin(rabbitmq) -> Iterator[Any]:
    """Opens channels that may do everything in the virtual host of an address."""
    opened: list[Any] = []

    def open_in(uri: str) -> Any:
        opened.append(open_connection(rabbitmq.with_all_rights(uri)))
        return opened[-1].channel()

    yield open_in
    for connection in opened:
        connection.collect()


def _vhost_and_user(uri: str) -> tuple[str, str]:
    return urlsplit(uri).path[1:], urlsplit(uri).username or ""


def _without_password(findings: list[Any], *uris: str) -> bool:
    return not any(str(urlsplit(uri).password) in str(findings) for uri in uris)


# Where all is well


def test_where_all_is_well_nothing_is_found_on_servers(running):
    done = running.run("doctor", "--json")

    told = {each["check"]: each for each in json.loads(done.stdout)["checks"]}
    assert {check: each for check, each in told.items() if each["state"] != "ok"} == {}
    assert "the database server" in told["clock"]["words"]
    assert "RabbitMQ" in told["broker"]["words"]
    assert done.returncode == 0


@pytest.mark.parametrize("service", sorted(MAY_CALL))
def test_each_service_under_its_own_user_lacks_nothing(users, env, service):
    finding = found(env | {"KEYTALK_AMQP_URI": users[service]}, only=service).of("broker rights")

    assert finding.state == "ok"


# The broker


def test_a_broker_that_is_away_is_found(env, stranded):
    stranded.down()

    findings = found(env)

    assert findings.of("broker").state == "broken"
    assert f"none answers at 127.0.0.1:{stranded.port}" in findings.of("broker").words
    assert "KEYTALK_AMQP_URI" in findings.of("broker").mend
    assert findings.of("broker rights").state == "could not look"
    assert "they are asked by way of the broker, which is away" in findings.of("services").words


ALARMS = {
    "memory": (("set_vm_memory_high_watermark", "0"), ("set_vm_memory_high_watermark", "absolute", "1GB")),
    "disk": (("set_disk_free_limit", "900000GB"), ("set_disk_free_limit", "50MB")),
}


@pytest.fixture
def alarmed(rabbitmq, proxy) -> Iterator[Any]:
    """Gives the broker an alarm for one test, and waits until it is over."""
    undo: list[tuple[str, ...]] = []

    def alarm(what: str) -> None:
        begin, end = ALARMS[what]
        undo.append(end)
        rabbitmq.ctl(*begin)

    yield alarm
    for end in undo:
        rabbitmq.ctl(*end)
    eventually(lambda: not alarm_of(rabbitmq.uri))


@pytest.mark.parametrize("what", sorted(ALARMS))
def test_a_broker_that_takes_no_messages_is_told_from_one_that_is_away(env, rabbitmq, alarmed, what):
    alarmed(what)
    eventually(lambda: alarm_of(rabbitmq.uri))

    findings = found(env)

    finding = findings.of("broker alarm")
    assert findings.of("broker").state == "ok"
    assert (finding.state, f"low on {what}" in finding.words) == ("broken", True)
    assert what in finding.mend
    assert "takes no messages now" in findings.of("broker rights").words
    assert findings.of("queues").state == "ok"


def test_a_broker_that_takes_messages_again_is_well(env):
    assert (found(env).of("broker alarm").state, found(env).of("broker rights").state) == ("ok", "ok")


def test_a_virtual_host_that_is_wrong_is_told_from_a_broker_that_is_away(env, uri):
    finding = found(env | {"KEYTALK_AMQP_URI": f"{uri}-of-another"}).of("broker")

    vhost, user = _vhost_and_user(uri)
    assert (finding.state, "answers, and has no virtual host" in finding.words) == ("broken", True)
    assert f"rabbitmqctl add_vhost {vhost}-of-another" in finding.mend
    assert f"rabbitmqctl set_permissions -p {vhost}-of-another {user}" in finding.mend


def test_a_user_who_may_not_enter_the_virtual_host_is_found(env, users, uri):
    vhost, user = _vhost_and_user(uri)[0], _vhost_and_user(users["ops"])[1]
    outside = users["ops"].rpartition("/")[0] + f"/{vhost}"

    finding = found(env | {"KEYTALK_AMQP_URI": outside}, only="ops").of("broker")

    assert (finding.state, f"refuses '{user}' the virtual host '{vhost}'" in finding.words) == ("broken", True)
    assert f"rabbitmqctl set_permissions -p {vhost} {user}" in finding.mend


def test_a_wrong_password_for_the_broker_is_found(env, uri):
    wrong = uri.replace(str(urlsplit(uri).password), "s3cret-word")

    findings = found(env | {"KEYTALK_AMQP_URI": wrong})

    assert "refuses the user 'keytalk' or its password" in findings.of("broker").words
    assert "rabbitmqctl change_password keytalk" in findings.of("broker").mend
    assert "s3cret-word" not in str(findings)


def test_rights_that_are_missing_are_named_and_the_command_grants_them(env, users, rabbitmq):
    vhost, user = _vhost_and_user(users["scheduling"])
    here = env | {"KEYTALK_AMQP_URI": users["scheduling"]}
    rabbitmq.ctl("set_permissions", "-p", vhost, user, "^$", "^nameko-rpc$", "^(nameko-rpc|scheduling.inbox)$")

    findings = found(here, only="scheduling")

    finding = findings.of("broker rights")
    assert findings.of("broker").state == "ok"
    assert finding.state == "broken"
    for lack in ("configure rpc.reply-scheduling-*", "configure rpc-scheduling", " more."):
        assert lack in finding.words
    rabbitmq.ctl(*shlex.split(finding.mend)[1:])
    assert found(here, only="scheduling").of("broker rights").state == "ok"


def test_a_routing_key_that_is_refused_is_found_and_the_command_grants_it(env, users, rabbitmq):
    vhost, user = _vhost_and_user(users["enquiries"])
    here = env | {"KEYTALK_AMQP_URI": users["enquiries"]}
    rabbitmq.ctl("set_topic_permissions", "-p", vhost, user, "enquiries.events", "^stage_changed$", "^$")

    finding = found(here, only="enquiries").of("broker rights")

    assert {"write enquiries.events", "read enquiries.events"} == set(finding.words[:-1].split(": ")[1].split(", "))
    assert finding.mend.startswith(f"rabbitmqctl set_topic_permissions -p {vhost} {user} enquiries.events")
    rabbitmq.ctl(*shlex.split(finding.mend)[1:])
    assert found(here, only="enquiries").of("broker rights").state == "ok"


def test_looking_for_rights_changes_nothing_on_the_broker(env, rabbitmq, admin):
    uri = rabbitmq.new_vhost()
    vhost = _vhost_and_user(uri)[0]
    channel = admin(uri)
    channel.exchange_declare("enquiries.events", "topic", durable=True, auto_delete=False)
    channel.queue_declare("everything", durable=True, auto_delete=False)
    channel.queue_bind("everything", "enquiries.events", "#")
    before = _stands_in(rabbitmq, vhost)

    finding = found(env | {"KEYTALK_AMQP_URI": uri}).of("broker rights")

    assert finding.state == "ok"
    assert _stands_in(rabbitmq, vhost) == before
    assert "everything\t0" in before


def _stands_in(rabbitmq: Any, vhost: str) -> str:
    asked = [
        ("list_queues", "-p", vhost, "name", "messages"),
        ("list_exchanges", "-p", vhost, "name"),
        ("list_bindings", "-p", vhost),
    ]
    return "\n".join(rabbitmq.ctl(*words) for words in asked)


def test_looking_takes_no_event_and_leaves_each_binding(env, running, uri, rabbitmq):
    vhost = _vhost_and_user(uri)[0]
    before = sorted(rabbitmq.ctl("list_bindings", "-p", vhost).splitlines())

    found(env)

    assert sorted(rabbitmq.ctl("list_bindings", "-p", vhost).splitlines()) == before


def test_every_question_is_about_something_that_a_service_needs():
    names = {want.name for want in wanted("ops")}

    assert "nameko-rpc" in names
    assert not {name for name in names if name.startswith("rpc-")}


def test_events_that_nobody_takes_are_found(env, users, admin):
    channel = admin(users["scheduling"])
    channel.confirm_select()
    channel.basic_publish_confirm(amqp.Message("{}"), "enquiries.events", "stage_changed")

    finding = found(env | {"KEYTALK_AMQP_URI": users["scheduling"]}, only="scheduling").of("queues")

    assert (finding.state, "1 event wait in scheduling.inbox" in finding.words) == ("broken", True)
    assert "Start scheduling" in finding.mend
    channel.queue_purge("scheduling.inbox")


# The databases


def _scheduling_at(env: dict[str, str], **changes: str) -> dict[str, str]:
    name = "KEYTALK_SCHEDULING_DATABASE_URL"
    return env | {name: make_url(env[name]).set(**changes).render_as_string(hide_password=False)}


def test_a_database_server_that_is_away_is_found(env):
    findings = found(env | {"KEYTALK_SCHEDULING_DATABASE_URL": f"postgresql://u:s3cret-word@127.0.0.1:{free_port()}/x"})

    assert (findings.of("database").state, "does not answer" in findings.of("database").words) == ("broken", True)
    assert "KEYTALK_SCHEDULING_DATABASE_URL" in findings.of("database").mend
    assert "s3cret-word" not in str(findings)


def test_a_wrong_password_for_the_database_is_found(env):
    findings = found(_scheduling_at(env, password="s3cret-word"))

    assert "scheduling refuses the user or the password" in findings.of("database").words
    assert "ALTER ROLE" in findings.of("database").mend
    assert "s3cret-word" not in str(findings)


def test_a_database_that_does_not_exist_is_found(env):
    finding = found(_scheduling_at(env, database="never_made")).of("database")

    assert "does not exist" in finding.words
    assert "keytalk migrate scheduling" in finding.mend


def test_migrations_that_are_behind_are_found_on_postgresql(env, postgres):
    url = make_url(postgres.new_database("behind"))
    on_psycopg = url.set(drivername="postgresql+psycopg")
    command.upgrade(migrations._config("scheduling", on_psycopg), migrations.known_revisions("scheduling")[0])

    finding = found(_scheduling_at(env, database=str(url.database))).of("migrations")

    assert (finding.state, "The database of scheduling is" in finding.words) == ("broken", True)
    assert "keytalk migrate scheduling" in finding.mend


def test_a_clock_that_the_databases_disagrees_with_is_found(env):
    finding = found(env, clock=ahead_by(seconds=45)).of("clock")

    assert (finding.state, "45 seconds ahead of that of the database server" in finding.words) == ("broken", True)


# What waits, and mail


def test_a_dead_letter_is_found(env, running, uri, admin):
    channel = admin(uri)
    channel.confirm_select()
    message = amqp.Message("this is no event", content_type="application/json", delivery_mode=2)
    channel.basic_publish_confirm(message, events_exchange("enquiries").name, "stage_changed")
    eventually(lambda: running.cli("dead", "list"), within=60)

    finding = found(env).of("dead letters")

    assert (finding.state, "could not be handled by scheduling" in finding.words) == ("broken", True)
    assert "keytalk dead list --service scheduling" in finding.mend
    for each in running.cli("dead", "list"):
        running.cli("dead", "drop", each["id"], "--reason", "It was made for a test", "--yes")


def test_a_relay_that_cannot_get_its_events_out_is_found(env, running, stranded):
    stranded.down()
    assert running.post(risley_enquiry()).status_code == 201

    finding = found(env, clock=ahead_by(minutes=3)).of("relay")

    assert (finding.state, "The relay of enquiries is stuck" in finding.words) == ("broken", True)
    assert "Have the broker answer again" in finding.mend


def test_a_mail_server_that_is_away_is_found(env):
    finding = found(env | {"KEYTALK_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}).of("mail")

    assert (finding.state, "KEYTALK_SMTP_URL" in finding.mend) == ("broken", True)


# Health


def test_each_service_tells_how_it_stands(running):
    def looked() -> Any:
        told = running.cli("health")
        return told if told["services"]["enquiries"]["health"]["broker"]["queues"]["inbox"]["readers"] else None

    told = eventually(looked, within=60)  # after another test took the broker away, the readers come back

    assert told["broker"] == "ok"
    assert {service: each["state"] for service, each in told["services"].items()} == dict.fromkeys(
        ("enquiries", "scheduling", "notifications"), "answers"
    )
    health = told["services"]["enquiries"]["health"]
    assert health["database"]["reachable"]
    assert health["database"]["revision"] == health["database"]["newest"]
    assert health["broker"]["queues"]["inbox"]["name"] == inbox_queue("enquiries").name
    assert health["broker"]["queues"]["inbox"]["readers"] == 1
    assert health["canary"]["state"] == "arrived"


def test_health_tells_a_broker_that_is_away(running, stranded):
    stranded.down()

    done = running.run("health", "--json")

    assert json.loads(done.stdout)["broker"] == "away"
    assert done.returncode == 3


def test_health_tells_a_service_that_is_down_from_a_broker_that_is_away(rabbitmq, postgres, tmp_path):
    env = {"KEYTALK_AMQP_URI": rabbitmq.new_vhost(), **postgres.service_databases()}
    apart = Keytalk(home=tmp_path / "home", env=env)
    assert apart.run("migrate").returncode == 0
    two = [Replica(service, tmp_path / f"{service}.log", apart.environment) for service in ("ops", "enquiries")]
    try:
        for replica in two:
            replica.start()
        done = apart.run("health", "--json")
    finally:
        for replica in two:
            replica.stop()

    told = json.loads(done.stdout)
    assert told["broker"] == "ok"
    assert {service: each["state"] for service, each in told["services"].items()} == {
        "enquiries": "answers",
        "scheduling": "down",
        "notifications": "down",
    }
    assert done.returncode == 3
