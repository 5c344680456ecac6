"""The whole examination: every probe side by side, then every verdict, in an order that puts causes before effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ops.doctor.at_once import NoAnswer, all_at_once
from ops.doctor.findings import Finding, could_not_look, without_secrets
from ops.doctor.patient import Patient
from ops.doctor.probes import broker, database, gateway, machine, mail
from ops.doctor.probes.clocks import Clock, Skew
from ops.doctor.verdicts import broker as of_broker
from ops.doctor.verdicts import clocks as of_clocks
from ops.doctor.verdicts import database as of_database
from ops.doctor.verdicts import gateway as of_gateway
from ops.doctor.verdicts import machine as of_machine
from ops.doctor.verdicts import mail as of_mail
from shared.config import SERVICES

WITHIN = 22.0
"""Seconds after which a probe is waited for no longer. Each has shorter limits of its own."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "broker": ("KEYTALK_AMQP_URI",),
    "mail": ("KEYTALK_SMTP_URL", "KEYTALK_BOUNCE_ADDRESS", "KEYTALK_MAIL_FROM"),
    "mailbox": ("KEYTALK_IMAP_URL",),
    "dkim": ("KEYTALK_DKIM_KEY_FILE", "KEYTALK_DKIM_SELECTOR"),
    "home": ("KEYTALK_HOME",),
    "disk": ("KEYTALK_HOME",),
    "secrets": ("KEYTALK_HOME",),
    "ports": ("KEYTALK_BIND", "KEYTALK_PUBLIC_PORT", "KEYTALK_OPS_PORT"),
    "gateway": ("KEYTALK_OPS_PORT", "KEYTALK_OPS_TOKEN"),
}
"""The settings without which a probe would look at something else than is meant."""

PORTS = {
    "enquiries": ("KEYTALK_PUBLIC_PORT",),
    "scheduling": ("KEYTALK_CALENDAR_PORT",),
    "notifications": ("KEYTALK_MESSAGES_PORT",),
    "ops": ("KEYTALK_OPS_PORT",),
}
"""The ports of a service that runs alone; together, those of the first and the last are opened."""


def examination(patient: Patient, clock: Clock, within: float = WITHIN) -> list[Finding]:
    """Look at everything, `within` so many seconds at most, and give what was found; no secret is in its words."""
    seen = all_at_once(_probes(patient, clock), within)
    return without_secrets(_findings(patient, seen), patient.secrets())


def _probes(patient: Patient, clock: Clock) -> dict[str, Callable[[], Any]]:
    settings, services = patient.settings, patient.services
    probes: dict[str, Callable[[], Any]] = {
        "home": partial(machine.try_folder, settings.home),
        "disk": partial(machine.disks_of, _folders(patient)),
        "secrets": partial(_secret_files, patient),
        "ports": partial(_ports, patient),
        "gateway": partial(gateway.ask_gateway, patient.ops_url, patient.token, _asked(patient), clock),
        "broker": partial(_broker, patient),
    }
    probes |= {f"database of {name}": partial(_database, patient, name, clock) for name in services}
    if "notifications" in services:
        probes |= {
            "mail": partial(mail.look_at_way_out, settings),
            "mailbox": partial(mail.look_at_mailbox, settings),
            "dkim": partial(mail.fault_of_key, settings),
        }
    return {name: _unless_bad(patient, name, probe) for name, probe in probes.items()}


def _unless_bad(patient: Patient, name: str, probe: Callable[[], Any]) -> Callable[[], Any]:
    """Leave a probe out whose settings cannot be used: what it would look at is not what is meant."""
    wanted = NEEDS.get(name, ())
    if name.startswith("database of "):
        own = f"KEYTALK_{name.removeprefix('database of ').upper()}_DATABASE_URL"
        wanted = (own,) if own in patient.bad or patient.env.get(own) else ("KEYTALK_DATABASE_URL", "KEYTALK_HOME")
    bad = [setting for setting in wanted if setting in patient.bad]
    return (lambda: NoAnswer(f"{bad[0]} cannot be used")) if bad else probe


def _asked(patient: Patient) -> tuple[str, ...]:
    """Give the services that are asked through the gateway: its own reach is all of them."""
    return SERVICES if "ops" in patient.services else patient.own


def _folders(patient: Patient) -> list[Any]:
    settings = patient.settings
    return [settings.home, *([] if settings.smtp_url else [settings.maildir])]


def _secret_files(patient: Patient) -> list[machine.SecretFile | None]:
    settings = patient.settings
    key_file = [settings.dkim_key_file] if settings.dkim_key_file else []
    return [machine.secret_file(path) for path in (settings.token_file, settings.home / "secret-key", *key_file)]


def _ports(patient: Patient) -> list[machine.Port]:
    settings = patient.settings
    names = PORTS[patient.services[0]] if len(patient.services) == 1 else (*PORTS["enquiries"], *PORTS["ops"])
    numbers = {
        "KEYTALK_PUBLIC_PORT": settings.public_port,
        "KEYTALK_CALENDAR_PORT": settings.calendar_port,
        "KEYTALK_MESSAGES_PORT": settings.messages_port,
        "KEYTALK_OPS_PORT": settings.ops_port,
        "KEYTALK_INTERNAL_PORT": settings.internal_port,
    }
    wanted = {name: numbers[name] for name in (*names, "KEYTALK_INTERNAL_PORT")}
    return [machine.try_port(name, settings.bind, number) for name, number in wanted.items() if number]


def _broker(patient: Patient) -> broker.BrokerFacts | None:
    if patient.settings.embedded:
        return None
    return broker.look_at_broker(patient.settings.amqp_uri, patient.services)


def _database(patient: Patient, service: str, clock: Clock) -> database.DatabaseFacts:
    return database.look_into(service, patient.database_of(service), clock)


def _findings(patient: Patient, seen: Mapping[str, Any]) -> list[Finding]:
    return [
        *of_machine.judge_settings(patient.bad, patient.misspelt),
        *_of_the_machine(patient, seen),
        *_of_what_must_answer(patient, seen),
        *_of_what_waits(patient, seen),
        *_of_mail(patient, seen),
        *of_clocks.judge_clocks(_skews(seen)),
    ]


def _judged(
    seen: Mapping[str, Any], name: str, judge: Callable[..., list[Finding]], *more: Any, check: str = ""
) -> list[Finding]:
    """Have a probe's facts judged; where there are none, say why."""
    facts = seen[name]
    return [could_not_look(check or name, facts.why)] if isinstance(facts, NoAnswer) else judge(facts, *more)


def _of_the_machine(patient: Patient, seen: Mapping[str, Any]) -> list[Finding]:
    return [
        *_judged(seen, "home", of_machine.judge_home),
        *_judged(seen, "disk", of_machine.judge_disks),
        *_judged(seen, "secrets", of_machine.judge_secret_files),
        *_judged(seen, "ports", of_machine.judge_ports, patient.settings.bind),
    ]


def _of_what_must_answer(patient: Patient, seen: Mapping[str, Any]) -> list[Finding]:
    read = _read(seen)
    return [
        *_unread(seen),
        *(of_database.judge_databases(read) if read else []),
        *of_database.judge_migrations(read),
        *_judged(seen, "broker", of_broker.judge_reach, patient.services),
        *_judged(seen, "broker", of_broker.judge_alarm, check="broker alarm"),
        *_judged(seen, "broker", of_broker.judge_rights, patient.services, check="broker rights"),
        *_judged(seen, "broker", of_broker.judge_queues, check="queues"),
        *_judged(seen, "gateway", of_gateway.judge_gateway),
        *_judged(seen, "gateway", of_gateway.judge_token, str(patient.settings.token_file), check="token"),
        *_judged(seen, "gateway", of_gateway.judge_services, _is_away(seen["broker"]), check="services"),
    ]


def _of_what_waits(patient: Patient, seen: Mapping[str, Any]) -> list[Finding]:
    if not patient.own:
        return []
    facts = [each for each in _read(seen) if each.service in SERVICES]
    return [
        *of_database.judge_dead_letters(facts),
        *of_database.judge_relays(facts, _is_away(seen["broker"])),
        *of_database.judge_jobs(facts),
        *(_of_the_canary(patient, facts) if "enquiries" in patient.services else []),
    ]


def _of_the_canary(patient: Patient, facts: Sequence[database.DatabaseFacts]) -> list[Finding]:
    bad = [name for name in ("KEYTALK_CANARY", "KEYTALK_CANARY_EVERY") if name in patient.bad]
    if bad:
        return [could_not_look("canary", f"{bad[0]} cannot be used")]
    settings = patient.settings
    enquiries = next((each for each in facts if each.service == "enquiries"), None)
    every = settings.canary_every if settings.canary else None
    return of_database.judge_canary(enquiries, every, settings.public_url)


def _of_mail(patient: Patient, seen: Mapping[str, Any]) -> list[Finding]:
    if "notifications" not in patient.services:
        return []
    return [
        *_judged(seen, "mail", of_mail.judge_way_out),
        *_judged(seen, "mailbox", of_mail.judge_mailbox),
        *_judged(seen, "dkim", of_mail.judge_key, patient.settings.dkim_key_file),
    ]


def _read(seen: Mapping[str, Any]) -> list[database.DatabaseFacts]:
    return [facts for facts in _databases(seen).values() if isinstance(facts, database.DatabaseFacts)]


def _databases(seen: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts for name, facts in seen.items() if name.startswith("database of ")}


def _unread(seen: Mapping[str, Any]) -> list[Finding]:
    none = {name: facts for name, facts in _databases(seen).items() if isinstance(facts, NoAnswer)}
    return [could_not_look("database", f"of the {name}: {facts.why}") for name, facts in none.items()]


def _is_away(facts: Any) -> bool:
    return isinstance(facts, broker.BrokerFacts) and bool(facts.fault or facts.alarm)


def _skews(seen: Mapping[str, Any]) -> list[Skew]:
    """Give each other clock once: of the databases, the one that was read with the least doubt."""
    servers = [facts.skew for facts in _read(seen) if facts.skew is not None]
    skews = [min(servers, key=lambda skew: skew.give_or_take)] if servers else []
    at_the_door = getattr(seen["gateway"], "skew", None)
    return [*skews, *([at_the_door] if at_the_door else [])]
