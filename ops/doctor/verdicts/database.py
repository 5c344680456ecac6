"""Judges the databases: whether each is to be had and at its migration, and what waits in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ops.doctor.findings import (
    Finding,
    broken,
    could_not_look,
    counted,
    duration,
    in_a_row,
    look,
    ok,
    one_or_each,
)
from ops.doctor.probes.database import DatabaseFacts
from services.enquiries.domain.canaries import how_canaries_are
from shared.messaging.backlog import InboxBacklog, JobsBacklog, OutboxBacklog

STUCK_AFTER = 60.0
"""Seconds after which an event that was not carried means that its relay is stuck."""
LATE_AFTER = 300.0
"""Seconds after which a job that was not done wants a look: one that is tried again may be late by a minute or two."""

_BACK = "It goes on by itself once the database is back."


def judge_databases(facts: Sequence[DatabaseFacts]) -> list[Finding]:
    """Say which databases are not to be had, and why."""
    unmade = [each for each in facts if each.is_file and each.fault == "missing"]
    judged = {each.service: _judge_database(each) for each in facts if each not in unmade}
    if unmade:
        judged["unmade"] = look(
            "database",
            f"There is none yet of {in_a_row([each.service for each in unmade])}, such as {unmade[0].where}.",
            "They are made at the first start, or by: keytalk migrate",
        )
    names = in_a_row([each.service for each in facts])
    return one_or_each("database", judged, f"those of {names} answer and can be written to")


def _judge_database(facts: DatabaseFacts) -> Finding | None:
    if not facts.fault:
        return None
    words, mend = (_of_a_file if facts.is_file else _of_a_server)(facts)
    return broken("database", words, mend)


def _of_a_file(facts: DatabaseFacts) -> tuple[str, str]:
    whose = f"The database of {facts.service}"
    return {
        "locked": (
            f"{whose} is locked by another program: {facts.where}.",
            f"`fuser -v {facts.where}` shows which (a viewer, a backup, a second Keytalk). Close or stop it.",
        ),
        "read-only": (
            f"{whose} cannot be written to: {facts.where} ({facts.said}).",
            "Give the file and its folder to the account that Keytalk runs under, and see that the disk is neither "
            f"full nor read-only: ls -l {facts.where}*",
        ),
    }.get(
        facts.fault,
        (
            f"{whose} cannot be read: {facts.where} ({facts.said}).",
            "Stop Keytalk, keep the file, and put back the last backup.",
        ),
    )


def _of_a_server(facts: DatabaseFacts) -> tuple[str, str]:
    whose, setting = f"The database of {facts.service}", f"KEYTALK_{facts.service.upper()}_DATABASE_URL"
    address = f"KEYTALK_DATABASE_URL (or {setting})"
    return {
        "away": (
            f"{whose} does not answer: {facts.where} ({facts.said}).",
            f"Start PostgreSQL there, or mend the host and port in {address}. {_BACK}",
        ),
        "login": (
            f"{whose} refuses the user or the password: {facts.where}.",
            f"Mend both in {address}, or set the password anew: ALTER ROLE ... PASSWORD '...'",
        ),
        "missing": (
            f"{whose} does not exist: {facts.where}.",
            f"Make it with: keytalk migrate {facts.service}. Or mend its name in {address}.",
        ),
        "crowded": (
            f"{whose} takes no more connections: {facts.where}.",
            "Raise max_connections of PostgreSQL, or lower KEYTALK_DATABASE_POOL.",
        ),
        "read-only": (
            f"{whose} takes no changes: {facts.where}.",
            f"Name the primary server in {address}, not a standby; or: ALTER DATABASE ... SET "
            "default_transaction_read_only = off",
        ),
    }.get(
        facts.fault,
        (f"{whose} refuses us: {facts.where} ({facts.said}).", f"Mend what it names, in PostgreSQL or in {address}."),
    )


def judge_migrations(facts: Sequence[DatabaseFacts]) -> list[Finding]:
    """Say which databases are behind their code, or ahead of it."""
    read = [each for each in facts if each.looked_at is not None]
    if not read:
        return [could_not_look("migrations", "no database could be read")]
    judged = {each.service: _judge_migration(each) for each in read}
    newest = in_a_row([f"{each.service} at {each.known[-1]}" for each in read])
    return one_or_each("migrations", judged, f"{newest}, as this version needs")


def _judge_migration(facts: DatabaseFacts) -> Finding | None:
    if facts.revision == facts.known[-1]:
        return None
    mend = f"keytalk migrate {facts.service}"
    if facts.revision is None:
        words = f"The database of {facts.service} has no tables yet."
        return broken("migrations", words, f"Make them with: {mend}")
    if facts.revision in facts.known:
        behind = len(facts.known) - 1 - facts.known.index(facts.revision)
        words = f"The database of {facts.service} is {counted(behind, 'migration')} behind: it is at {facts.revision}, "
        return broken("migrations", f"{words}this version needs {facts.known[-1]}.", f"Stop Keytalk, then: {mend}")
    return broken(
        "migrations",
        f"The database of {facts.service} is at {facts.revision}, which this version of Keytalk does not know.",
        "A newer version has used it. Install that version again, or put back the backup from before.",
    )


def judge_dead_letters(facts: Sequence[DatabaseFacts]) -> list[Finding]:
    """Say in which services events wait that could not be handled."""
    read = {each.service: each.backlog.inbox for each in facts if each.backlog is not None}
    if not read:
        return [could_not_look("dead letters", "no service's events could be read")]
    judged = {service: _judge_inbox(service, inbox) for service, inbox in read.items()}
    return one_or_each("dead letters", judged, f"none in {in_a_row(list(read))}")


def _judge_inbox(service: str, inbox: InboxBacklog) -> Finding | None:
    if inbox.dead:
        words = f"{counted(inbox.dead, 'event')} could not be handled by {service}, and {_is(inbox.dead)} dead"
        behind = f"; {inbox.waiting} later ones wait behind." if inbox.waiting else "."
        return broken(
            "dead letters",
            words + behind,
            f"`keytalk dead list --service {service}` shows why. Mend the cause, then: keytalk dead replay ID",
        )
    if inbox.retrying:
        words = f"{service} could not handle {counted(inbox.retrying, 'event')} yet, and tries again by itself."
        return look("dead letters", words, "The log says why, under `an event was not handled`.")
    return None


def judge_relays(facts: Sequence[DatabaseFacts], broker_away: bool) -> list[Finding]:
    """Say in which services events do not go out."""
    read = {each.service: each.backlog.outbox for each in facts if each.backlog is not None}
    if not read:
        return [could_not_look("relay", "no service's events could be read")]
    judged = {service: _judge_outbox(service, outbox, broker_away) for service, outbox in read.items()}
    return one_or_each("relay", judged, f"nothing waits to go out of {in_a_row(list(read))}")


def _judge_outbox(service: str, outbox: OutboxBacklog, broker_away: bool) -> Finding | None:
    if outbox.parked:
        return broken(
            "relay",
            f"{counted(outbox.parked, 'event')} of {service} {_was(outbox.parked)} refused by the broker and parked.",
            f"`keytalk dead list --service {service}` shows why. Mend the cause, then: keytalk dead replay ID",
        )
    if outbox.oldest_seconds <= STUCK_AFTER:
        return None
    words = (
        f"The relay of {service} is stuck: {counted(outbox.waiting, 'event')} waiting to go out, "
        f"the oldest for {duration(outbox.oldest_seconds)}."
    )
    if broker_away:
        mend = "Have the broker answer again and take messages (see there); they then go out by themselves, in order."
        return broken("relay", words, mend)
    mend = f"Start {service} if it is not running (keytalk health). If it is, its log says `event held back` and why."
    return broken("relay", words, mend)


def judge_jobs(facts: Sequence[DatabaseFacts]) -> list[Finding]:
    """Say in which services scheduled work is late or was given up."""
    read = {each.service: each.backlog.jobs for each in facts if each.backlog is not None}
    if not read:
        return [could_not_look("jobs", "no service's jobs could be read")]
    judged = {service: _judge_jobs(service, jobs) for service, jobs in read.items()}
    return one_or_each("jobs", judged, f"none is late in {in_a_row(list(read))}")


def _judge_jobs(service: str, jobs: JobsBacklog) -> Finding | None:
    shown = f"`keytalk jobs list --service {service}` shows"
    if jobs.given_up:
        words = f"{service} gave up {counted(jobs.given_up, 'job')} after the last try."
        return look("jobs", words, f"{shown} which, and why.")
    if jobs.most_late_seconds > LATE_AFTER:
        words = f"{counted(jobs.overdue, 'job')} of {service} {_is(jobs.overdue)} late, by up to "
        words += f"{duration(jobs.most_late_seconds)}."
        return look("jobs", words, f"Start {service} if it is not running. If it is, {shown} why.")
    return None


def judge_canary(enquiries: DatabaseFacts | None, every_minutes: int | None, public_url: str) -> list[Finding]:
    """Say whether our own test enquiries go out and come in; `every_minutes` is None where none are to be sent."""
    if every_minutes is None:
        return [ok("canary", "switched off (KEYTALK_CANARY)")]
    if enquiries is None or enquiries.backlog is None or enquiries.looked_at is None:
        return [could_not_look("canary", "the database of enquiries could not be read")]
    if enquiries.canary is None:
        mend = "Send one now: keytalk enquiries canaries --send"
        return [look("canary", "None was sent yet.", mend)]
    how = how_canaries_are(enquiries.canary, timedelta(minutes=every_minutes), enquiries.looked_at)
    return [_judge_last_canary(how, every_minutes, public_url)]


def _judge_last_canary(canary: Mapping[str, Any], every_minutes: int, public_url: str) -> Finding:
    ago = f"{duration(canary['age_seconds'])} ago"
    if canary["late"]:
        words = f"The canary is late: the last was sent {ago}, and one is due every {every_minutes} minutes."
        mend = "Start enquiries if it is not running (keytalk health); then: keytalk enquiries canaries --send"
        return broken("canary", words, mend)
    if canary["failing"]:
        words = f"The last canary, sent {ago} to {public_url}, did not come in: it is {canary['state']}."
        mend = "Open that address from outside and mend what answers there, or set KEYTALK_PUBLIC_URL; then: "
        return broken("canary", words, f"{mend}keytalk enquiries canaries --send")
    return ok("canary", f"the last was sent {ago} and {'came in' if canary['state'] == 'arrived' else 'is on its way'}")


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
