"""Reminders, computed from what events said of a run and from the rules. Data in, messages out; nothing personal."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState, stable_message_id
from services.notifications.domain.occasions import OPS, Drafting, audience_of, draft
from services.notifications.domain.reminder_rules import OF_REGISTERS, RULES, Anchor, Offset, ReminderRule
from shared.working_days import is_working_day

BEFORE_A_CLOSED_DAY = time(15, 0)
"""When a reminder goes whose own day is no working day: at this local time on the last working day before it."""

_A_DAY = timedelta(days=1)
_WITHIN = (date.min + timedelta(days=1000), date.max - timedelta(days=1000))
"""Nothing is reminded of beyond these dates: the calendar ends there."""
_FROM = {Anchor.FIRST_SESSION: "the first session", Anchor.LAST_SESSION: "the last session"}
_IS_OUT = frozenset(
    {MessageState.SENDING, MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.BOUNCED, MessageState.UNKNOWN}
)
"""States in which somebody may have read it."""
_IS_GONE = frozenset({MessageState.SUPERSEDED, MessageState.SUPPRESSED})
"""States in which nobody will read it."""


@dataclass(frozen=True, slots=True)
class _Shut:
    """The days on which nobody is there: bank holidays, and days on which the place is closed."""

    holidays: Container[date]
    closed: Container[date]

    def __contains__(self, day: object) -> bool:
        return day in self.holidays or day in self.closed


def reminders_of(
    run: RunFacts,
    rules: Iterable[ReminderRule],
    holidays: Container[date],
    drafting: Drafting,
    registers_in: Collection[str] = (),
) -> list[Message]:
    """Give all reminders of a run, also those whose time has passed; `still_to_come` leaves these out.

    `holidays` are the bank holidays where the run is held, `registers_in` the ids of sessions whose register is asked
    for no more. A reminder that comes before its session and would fall on a day that is no working day there goes at
    15:00 on the last working day before it, never later. What comes after it is an ask: it goes on the next working day
    instead, but on the day itself people are at work. Of two of a rule that come to the same day one says it all.
    """
    first, last = _WITHIN
    return [
        reminder
        for rule in rules
        if rule.is_on and rule.is_for(run.slug, run.mode)
        for session in _anchors(run, rule)
        if first < session.date < last
        if not (rule.name in OF_REGISTERS and session.id in registers_in)
        for reminder in _reminders(run, rule, session, holidays, drafting)
    ]


def rule_of(occasion: str) -> str:
    """Give the name of the rule by which a reminder of an occasion was made."""
    return occasion.partition(":")[0]


def follows_from(message: Message) -> str:
    """Say in words what a message follows from: "session reminder: 5 days before session 1, Tue 12 Jan 2027"."""
    name = rule_of(message.occasion)
    rule, called = RULES.get(name), name.replace("_", " ")
    if name == "expiry_near":
        return f"{called}: {_what_ends(message.facts)}"
    session, offset = message.facts.get("session"), message.facts.get("offset")
    if rule is None or not isinstance(session, Mapping):
        return f"{called}, version {message.version}"
    which = _FROM.get(rule.anchor) or f"session {session['number']}"
    when = f"{offset} {'before' if rule.is_before else 'after'}" if offset != "0 days" else "on the day of"
    return f"{called}: {when} {which}, {_day(session['date'])}"


def _what_ends(facts: Mapping[str, Any]) -> str:
    """Say it in words: "clearance for Risley (HMP) ends in 14 days, Fri 19 Mar 2027"."""
    what, left, of = facts["what"], facts["days_left"], facts.get("establishment") or facts.get("accreditation")
    ends = "end" if what == "keys" else "ends"
    when = f"in {left} day{'' if left == 1 else 's'}" if left else "today"
    return f"{what}{f' for {of}' if of else ''} {ends} {when}, {_day(facts['valid_until'])}"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day:%a} {day.day} {day:%b %Y}"


def still_to_come(reminders: Iterable[Message], now: datetime) -> list[Message]:
    """Leave out those whose time has come already: a late booking brings no burst of old news."""
    return [reminder for reminder in reminders if reminder.due_at > now]


def _anchors(run: RunFacts, rule: ReminderRule) -> Iterable[SessionFacts]:
    """Give the sessions that a rule counts from: each, or the first or the last of the run."""
    if not rule.anchor.is_of_run or not run.sessions:
        return run.sessions
    find = min if rule.anchor is Anchor.FIRST_SESSION else max
    return (find(run.sessions, key=lambda session: (session.starts_at, session.number)),)


def _reminders(
    run: RunFacts, rule: ReminderRule, session: SessionFacts, holidays: Container[date], drafting: Drafting
) -> Iterator[Message]:
    # One that recurs falls between the sessions too: what is closed before each of them counts.
    closed = frozenset().union(*(each.closed for each in run.sessions)) if rule.recurs else session.closed
    shut = _Shut(holidays, closed)
    anchor_id = run.run if rule.anchor.is_of_run else session.id
    offsets = rule.falling(session.date, max(each.date for each in run.sessions), shut)
    for offset, due_at in _times(rule, offsets, session, shut):
        told = {"offset": offset.words, "again": offset != offsets[0]}
        useful_until = _useful_until(rule, session, due_at)
        if rule.lists is not None:
            listed = _listed(run, session, due_at, rule.lists)
            if not listed:
                continue
            told["sessions"] = [each.to_plain() for each in listed]
            useful_until = min(useful_until, listed[0].starts_at)
        for recipient, audience in _readers(run, rule, session):
            yield draft(
                drafting,
                recipient=recipient,
                occasion=f"{rule.name}:{offset.text}:{anchor_id}",
                version=run.version,
                template=rule.words_for(audience, offset),
                subject_ref=f"run:{run.run}",
                due_at=due_at,
                useful_until=useful_until,
                facts=run.summary() | {"session": session.to_plain(), "of": run.of, **told},
                urgency=rule.urgency,
            )


def _listed(run: RunFacts, anchor: SessionFacts, due_at: datetime, ahead: Offset) -> list[SessionFacts]:
    """Give the sessions after the day on which a reminder is due, until so far ahead, in the order of their times."""
    day = due_at.astimezone(ZoneInfo(anchor.zone)).date()
    until = ahead.after(day, ())
    return sorted((each for each in run.sessions if day < each.date <= until), key=lambda each: each.starts_at)


def _readers(run: RunFacts, rule: ReminderRule, session: SessionFacts) -> list[tuple[str, str]]:
    everybody = [*audience_of(run, session), (OPS, "ops")]
    return [(recipient, audience) for recipient, audience in everybody if audience in rule.templates]


def _times(
    rule: ReminderRule, offsets: Sequence[Offset], session: SessionFacts, shut: Container[date]
) -> list[tuple[Offset, datetime]]:
    """Give the moments of a rule's reminders, no two on the same day and none that would be of no use any more.

    Of two that come to the same day, the one that is nearer to what it reminds of says more; the first ask comes first.
    """
    by_day: dict[date, tuple[Offset, datetime]] = {}
    for offset in offsets if rule.is_before else reversed(offsets):
        day, at = (
            _day_before(rule, offset, session, shut) if rule.is_before else _day_after(rule, offset, session, shut)
        )
        due_at = session.local(day, at).astimezone(UTC)
        # An evening's session is asked about once it is over.
        due_at = due_at if rule.is_before else max(due_at, session.ends_at)
        if due_at < _useful_until(rule, session, due_at):
            by_day[day] = (offset, due_at)
    return sorted(by_day.values(), key=lambda each: each[1])


def _day_before(rule: ReminderRule, offset: Offset, session: SessionFacts, shut: Container[date]) -> tuple[date, time]:
    # Counted on the calendar, not in hours: 15:00 stays 15:00 when the clocks change in between.
    day = offset.before(session.date, shut)
    if is_working_day(day, shut):
        return day, rule.at
    while not is_working_day(day, shut):
        day -= _A_DAY
    return day, BEFORE_A_CLOSED_DAY


def _day_after(rule: ReminderRule, offset: Offset, session: SessionFacts, shut: Container[date]) -> tuple[date, time]:
    day = offset.after(session.date, shut)
    while day != session.date and not is_working_day(day, shut):
        day += _A_DAY
    return day, rule.at


def _useful_until(rule: ReminderRule, session: SessionFacts, due_at: datetime) -> datetime:
    return session.starts_at if rule.useful_for is None else due_at + rule.useful_for


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of reminders: those that are `withdrawn`, of what the ledger has, and those that are `made`."""

    withdrawn: tuple[Message, ...] = ()
    made: tuple[Message, ...] = ()


def plan(wanted: Iterable[Message], known: Collection[Message], now: datetime) -> Plan:
    """Compare the reminders that a run calls for with those the ledger has of it, and say what is to be done.

    One that is there with the same words at the same time stays; so does one whose time has come by now, whatever holds
    it up. What else waits and is not called for is withdrawn. What is missing is made, but never what somebody may have
    read already: the same words on the same occasion. Each that is made has a version above those of its recipient and
    occasion.
    """
    wanted = list(wanted)
    called_for = {_as_told(each) for each in wanted}
    came_due = {_as_said(each) for each in wanted if each.due_at <= now}
    there = {_as_told(each) for each in known if each.state not in _IS_GONE}
    out = {_as_said(each) for each in known if _may_be_read(each)}
    newest: dict[tuple[str, str], int] = {}
    for each in known:
        key = (each.recipient, each.occasion)
        newest[key] = max(newest.get(key, 0), each.version)
    missing = [each for each in wanted if _as_told(each) not in there and _as_said(each) not in out]
    return Plan(
        withdrawn=tuple(
            each
            for each in known
            if each.state is MessageState.SCHEDULED
            and _as_told(each) not in called_for
            and _as_said(each) not in came_due
        ),
        made=tuple(_above(each, newest) for each in still_to_come(missing, now)),
    )


def _may_be_read(reminder: Message) -> bool:
    """Say whether it is out, or a digest has told it."""
    told = reminder.told_in is not None and reminder.state is MessageState.SUPERSEDED
    return told or reminder.state in _IS_OUT


def _above(reminder: Message, newest: dict[tuple[str, str], int]) -> Message:
    version = max(reminder.version, newest.get((reminder.recipient, reminder.occasion), 0) + 1)
    domain = reminder.message_id.rpartition("@")[2].rstrip(">")
    named = stable_message_id(reminder.recipient, reminder.occasion, version, domain)
    return replace(reminder, version=version, message_id=named)


def _as_told(reminder: Message) -> tuple[Any, ...]:
    return (*_as_said(reminder), reminder.due_at)


def _as_said(reminder: Message) -> tuple[Any, ...]:
    """Give what its reader is told, and on which occasion: without what counts the changes of a run."""
    facts = reminder.facts
    about = tuple(
        facts.get(name) for name in ("enquiry", "establishment", "programme", "mode", "of", "offset", "again")
    )
    when = tuple(
        session[name]
        for session in (facts["session"], *facts.get("sessions", ()))
        for name in ("id", "number", "date", "start", "end", "zone")
    )
    return reminder.recipient, reminder.occasion, reminder.template, about, when
