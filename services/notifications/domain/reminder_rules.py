"""The rules of reminders: what is reminded of, when, whom, and until when it is of use. Ops may edit the times.

Source of the defaults: domain notes, section 5.3.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import count, takewhile
from types import MappingProxyType
from typing import Literal, get_args

from services.notifications.domain.urgency import Urgency
from shared.working_days import add_working_days, working_day_before

Unit = Literal["d", "wd", "w", "m"]

_WORDS: Mapping[str, str] = {"d": "day", "wd": "working day", "w": "week", "m": "month"}
_OFFSET = re.compile(rf"(?P<count>\d{{1,3}})(?P<unit>{'|'.join(get_args(Unit))})", re.ASCII)

LATEST_IN_DAYS = 400
"""How far after its anchor a reminder may be."""
EARLIEST_IN_DAYS = 35
"""How far before its anchor: events say when a place is closed in the six weeks before a session."""
MOST_OFFSETS = 6
SHORTEST_IN_DAYS = 7
"""How soon at the earliest a reminder comes again that recurs."""
FIRST_HOUR, LAST_HOUR = time(8, 0), time(18, 0)
"""When a reminder may be sent, in local time: outside quiet hours."""

STAFF_TRAINING = "unlocking-the-key-to-compassion"
"""The programme whose delegates the prison names: three days of training for its staff."""

KIT_LIST_LETTER = "kit_list_contact"
"""The words of a kit list: what is on it is asked for as it goes out."""


class Anchor(StrEnum):
    """What a reminder is counted from: the start or the end of a session, or the first or the last one of a run."""

    SESSION_START = "session_start"
    SESSION_END = "session_end"
    FIRST_SESSION = "first_session"
    LAST_SESSION = "last_session"

    @property
    def is_of_run(self) -> bool:
        """Whether there is one for a run, rather than one for each session."""
        return self in {Anchor.FIRST_SESSION, Anchor.LAST_SESSION}


@dataclass(frozen=True, slots=True)
class Offset:
    """How far from its anchor: days, working days, weeks or months of the calendar, counted in the rule's direction."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Offset:
        """Read `5d`, `10wd`, `6w` or `3m`. Raises ValueError, in words for whoever wrote it."""
        found = _OFFSET.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"'{text}' is no offset. Write 5d (days), 10wd (working days), 6w (weeks) or 3m (months).")
        return cls(int(found["count"]), found["unit"])  # type: ignore[arg-type]

    @property
    def text(self) -> str:
        """The offset as it is typed, and as it stands in the key of a reminder."""
        return f"{self.count}{self.unit}"

    @property
    def words(self) -> str:
        """The offset as people say it: "5 days"."""
        return f"{self.count} {_WORDS[self.unit]}{'' if self.count == 1 else 's'}"

    @property
    def about_days(self) -> int:
        """About how many days it is, to put offsets in order and to keep them within bounds."""
        days = {"d": 1.0, "wd": 1.4, "w": 7.0, "m": 30.4}[self.unit]
        return round(self.count * days)

    def times(self, count: int) -> Offset:
        """Give an offset so many times as far."""
        return Offset(self.count * count, self.unit)

    def before(self, day: date, closed: Container[date]) -> date:
        """Give the date so far before a day; working days are those that are not `closed`."""
        if self.unit == "wd":
            return working_day_before(day, self.count, closed)
        return _months_after(day, -self.count) if self.unit == "m" else day - timedelta(self._days)

    def after(self, day: date, closed: Container[date]) -> date:
        """Give the date so far after a day."""
        if self.unit == "wd":
            return add_working_days(day, self.count, closed)
        return _months_after(day, self.count) if self.unit == "m" else day + timedelta(self._days)

    @property
    def _days(self) -> int:
        return self.count * (7 if self.unit == "w" else 1)


def _months_after(day: date, count: int) -> date:
    """Give the same day of another month, or the last one of a month that is shorter."""
    years, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """One rule: `about` says in a sentence what its reminders are for.

    `is_before` is its direction, which belongs to the rule for good: a reminder comes before what it reminds of, an ask
    after what it asks about. `at` is local time. `templates` are the words for each audience (contact, facilitator,
    ops), `nearest` those of the reminder closest to the anchor, where they are others. `useful_for` is how long after
    its time a late one still helps; None is until the anchor itself. `programmes` and `mode` (in_person, remote) say
    which runs it is for; None is all.

    A rule that `recurs` counts from the first session and has one offset: it comes again each time so much has passed,
    as long as there is a session after it. One that `lists` tells the sessions after its day until so far ahead, and
    there is none where there are no such sessions.
    """

    name: str
    about: str
    anchor: Anchor
    is_before: bool
    offsets: tuple[Offset, ...]
    at: time
    templates: Mapping[str, str]
    urgency: Urgency
    nearest: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    useful_for: timedelta | None = None
    programmes: frozenset[str] | None = None
    mode: str | None = None
    recurs: bool = False
    lists: Offset | None = None
    is_on: bool = True

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom it is for: contact, facilitator, ops."""
        return tuple(self.templates)

    @property
    def ordered(self) -> tuple[Offset, ...]:
        """Its offsets in the order in which their times come."""
        return tuple(sorted(self.offsets, key=lambda offset: offset.about_days, reverse=self.is_before))

    def falling(self, first: date, last: date, closed: Container[date]) -> tuple[Offset, ...]:
        """Give the offsets at which it falls, from an anchor on `first`, in their order: its own ones.

        One that recurs falls at each multiple of its own before `last`, the date of the last session.
        """
        if not self.recurs:
            return self.ordered
        [every] = self.offsets
        multiples = (every.times(number) for number in count(1))
        return tuple(
            takewhile(lambda each: each.about_days <= LATEST_IN_DAYS and each.after(first, closed) < last, multiples)
        )

    def is_for(self, programme: str | None, mode: str | None) -> bool:
        """Say whether it is for runs of a programme that are held so; what is not known is not one of some only."""
        return (self.programmes is None or programme in self.programmes) and self.mode in {None, mode}

    def words_for(self, audience: str, offset: Offset) -> str:
        """Give the template for an audience."""
        is_nearest = self.is_before and offset == self.ordered[-1]
        return (self.nearest if is_nearest else {}).get(audience, self.templates[audience])

    def edited(self, offsets: tuple[Offset, ...], at: time, is_on: bool) -> ReminderRule:
        """Give the rule with other times."""
        return replace(self, offsets=offsets, at=at, is_on=is_on)

    def problems(self) -> dict[str, list[str]]:
        """Say what is wrong with its times: sentences by field, none when all is well. Each names the mend."""
        found = {"offsets": self._why_not_offsets(), "at": self._why_not_at()}
        return {name: [why] for name, why in found.items() if why}

    def _why_not_offsets(self) -> str | None:
        if not 1 <= len(self.offsets) <= MOST_OFFSETS:
            return f"Give 1 to {MOST_OFFSETS} offsets. To have none sent, switch the rule off."
        if self.recurs and (len(self.offsets) > 1 or self.offsets[0].about_days < SHORTEST_IN_DAYS):
            return "One offset says how often it comes. Give one of a week or more, such as 4w."
        if len(set(self.offsets)) < len(self.offsets):
            return "One offset is there twice. Give each once."
        most = EARLIEST_IN_DAYS if self.is_before else LATEST_IN_DAYS
        far = next((each for each in self.offsets if each.about_days > most), None)
        return f"{far.words} is too far. Give {most} days or fewer." if far else None

    def _why_not_at(self) -> str | None:
        if self.at.second or self.at.microsecond:
            return "Give the time in hours and minutes, such as 15:00."
        if FIRST_HOUR <= self.at <= LAST_HOUR:
            return None
        return f"{self.at:%H:%M} is in quiet hours. Give a time from {FIRST_HOUR:%H:%M} to {LAST_HOUR:%H:%M}."


def _offsets(*texts: str) -> tuple[Offset, ...]:
    return tuple(map(Offset.parse, texts))


SESSION_REMINDER = ReminderRule(
    name="session_reminder",
    about="A session is near.",
    anchor=Anchor.SESSION_START,
    is_before=True,
    offsets=_offsets("5d", "1d"),
    at=time(15, 0),
    templates={"contact": "session_reminder_contact", "facilitator": "session_reminder_facilitator"},
    nearest={"facilitator": "session_brief_facilitator"},
    urgency=Urgency.REMINDER,
)
REGISTER_DUE = ReminderRule(
    name="register_due",
    about="A session was held, and its register is to be handed in.",
    anchor=Anchor.SESSION_END,
    is_before=False,
    offsets=_offsets("0d"),
    at=time(18, 0),
    templates={"facilitator": "register_due_facilitator"},
    # On the evening of the session, whatever day it is: they have just been there.
    urgency=Urgency.REMINDER,
    useful_for=timedelta(hours=15),
)
REGISTER_NUDGE = ReminderRule(
    name="register_nudge",
    about="The register of a session is not in yet.",
    anchor=Anchor.SESSION_END,
    is_before=False,
    offsets=_offsets("1d"),
    at=time(10, 0),
    templates={"facilitator": "register_nudge_facilitator"},
    urgency=Urgency.ORDINARY,
    useful_for=timedelta(days=2),
)
REGISTER_LATE = ReminderRule(
    name="register_late",
    about="The register of a session is still not in: somebody should ask for it.",
    anchor=Anchor.SESSION_END,
    is_before=False,
    offsets=_offsets("3wd"),
    at=time(10, 0),
    templates={"ops": "register_late_ops"},
    urgency=Urgency.ORDINARY,
    useful_for=timedelta(days=14),
)
FEEDBACK = ReminderRule(
    name="feedback",
    about="A run has ended, and we ask how it was.",
    anchor=Anchor.LAST_SESSION,
    is_before=False,
    offsets=_offsets("1d", "7d"),
    at=time(10, 0),
    templates={"contact": "feedback_contact"},
    urgency=Urgency.ORDINARY,
    useful_for=timedelta(days=5),
)
CHECK_IN = ReminderRule(
    name="check_in",
    about="Some time has passed since a run, and we ask how things are.",
    anchor=Anchor.LAST_SESSION,
    is_before=False,
    offsets=_offsets("6w", "3m"),
    at=time(10, 0),
    templates={"contact": "check_in_contact"},
    urgency=Urgency.ORDINARY,
    useful_for=timedelta(days=21),
)
DELEGATE_NAMES = ReminderRule(
    name="delegate_names",
    about="Staff training begins, and the prison says who takes part.",
    anchor=Anchor.FIRST_SESSION,
    is_before=True,
    offsets=_offsets("10wd"),
    at=time(10, 0),
    templates={"contact": "delegate_names_contact"},
    urgency=Urgency.ORDINARY,
    programmes=frozenset({STAFF_TRAINING}),
)
KIT_LIST = ReminderRule(
    name="kit_list",
    about="A run begins, and security at the prison sees what it brings in.",
    anchor=Anchor.FIRST_SESSION,
    is_before=True,
    offsets=_offsets("15wd"),
    at=time(10, 0),
    templates={"contact": KIT_LIST_LETTER},
    # As with all papers for the gate: without an answer, nothing can come in.
    urgency=Urgency.NEEDED,
    mode="in_person",
)
ROLLING_CONFIRMATION = ReminderRule(
    name="rolling_confirmation",
    about="A run goes on, and the prison looks over the sessions of the next eight weeks.",
    anchor=Anchor.FIRST_SESSION,
    is_before=False,
    # Counted from the first session: before it, the confirmation of the run tells the same dates, and a reminder of
    # each session follows. Eight weeks lie inside the 60 days for which a prison has its activities planned.
    offsets=_offsets("4w"),
    at=time(10, 0),
    templates={"contact": "rolling_confirmation_contact"},
    urgency=Urgency.ORDINARY,
    useful_for=timedelta(days=4),
    recurs=True,
    lists=Offset.parse("8w"),
)

RULES: Mapping[str, ReminderRule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            SESSION_REMINDER,
            REGISTER_DUE,
            REGISTER_NUDGE,
            REGISTER_LATE,
            FEEDBACK,
            CHECK_IN,
            DELEGATE_NAMES,
            KIT_LIST,
            ROLLING_CONFIRMATION,
        )
    }
)
"""Every rule by its name, as it comes with Keytalk."""

OF_REGISTERS = frozenset({REGISTER_DUE.name, REGISTER_NUDGE.name, REGISTER_LATE.name})
"""The rules that ask for a register: they ask no more once it is in."""

REMINDER_TEMPLATES = frozenset(
    template for rule in RULES.values() for template in (*rule.templates.values(), *rule.nearest.values())
)
"""The templates of all reminders."""
