"""What the catalogue of templates promises of facts is what events bring: from each event's sample to the words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from services.notifications.domain.messages import Message
from services.notifications.domain.reminder_rules import STAFF_TRAINING
from services.notifications.domain.template_catalogue import CATALOGUE
from services.notifications.doors.hearing import HearingDoors
from services.notifications.sending.rendering import Organisation, render
from services.notifications.tables import message_of, messages, messaging, metadata
from shared.contracts.base import Contract, contract_of, contracts
from shared.contracts.scheduling import RunConfirmed
from shared.persistence.database import Database
from shared.persistence.work import Store

US = Organisation("Key & Compass", "ops@mail.example.org")
NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)

FIRST = contract_of(RunConfirmed).sample["sessions"][0]

# What an event may say beside its sample, so that each of its messages comes up.
OTHERWISE: dict[str, list[dict[str, Any]]] = {
    "first_reply_due": [{"step": "late"}],
    "answer_awaited": [{"step": step} for step in ("first_nudge", "second_nudge", "proposal", "offer_call")],
    "proposal_settled": [{"outcome": outcome} for outcome in ("declined", "expired", "withdrawn")],
    "hold_changed": [{"state": state} for state in ("promoted", "ending", "expired")],
    "offer_settled": [{"state": state} for state in ("declined", "withdrawn", "lapsed")],
    "gate_memo_changed": [{"state": "out_of_date"}],
    "expiry_near": [{"what": "keys", "establishment_name": None, "accreditation": None}],
    "run_confirmed": [
        {"programme": STAFF_TRAINING},
        {"sessions": [FIRST, FIRST | {"number": 2, "date": "2027-03-02"}]},
    ],
}
NOT_OF_EVENTS = {"digest", "daily_summary_ops"}
"""What the day brings, and no event."""


def heard(contract: Contract, said: dict[str, Any]) -> list[Message]:
    """Hear one event, and give the messages that are in the ledger then."""
    database = Database(make_url("sqlite://"))
    metadata.create_all(database.engine)
    doors = HearingDoors()
    doors.post_room = SimpleNamespace(mail_domain="mail.example.org", alert_places=0)  # type: ignore[assignment]
    with Store(database, messaging, lambda: NOW, "notifications").work() as work:
        work.cause = SimpleNamespace(sequence=1)  # type: ignore[assignment]
        getattr(doors, f"when_{contract.type}")(work, contract.load({**contract.sample, **said}))
        made = [message_of(row) for row in work.connection.execute(select(messages))]
    database.close()
    return made


@pytest.fixture(scope="module")
def made() -> dict[str, list[Message]]:
    """The messages that the samples of all events make, by template."""
    found: dict[str, list[Message]] = {}
    for message in all_made():
        found.setdefault(message.template, []).append(message)
    return found


def all_made() -> Iterator[Message]:
    for contract in contracts():
        if "notifications" in contract.subscribers:
            for said in ({}, *OTHERWISE.get(contract.type, [])):
                yield from heard(contract, said)


@pytest.mark.parametrize("template", sorted(set(CATALOGUE) - NOT_OF_EVENTS))
def test_the_facts_of_a_message_are_those_that_the_catalogue_names(
    made: dict[str, list[Message]], template: str
) -> None:
    entry = CATALOGUE[template]
    promised = {
        each.name for each in entry.placeholders if not (each.asked or each.may_lack or each.name == "organisation")
    }
    assert made[template]
    for message in made[template]:
        assert promised - set(message.facts) == set()
        told = render(template, {**entry.asked_for(), **message.facts}, US)
        assert "None" not in told.text
