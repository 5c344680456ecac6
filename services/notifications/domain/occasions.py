"""Which messages an event calls for, to whom, and when. Data in, messages out; nothing personal in either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.domain.facts import EnquiryFacts, RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState, stable_message_id
from services.notifications.domain.urgency import Urgency, urgency_of

OPS = "ops"


def enquirer(reference: str) -> str:
    """Name the person who sent an enquiry, as a recipient."""
    return f"enquirer:{reference}"


def facilitator(facilitator_id: str) -> str:
    """Name a facilitator, as a recipient."""
    return f"facilitator:{facilitator_id}"


@dataclass(frozen=True)
class Drafting:
    """What a new message needs from outside: a source of ids, and the domain of its Message-ID."""

    new_id: Callable[[], UUID]
    mail_domain: str


def acknowledgement(enquiry: EnquiryFacts, now: datetime, drafting: Drafting) -> Message:
    """Thank the enquirer at once and say what happens next."""
    return draft(
        drafting,
        recipient=enquirer(enquiry.reference),
        occasion=f"enquiry_received:{enquiry.reference}",
        template="enquiry_received",
        subject_ref=f"enquiry:{enquiry.reference}",
        due_at=now,
        facts=enquiry.to_plain(),
    )


def ops_notice(enquiry: EnquiryFacts, now: datetime, drafting: Drafting) -> Message:
    """Tell the ops team at once that an enquiry has come in."""
    return draft(
        drafting,
        recipient=OPS,
        occasion=f"enquiry_received:{enquiry.reference}",
        template="enquiry_received_ops",
        subject_ref=f"enquiry:{enquiry.reference}",
        due_at=now,
        facts=enquiry.to_plain(),
    )


def run_confirmations(run: RunFacts, now: datetime, drafting: Drafting) -> list[Message]:
    """Tell the prison contact and each facilitator, once each, that the dates are settled: each their own."""
    audience = [(enquirer(run.enquiry), "contact", run)]
    audience += [(facilitator(each), "facilitator", run.led_by(each)) for each in run.leaders()]
    return [
        draft(
            drafting,
            recipient=recipient,
            occasion=f"run_confirmed:{run.run}",
            version=run.version,
            template=f"run_confirmed_{kind}",
            subject_ref=f"run:{run.run}",
            due_at=now,
            facts=theirs.to_plain(),
        )
        for recipient, kind, theirs in audience
    ]


def audience_of(run: RunFacts, session: SessionFacts) -> Iterator[tuple[str, str]]:
    """Give who takes part in a session of a run: the recipient, and whether contact or facilitator."""
    yield enquirer(run.enquiry), "contact"
    for facilitator_id in run.facilitators if session.facilitators is None else session.facilitators:
        yield facilitator(facilitator_id), "facilitator"


def draft(
    drafting: Drafting,
    *,
    recipient: str,
    occasion: str,
    template: str,
    subject_ref: str,
    due_at: datetime,
    facts: Mapping[str, Any],
    version: int = 1,
    useful_until: datetime | None = None,
    urgency: Urgency | None = None,
) -> Message:
    """Draft a message that waits for its time. `recipient`, `occasion` and `version` are what it is told once by.

    Where no `urgency` is given, it is that of the template.
    """
    return Message(
        id=drafting.new_id(),
        recipient=recipient,
        occasion=occasion,
        version=version,
        template=template,
        subject_ref=subject_ref,
        due_at=due_at,
        useful_until=useful_until,
        state=MessageState.SCHEDULED,
        why=None,
        attempts=0,
        message_id=stable_message_id(recipient, occasion, version, drafting.mail_domain),
        facts=facts,
        urgency=urgency or urgency_of(template),
    )
