"""The broker goes away, the process is killed: every enquiry that got a reference is kept and answered once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import eventually

MANY = 20


def _acknowledged(keytalk: Keytalk) -> list[str]:
    """The references of the acknowledgements in the mailbox, one for each mail."""
    mails = keytalk.cli("mail", "list", "--limit", "1000")
    return sorted(mail["subject"].rpartition(" ")[2] for mail in mails if mail["subject"].startswith("We have"))


def _all_acknowledged(keytalk: Keytalk, references: list[str], *, within: float) -> None:
    """Wait until each was acknowledged once; where that does not come, say what the ledger and the logs hold."""
    try:
        eventually(lambda: _acknowledged(keytalk) == references, within=within)
    except AssertionError as late:
        messages = keytalk.cli("messages", "list", "--limit", "1000")
        states = Counter((row["template"], row["state"], row["attempts"]) for row in messages)
        told = f"{len(_acknowledged(keytalk))} of {len(references)} acknowledged", keytalk.run("dead", "list").stdout
        raise AssertionError(f"{told}; {states}\n{keytalk.output[-8000:]}") from late


def _post_many(keytalk: Keytalk) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: keytalk.post(risley_enquiry()), range(MANY)))
    assert {answer.status_code for answer in answers} == {201}
    return sorted(answer.json()["reference"] for answer in answers)


def test_enquiries_are_taken_while_the_broker_is_away_and_answered_when_it_is_back(postgres):
    with RabbitMQ() as broker:
        env = {"KEYTALK_AMQP_URI": broker.new_vhost(), **postgres.service_databases()}
        with Keytalk(env=env) as keytalk:
            broker.stop()
            references = _post_many(keytalk)
            assert _readiness(keytalk) == (200, "degraded")

            broker.start()

            eventually(lambda: keytalk.run("mail", "list").returncode == 0, within=60)
            _all_acknowledged(keytalk, references, within=60)


def test_a_killed_process_loses_no_enquiry_and_repeats_no_mail():
    with Keytalk() as keytalk:
        references = _post_many(keytalk)
        keytalk.kill()

        keytalk.start()

        assert sorted(row["reference"] for row in keytalk.cli("enquiries", "list")) == references
        _all_acknowledged(keytalk, references, within=30)


def test_a_repeated_post_is_one_enquiry_and_other_answers_under_its_key_are_refused():
    with Keytalk() as keytalk:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: keytalk.post(risley_enquiry(), key="same"), range(8)))
        other = keytalk.post(risley_enquiry(group_size=11), key="same")

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["reference"] for answer in answers}) == 1
        assert other.status_code == 422
        assert "Idempotency-Key" in other.json()["errors"]
        assert len(keytalk.cli("enquiries", "list")) == 1


def test_keytalk_started_before_its_broker_takes_enquiries_and_answers_them_later(postgres):
    with RabbitMQ() as broker:
        env = {"KEYTALK_AMQP_URI": broker.new_vhost(), **postgres.service_databases()}
        broker.stop()
        with Keytalk(env=env) as keytalk:
            references = _post_many(keytalk)
            assert _readiness(keytalk) == (200, "degraded")

            broker.start()

            eventually(lambda: keytalk.run("mail", "list").returncode == 0, within=60)
            # Four tries that find a service not there yet are 150 s apart in all.
            _all_acknowledged(keytalk, references, within=200)
            assert _readiness(keytalk) == (200, "ready")
            assert keytalk.stop() == 0


def _readiness(keytalk: Keytalk) -> tuple[int, str]:
    ready = requests.get(f"{keytalk.public_url}/health/ready", timeout=20)
    return ready.status_code, ready.json()["status"]
