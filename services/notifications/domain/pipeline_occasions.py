"""Which messages the pipeline and the upkeep of the intake call for. Data in, messages out; nothing personal."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import OPS, Drafting, draft, enquirer
from services.notifications.domain.working_hours import next_opening
from shared.clock import day_in_london

TO_THE_ENQUIRER = {
    "first_nudge": "answer_awaited_first_nudge",
    "second_nudge": "answer_awaited_second_nudge",
    "proposal": "proposal_reminder",
}
"""The template for each step of waiting at which the other side is written to; at others we are told to call them."""


def quarantine_digest(now: datetime, holidays: Container[date], drafting: Drafting) -> Message:
    """Tell the ops team of all suspects at once, when the office next opens: one message a day, however many come."""
    due_at = next_opening(now, holidays)
    return draft(
        drafting,
        recipient=OPS,
        occasion=f"quarantine_digest:{day_in_london(due_at).isoformat()}",
        template="quarantine_digest_ops",
        subject_ref="quarantine",
        due_at=due_at,
        facts={},
    )


def reply(reference: str, entry_id: UUID, now: datetime, drafting: Drafting) -> Message:
    """Carry an operator's words to the enquirer at once; the words are asked for when it goes out."""
    facts = {"entry": str(entry_id)}
    return _to_enquirer(drafting, f"reply:{entry_id}", "reply_written", reference, now, facts)


def first_reply_due(reference: str, step: str, due_at: datetime, now: datetime, drafting: Drafting) -> Message:
    """Tell the ops team that an enquirer still waits for a person's answer."""
    facts = {"step": step, "due_at": due_at.isoformat()}
    # A reply may fall due again, once the enquiry was opened anew or the clock had been paused.
    occasion = f"first_reply:{step}:{reference}:{due_at.isoformat()}"
    return _to_ops(drafting, occasion, "first_reply_due_ops", reference, now, facts)


def answer_awaited(reference: str, step: str, since: datetime, now: datetime, drafting: Drafting) -> Message:
    """Ask the enquirer how things stand; after two such letters, have somebody offer a call.

    The same step may come again once the wait has begun anew, which `since` tells.
    """
    facts = {"step": step, "since": since.isoformat()}
    occasion = f"answer_awaited:{step}:{reference}:{since.isoformat()}"
    if step not in TO_THE_ENQUIRER:
        return _to_ops(drafting, occasion, "call_to_offer_ops", reference, now, facts)
    return _to_enquirer(drafting, occasion, TO_THE_ENQUIRER[step], reference, now, facts)


def proposal_sent(reference: str, proposal_id: UUID, valid_until: date, now: datetime, drafting: Drafting) -> Message:
    """Send the link to a proposal; what it says is asked for when it goes out."""
    facts = {"proposal": str(proposal_id), "valid_until": valid_until.isoformat()}
    return _to_enquirer(drafting, f"proposal_sent:{proposal_id}", "proposal_sent", reference, now, facts)


def proposal_settled(
    reference: str,
    proposal_id: UUID,
    version: int,
    outcome: str,
    now: datetime,
    drafting: Drafting,
    *,
    is_known: bool = True,
) -> list[Message]:
    """Tell the ops team what became of a proposal, thank whoever answered it, and say that one was taken back.

    One that a newer version replaced is no news: the newer one says so itself. `is_known`: whether the other side may
    have heard of it.
    """
    if outcome == "superseded":
        return []
    occasion = f"proposal_settled:{proposal_id}"
    facts = {"outcome": outcome, "version": version}
    told = [_to_ops(drafting, occasion, "proposal_settled_ops", reference, now, facts)]
    if outcome in {"accepted", "declined"} or (outcome == "withdrawn" and is_known):
        told.append(_to_enquirer(drafting, occasion, f"proposal_{outcome}", reference, now, facts))
    return told


def agreement_signed(
    reference: str, agreement_id: UUID, unit: str, agreed_units: int, now: datetime, drafting: Drafting
) -> list[Message]:
    """Tell both sides that the agreement stands, and what comes next."""
    occasion = f"agreement_signed:{agreement_id}"
    facts = {"unit": unit, "agreed_units": agreed_units}
    return [
        _to_ops(drafting, occasion, "agreement_signed_ops", reference, now, facts),
        _to_enquirer(drafting, occasion, "agreement_signed", reference, now, facts),
    ]


def intake_alarm(alarm_id: UUID, kind: str, since: datetime, now: datetime, drafting: Drafting) -> Message:
    """Tell the ops team at once that something is amiss with the way in."""
    return draft(
        drafting,
        recipient=OPS,
        occasion=f"intake_alarm:{alarm_id}",
        template="intake_alarm_ops",
        subject_ref="intake",
        due_at=now,
        facts={"kind": kind, "since": since.isoformat()},
    )


def _to_enquirer(
    drafting: Drafting, occasion: str, template: str, reference: str, due_at: datetime, facts: dict[str, Any]
) -> Message:
    return _about(drafting, enquirer(reference), occasion, template, reference, due_at, facts)


def _to_ops(
    drafting: Drafting, occasion: str, template: str, reference: str, due_at: datetime, facts: dict[str, Any]
) -> Message:
    return _about(drafting, OPS, occasion, template, reference, due_at, facts)


def _about(
    drafting: Drafting,
    recipient: str,
    occasion: str,
    template: str,
    reference: str,
    due_at: datetime,
    facts: dict[str, Any],
) -> Message:
    return draft(
        drafting,
        recipient=recipient,
        occasion=occasion,
        template=template,
        subject_ref=f"enquiry:{reference}",
        due_at=due_at,
        facts={"reference": reference, **facts},
    )
