"""Which messages an event calls for, to whom, and when. Data in, messages out; nothing personal in either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from services.notifications.domain.facts import EnquiryFacts, RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState, stable_message_id
from services.notifications.domain.urgency import Urgency, urgency_of

OPS = "ops"

# The default lead time of a session reminder: 5 days and 1 day before, at 15:00 local time.
REMINDER_DAYS = (5, 1)
REMINDER_TIME = time(15, 0)


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
    """Tell the prison contact and each facilitator, once each, that the dates are settled."""
    return [
        draft(
            drafting,
            recipient=recipient,
            occasion=f"run_confirmed:{run.run}",
            version=run.version,
            template=f"run_confirmed_{audience}",
            subject_ref=f"run:{run.run}",
            due_at=now,
            facts=run.to_plain(),
        )
        for recipient, audience in audience_of(run)
    ]


def session_reminders(run: RunFacts, now: datetime, drafting: Drafting) -> list[Message]:
    """Remind the contact and each facilitator of every session, 5 days and 1 day before at 15:00 local.

    One that would fall on a day on which the place is closed goes on the last working day before, never later; where
    both come to the same day, one says it all.

    A reminder whose time has come already is left out, so a late confirmation sends no burst of old news.
    Each is useful until its session starts.
    """
    reminders = (
        _reminder(run, session, days, recipient, audience, drafting)
        for session in run.sessions
        for days in _worth_saying(session)
        for recipient, audience in audience_of(run, session)
    )
    return [reminder for reminder in reminders if reminder.due_at > now]


def audience_of(run: RunFacts, session: SessionFacts | None = None) -> Iterator[tuple[str, str]]:
    """Give who takes part in a run, or in one session of it: the recipient, and whether contact or facilitator."""
    yield enquirer(run.enquiry), "contact"
    people = session.facilitators if session else None
    for facilitator_id in run.facilitators if people is None else people:
        yield facilitator(facilitator_id), "facilitator"


def reminder_occasions(session_id: str) -> list[str]:
    """Give the occasions of a session's reminders."""
    return [_reminder_occasion(session_id, days) for days in REMINDER_DAYS]


def _reminder_occasion(session_id: str, days: int) -> str:
    return f"session_reminder:{days}d:{session_id}"


def _reminder(
    run: RunFacts, session: SessionFacts, days: int, recipient: str, audience: str, drafting: Drafting
) -> Message:
    return draft(
        drafting,
        recipient=recipient,
        occasion=_reminder_occasion(session.id, days),
        version=run.version,
        template=f"session_reminder_{audience}",
        subject_ref=f"run:{run.run}",
        due_at=_days_before(session, days),
        useful_until=session.starts_at,
        facts=run.summary() | {"session": session.to_plain(), "of": run.of, "days_before": days},
    )


def _worth_saying(session: SessionFacts) -> list[int]:
    """Give the reminders of a session, by days before it, no two of them at the same moment."""
    moments = {_days_before(session, days): days for days in reversed(REMINDER_DAYS)}
    return [days for days in REMINDER_DAYS if days in moments.values()]


def _days_before(session: SessionFacts, days: int) -> datetime:
    # Counted on the calendar, not in hours: 15:00 stays 15:00 when the clocks change in between.
    day = session.date - timedelta(days=days)
    if day in session.closed:
        while day in session.closed or day.weekday() >= 5:
            day -= timedelta(days=1)
    return session.local(day, REMINDER_TIME).astimezone(UTC)


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
