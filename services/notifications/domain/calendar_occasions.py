"""Which messages changes of the calendar call for. Data in, messages out; nothing personal in either."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import OPS, Drafting, draft, enquirer, facilitator, run_confirmations
from services.notifications.domain.preferences import DEFAULT
from services.notifications.domain.quiet_hours import next_open
from services.notifications.domain.urgency import Urgency
from shared.clock import day_in_london
from shared.working_days import working_days_between

CRITICAL_DAYS = 2
"""A change of a session so many working days ahead, or fewer, is critical: told at once, at whatever hour."""

HOLD_TO_CONTACT = frozenset({"placed", "promoted", "expired"})
HOLD_TO_OPS = frozenset({"promoted", "ending", "expired"})
"""What of a hold is told to whom. Whoever places, releases or converts one knows it."""

AS_TOLD = "The sessions are again as they were last told."
NEWER_NEWS = "There is newer news of these sessions, which tells this too."


@dataclass(frozen=True)
class Change:
    """One change of a confirmed run: `run` as it became, and what was touched.

    `changed` are sessions of the run that are new, moved or led by others now, `cancelled` those that no longer take
    place, `left` facilitators who have sessions no more that they had.
    """

    id: str
    kind: str
    run: RunFacts
    changed: tuple[SessionFacts, ...]
    cancelled: tuple[SessionFacts, ...]
    left: tuple[str, ...]

    def still_so(self, newest: RunFacts) -> Change:
        """Give what is left of a change that is heard of after a later one: only what the later one left as it was."""
        now = {session.id: session for session in newest.sessions}
        return replace(
            self,
            run=replace(newest, version=self.run.version),
            changed=tuple(session for session in self.changed if now.get(session.id) == session),
            cancelled=tuple(session for session in self.cancelled if session.id not in now),
        )

    def people(self) -> list[str]:
        """Give every facilitator whom it may concern, once each."""
        of_sessions = (person for each in (*self.run.sessions, *self.cancelled) for person in each.facilitators or ())
        return list(dict.fromkeys((*self.run.facilitators, *of_sessions, *self.left)))


@dataclass(frozen=True)
class Told:
    """What one recipient knows of a run before a change of it, and the letters that still wait for them.

    `run` is as the last letter that went out to them told it; None where none did. `waiting` are the facts of letters
    about earlier changes whose place the new one takes, the oldest first. `asked` is whether a letter with an offer
    went out to them: whoever accepted it counts on the dates, also before a letter says that these are theirs.
    `by_hand` is what they were told in another way since, by the ids of sessions; None where a session does not take
    place, or is not theirs.
    """

    run: RunFacts | None = None
    waiting: tuple[Mapping[str, Any], ...] = ()
    asked: bool = False
    by_hand: Mapping[str, SessionFacts | None] = field(default_factory=dict)

    def unsaid(self, group: str) -> dict[str, SessionFacts]:
        """Give the sessions of one group of the waiting letters by their ids, each as the newest of them has it."""
        return {each["id"]: SessionFacts.from_plain(each) for facts in self.waiting for each in facts[group]}

    def taken_over_by(self, change: Change) -> Change:
        """Give a change with all that the waiting letters would have told, as it is now."""
        if not self.waiting:
            return change
        now = {session.id for session in change.run.sessions}
        ids = {session.id for session in change.changed}.union(*map(self.unsaid, _GROUPS))
        gone = self.unsaid("cancelled") | {session.id: session for session in change.cancelled}
        return replace(
            change,
            kind="several",
            changed=tuple(session for session in change.run.sessions if session.id in ids),
            cancelled=tuple(session for id_, session in gone.items() if id_ not in now),
        )

    def known(self, before: RunFacts | None) -> dict[str, SessionFacts] | None:
        """Give the sessions they know; None where nobody was told of the run.

        Whoever never had a letter that went out knows the run as it was before, but for what a letter still waits to
        tell them first. What they were told in another way counts before what letters say.
        """
        by_letter = self._known_by_letter(before)
        if not self.by_hand:
            return by_letter
        known: dict[str, SessionFacts | None] = {**(by_letter or {}), **self.by_hand}
        return {id_: session for id_, session in known.items() if session is not None}

    def _known_by_letter(self, before: RunFacts | None) -> dict[str, SessionFacts] | None:
        if self.run is not None:
            return {session.id: session for session in self.run.sessions}
        if before is None:
            return None
        new = self.unsaid("new")
        return {session.id: session for session in before.sessions if session.id not in new}


_GROUPS = ("cancelled", "moved", "new", "regrouped", "lost")
"""What a letter says of sessions, as its facts and its reader's calendar have it."""


@dataclass(frozen=True)
class _News:
    """What a change means to one recipient: sessions in the order of their numbers.

    Beside each of `regrouped`, which others lead now at the same time, is how many are missing and not replaced yet.
    """

    cancelled: list[SessionFacts]
    moved: list[tuple[SessionFacts, SessionFacts]]
    new: list[SessionFacts]
    regrouped: list[tuple[SessionFacts, int]]
    lost: list[SessionFacts]

    def dates(self) -> Iterator[date]:
        """Give every date on which somebody would come, or not come, in vain."""
        for each in (*self.cancelled, *self.new, *self.lost):
            yield each.date
        for now, before in self.moved:
            yield from (now.date, before.date)

    def is_empty(self) -> bool:
        """Say whether there is nothing to tell."""
        return not (self.cancelled or self.moved or self.new or self.regrouped or self.lost)


def change_letters(
    change: Change,
    before: RunFacts | None,
    told: Mapping[str, Told],
    now: datetime,
    holidays: Container[date],
    drafting: Drafting,
) -> list[Message]:
    """Tell the contact and each facilitator, once each, what is different for them from what they know.

    `before` is the run as the newest event before left it, `told` what each recipient knows of it. A change of what is
    near is critical. Nobody is written to whom it does not touch; for the contact the
    ledger then keeps a letter that is superseded from the first, as it is there that the run is known from.
    """
    audience = [(enquirer(change.run.enquiry), "contact", "")]
    audience += [(facilitator(each), "facilitator", each) for each in change.people()]
    letters = []
    for recipient, kind, person in audience:
        theirs = told.get(recipient, Told())
        whole = theirs.taken_over_by(change)
        news = _for_facilitator(whole, theirs, before, person) if person else _for_contact(whole, theirs, before)
        letter = draft(
            drafting,
            recipient=recipient,
            occasion=f"run_changed:{change.id}",
            version=change.run.version,
            template=f"run_changed_{kind}",
            subject_ref=f"run:{change.run.run}",
            due_at=now,
            facts=_facts(whole, news),
            urgency=_critical_if(_is_critical(news, now, holidays)),
        )
        if not news.is_empty():
            letters.append(letter)
        elif not person:
            letters.append(letter.superseded(AS_TOLD))
    return letters


def confirmed_anew(letter: Message, run: RunFacts, now: datetime, drafting: Drafting) -> Message:
    """Give, in place of a letter about a change, the dates as they are now, to somebody who had no confirmation so far.

    It is as urgent as the letter. Whoever has no session left gets the letter after all.
    """
    confirmations = run_confirmations(run, now, drafting) if run.sessions else []
    theirs = (each for each in confirmations if each.recipient == letter.recipient)
    return next((replace(each, urgency=letter.urgency) for each in theirs), letter)


def hold_letters(
    hold_id: str,
    facts: dict[str, Any],
    version: int,
    now: datetime,
    drafting: Drafting,
) -> list[Message]:
    """Tell the contact and the ops team what became of a hold; `facts` are what the event says of it."""
    reference, state = facts["enquiry"], facts["state"]
    occasion, told = f"hold:{hold_id}", []
    if state in HOLD_TO_CONTACT:
        letter = draft(
            drafting,
            recipient=enquirer(reference),
            occasion=occasion,
            version=version,
            template=f"hold_{state}_contact",
            subject_ref=f"run:{facts['run']}",
            due_at=now,
            facts=facts,
        )
        told.append(letter)
    if state in HOLD_TO_OPS:
        told.append(_to_ops(drafting, occasion, "hold_changed_ops", reference, facts, version, now))
    return told


def offer_letter(
    offer_id: str,
    person: str,
    facts: dict[str, Any],
    version: int,
    now: datetime,
    holidays: Container[date],
    drafting: Drafting,
) -> Message:
    """Ask a facilitator. It is critical for one of the next days, and where an answer is due before offices open."""
    soon = _is_near(date.fromisoformat(facts["first_date"]), now, holidays)
    answer_by = datetime.fromisoformat(facts["answer_by"])
    return draft(
        drafting,
        recipient=facilitator(person),
        occasion=f"offer:{offer_id}",
        version=version,
        template="offer_made_facilitator",
        subject_ref=f"run:{facts['run']}",
        due_at=now,
        useful_until=answer_by,
        facts=facts,
        urgency=_critical_if(soon or answer_by <= next_open(now, DEFAULT, holidays)),
    )


def offer_settled(
    offer_id: str,
    facts: dict[str, Any],
    version: int,
    now: datetime,
    holidays: Container[date],
    drafting: Drafting,
) -> Message:
    """Tell the ops team what became of an offer, at any hour where it was for one of the next days."""
    near = _is_near(date.fromisoformat(facts["first_date"]), now, holidays)
    about = (f"offer:{offer_id}", "offer_settled_ops", facts["enquiry"], facts, version, now)
    return _to_ops(drafting, *about, urgency=_critical_if(near))


def offer_withdrawn(
    offer_id: str,
    person: str,
    facts: dict[str, Any],
    version: int,
    now: datetime,
    holidays: Container[date],
    drafting: Drafting,
) -> Message:
    """Tell a facilitator that an answer is no longer needed."""
    near = _is_near(date.fromisoformat(facts["first_date"]), now, holidays)
    return draft(
        drafting,
        recipient=facilitator(person),
        occasion=f"offer:{offer_id}",
        version=version,
        template="offer_withdrawn_facilitator",
        subject_ref=f"run:{facts['run']}",
        due_at=now,
        facts=facts,
        urgency=_critical_if(near),
    )


def expiry_letters(
    notice_id: str, person: str, facts: dict[str, Any], now: datetime, drafting: Drafting
) -> list[Message]:
    """Tell the facilitator and the ops team that something ends soon."""
    return [
        draft(
            drafting,
            recipient=recipient,
            occasion=f"expiry_near:{notice_id}",
            template=f"expiry_near_{audience}",
            subject_ref=f"facilitator:{person}",
            due_at=now,
            facts={"facilitator": person, **facts},
        )
        for recipient, audience in ((facilitator(person), "facilitator"), (OPS, "ops"))
    ]


def memo_letter(
    memo_id: str, facts: dict[str, Any], now: datetime, holidays: Container[date], drafting: Drafting
) -> Message | None:
    """Send a gate memo to the contact, or tell the ops team that one is out of date. Other news is nobody's."""
    occasion = f"gate_memo:{facts['state']}:{memo_id}"
    near = _is_near(date.fromisoformat(facts["first_date"]), now, holidays)
    if facts["state"] == "out_of_date":
        about = (occasion, "gate_memo_out_of_date_ops", facts["enquiry"], facts, facts["memo_version"], now)
        return _to_ops(drafting, *about, urgency=_critical_if(near))
    if facts["state"] != "sent":
        return None
    return draft(
        drafting,
        recipient=enquirer(facts["enquiry"]),
        occasion=occasion,
        version=facts["memo_version"],
        template="gate_memo_sent_contact",
        subject_ref=f"run:{facts['run']}",
        due_at=now,
        facts=facts,
        urgency=_critical_if(near),
    )


def _for_contact(change: Change, told: Told, before: RunFacts | None) -> _News:
    known = told.known(before)
    unheard = set() if known is None else set(told.unsaid("new")) - set(known)
    cancelled = [each for each in change.cancelled if each.id not in unheard]
    return _news(cancelled, change.changed, known or {}, (), told.run or before)


def _for_facilitator(change: Change, told: Told, before: RunFacts | None, person: str) -> _News:
    known = told.known(before)
    theirs = {id_: each for id_, each in (known or {}).items() if each.is_led_by(person)}
    waited = {id_ for group in ("new", "lost", "cancelled") for id_ in told.unsaid(group)} - set(theirs)
    counted_on = waited if told.asked else set()
    unheard = set() if known is None else set(told.unsaid("new")) - set(theirs) - counted_on
    cancelled = [
        each
        for each in change.cancelled
        if (each.is_led_by(person) or each.id in {*theirs, *counted_on}) and each.id not in unheard
    ]
    leads = [each for each in change.changed if each.is_led_by(person)]
    # Where no earlier letter says who led what, those who left have lost whatever was touched.
    lost = [
        each
        for each in change.changed
        if not each.is_led_by(person)
        and (person in change.left if known is None else each.id in {*theirs, *counted_on})
    ]
    return _news(cancelled, leads, theirs, lost, told.run or before)


def _news(
    cancelled: Iterable[SessionFacts],
    changed: Iterable[SessionFacts],
    known: dict[str, SessionFacts],
    lost: Iterable[SessionFacts],
    run: RunFacts | None,
) -> _News:
    moved, new, regrouped = [], [], []
    for each in _by_number(changed):
        before = known.get(each.id)
        if before is None:
            new.append(each)
        elif before.when != each.when:
            moved.append((each, before))
        elif not _is_as_told(each, before):
            regrouped.append((each, _missing(each, before, run)))
    return _News(_by_number(cancelled), moved, new, regrouped, _by_number(lost))


def _is_as_told(now: SessionFacts, before: SessionFacts) -> bool:
    """Say whether a session is at the same time and led by the same people, however often it changed in between."""
    if now.facilitators is None or before.facilitators is None:
        return now == before
    same_people = set(now.facilitators) == set(before.facilitators)
    return same_people and (now.number, now.when) == (before.number, before.when)


def _missing(now: SessionFacts, before: SessionFacts, run: RunFacts | None) -> int:
    """Count those who lead a session no more, where nobody new does in their place."""
    led = before.facilitators
    if led is None and run is not None:
        led = run.facilitators
    if led is None or now.facilitators is None or set(now.facilitators) - set(led):
        return 0
    return len(set(led) - set(now.facilitators))


def _by_number(sessions: Iterable[SessionFacts]) -> list[SessionFacts]:
    return sorted(sessions, key=lambda session: (session.number, session.date))


def _facts(change: Change, news: _News) -> dict[str, Any]:
    return {
        **change.run.to_plain(),
        "of": change.run.of,
        "change": change.id,
        "kind": change.kind,
        "cancelled": [each.to_plain() for each in news.cancelled],
        "moved": [each.to_plain() | {"was": before.to_plain()} for each, before in news.moved],
        "new": [each.to_plain() for each in news.new],
        "regrouped": [each.to_plain() | ({"missing": count} if count else {}) for each, count in news.regrouped],
        "lost": [each.to_plain() for each in news.lost],
    }


def _is_critical(news: _News, now: datetime, holidays: Container[date]) -> bool:
    return any(_is_near(day, now, holidays) for day in news.dates())


def _critical_if(is_so: bool) -> Urgency | None:
    """Give the urgency of a letter, or None for the one that its template has."""
    return Urgency.CRITICAL if is_so else None


def _is_near(day: date, now: datetime, holidays: Container[date]) -> bool:
    today = day_in_london(now)
    return day >= today and working_days_between(today, day, holidays) <= CRITICAL_DAYS


def _to_ops(
    drafting: Drafting,
    occasion: str,
    template: str,
    reference: str,
    facts: dict[str, Any],
    version: int,
    now: datetime,
    urgency: Urgency | None = None,
) -> Message:
    return draft(
        drafting,
        recipient=OPS,
        occasion=occasion,
        version=version,
        template=template,
        subject_ref=f"enquiry:{reference}",
        due_at=now,
        facts={"reference": reference, **facts},
        urgency=urgency,
    )
