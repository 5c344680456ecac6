"""Judges the broker: reached or not, let in or not, the rights of its user, and the queues."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from ops.doctor.findings import Finding, broken, could_not_look, counted, in_a_row, look, ok, one_or_each
from ops.doctor.probes.broker import BrokerFacts
from ops.doctor.probes.rights import Lack
from shared.contracts.base import contracts
from shared.messaging.broker import QueueDepth
from shared.messaging.rights import Rights, rights_of

MOST_NAMED = 4
"""How many lacking rights are named; the mend gives them all."""


def judge_reach(facts: BrokerFacts | None, services: Sequence[str]) -> list[Finding]:
    """Say whether the broker answers, and lets the user of these services in. None: events stay inside one process."""
    if facts is None:
        return [ok("broker", "none is needed: everything runs in one process (KEYTALK_AMQP_URI is not set)")]
    user, vhost, let_in = quote(facts.user), quote(facts.vhost), _permissions(facts, services)
    words, mend = {
        "": (f"{facts.product or 'a broker'} answers at {facts.where} and lets '{facts.user}' in", ""),
        "away": (
            f"The broker is away: none answers at {facts.where} ({facts.said}).",
            "Start RabbitMQ there, or mend the host and port in KEYTALK_AMQP_URI. Nothing is lost meanwhile: events "
            "wait, and go out by themselves.",
        ),
        "tls": (
            f"The connection to the broker at {facts.where} cannot be trusted ({facts.said}).",
            "See that this port speaks TLS, that its certificate names this host, and that this machine (or the file "
            "that SSL_CERT_FILE names) trusts who signed it.",
        ),
        "login": (
            f"The broker at {facts.where} answers, and refuses the user '{facts.user}' or its password.",
            f"Mend both in KEYTALK_AMQP_URI, or set the password anew: rabbitmqctl change_password {user}",
        ),
        "no vhost": (
            f"The broker at {facts.where} answers, and has no virtual host '{facts.vhost}'.",
            "Mend its name in KEYTALK_AMQP_URI (what follows the port), or make it: "
            f"rabbitmqctl add_vhost {vhost} && {let_in}",
        ),
        "vhost": (
            f"The broker at {facts.where} answers, and refuses '{facts.user}' the virtual host '{facts.vhost}'.",
            f"Let the user in: {let_in}",
        ),
    }[facts.fault]
    return [broken("broker", words, mend) if facts.fault else ok("broker", words)]


_MENDS = {
    "memory": (
        "`rabbitmq-diagnostics memory_breakdown` says what holds its memory, `rabbitmqctl list_queues name messages` "
        "which queue is long: start who reads that one. Else give RabbitMQ more memory, or a greater share of it: "
        "rabbitmqctl set_vm_memory_high_watermark 0.6"
    ),
    "disk": (
        "Free space where RabbitMQ keeps its data (`rabbitmq-diagnostics status` names the folder). Above what "
        "`disk_free_limit` sets, it takes messages again by itself."
    ),
}
"""What mends each alarm, by the word that the broker has for it."""


def judge_alarm(facts: BrokerFacts | None) -> list[Finding]:
    """Say whether the broker takes messages, or has an alarm of memory or disk and reads nothing that is published."""
    if facts is None:
        return []
    if facts.fault:
        return [could_not_look("broker alarm", "the broker was not to be had")]
    if not facts.alarm:
        return [ok("broker alarm", "none: it takes messages")]
    mends = [mend for what, mend in _MENDS.items() if what in facts.alarm.lower()]
    words = (
        f"The broker answers and takes no messages: it is {facts.alarm}. Events wait with those who send them, and go "
        "out by themselves afterwards; calls between services fail meanwhile."
    )
    return [broken("broker alarm", words, " ".join(mends) or "`rabbitmq-diagnostics alarms` says which alarm it has.")]


def judge_rights(facts: BrokerFacts | None, services: Sequence[str]) -> list[Finding]:
    """Say which rights the user lacks on the broker, and give the commands that grant them."""
    if facts is None:
        return []
    if facts.fault:
        return [could_not_look("broker rights", "the broker was not to be had")]
    if facts.lacks is None:
        it = facts.product or "this broker"
        why = f"{it} takes no messages now (see broker alarm)" if facts.alarm else f"{it} cannot be asked for them"
        return [could_not_look("broker rights", why)]
    if facts.lacks:
        return [
            broken("broker rights", _lacking(facts, facts.lacks), " && ".join(_grants(facts, facts.lacks, services)))
        ]
    if facts.missing:
        words = (
            f"{counted(len(facts.missing), 'exchange')} on the broker missing, and '{facts.user}' may not make them: "
        )
        mend = 'Load the definitions again: see "Rights on the broker" in docs/broker.md.'
        return [broken("broker rights", f"{words}{in_a_row(facts.missing)}.", mend)]
    return [ok("broker rights", f"'{facts.user}' may do all that {in_a_row(services)} need")]


def _lacking(facts: BrokerFacts, lacks: Sequence[Lack]) -> str:
    named = list(dict.fromkeys(f"{lack.right} {lack.name}" for lack in lacks))
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    users = list(dict.fromkeys(lack.service for lack in lacks))
    need = f"{in_a_row(users)} {'needs' if len(users) == 1 else 'need'}"
    return (
        f"The broker answers, and its user '{facts.user}' lacks rights in the virtual host '{facts.vhost}' that "
        f"{need}: {', '.join(named[:MOST_NAMED])}{more}."
    )


def _grants(facts: BrokerFacts, lacks: Sequence[Lack], services: Sequence[str]) -> list[str]:
    """Give the commands: for a user of one service just what that needs, for one that several share everything."""
    whom, rights = _whom(facts), _rights(services)
    commands = []
    if any(not lack.exchange for lack in lacks):
        commands.append(_permissions(facts, services))
    closed = dict.fromkeys(lack.exchange for lack in lacks if lack.exchange)
    if closed and len(services) > 1:
        commands.append(f"rabbitmqctl clear_topic_permissions {whom}")
    commands += [
        f"rabbitmqctl set_topic_permissions {whom} {topic.exchange} {quote(topic.write)} {quote(topic.read)}"
        for topic in rights.topics
        if topic.exchange in closed
    ]
    return commands


def _permissions(facts: BrokerFacts, services: Sequence[str]) -> str:
    rights = _rights(services)
    names = " ".join(quote(pattern) for pattern in (rights.configure, rights.write, rights.read))
    return f"rabbitmqctl set_permissions {_whom(facts)} {names}"


def _whom(facts: BrokerFacts) -> str:
    return f"-p {quote(facts.vhost)} {quote(facts.user)}"


def _rights(services: Sequence[str]) -> Rights:
    return rights_of(services[0], contracts()) if len(services) == 1 else Rights(".*", ".*", ".*", ())


def judge_queues(facts: BrokerFacts | None) -> list[Finding]:
    """Say in which queues on the broker something waits that nobody takes."""
    if facts is None:
        return []
    if facts.fault:
        return [could_not_look("queues", "the broker was not to be had")]
    judged = {service: _judge_queues(service, *depths) for service, depths in facts.queues.items()}
    return one_or_each("queues", judged, "nothing waits on the broker that nobody takes")


def _judge_queues(service: str, inbox: QueueDepth | None, dead: QueueDepth | None) -> Finding | None:
    if inbox is None or dead is None:
        words = f"The queues of {service} are not on the broker yet, so events for it wait with those who send them."
        return look("queues", words, f"They are made when {service} starts.")
    if dead.ready and not dead.readers:
        words = f"{counted(dead.ready, 'dead letter')} wait in {service}.dead, and {service} does not take them."
        return broken("queues", words, f"Start {service}. It takes them by itself; then: keytalk dead list")
    if inbox.ready and not inbox.readers:
        words = f"{counted(inbox.ready, 'event')} wait in {service}.inbox, and {service} does not take them."
        return broken("queues", words, f"Start {service}: it takes them by itself.")
    return None
