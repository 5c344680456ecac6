"""How long each kind of record is kept, from when that counts, and why. One table; the nightly job follows it.

Source: domain notes, section 4, "Retention defaults". Two records are not in the table because others see to them: kept
answers of commands (a week, `shared.messaging.housekeeping`) and mail on this machine (24 months, notifications). The
steps of a timeline stay: they hold ids and what was done, never an enquirer's name or words.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from shared.clock import LONDON, day_in_london


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one kind of record is kept.

    A record is due once `days`, `months` or `years` have passed since a day of its own, which `since` names. `years`
    are whole ones after the year of that day, as accounts are kept ("six years and the current one").
    """

    record: str
    since: str
    goes: str
    why: str
    days: int = 0
    months: int = 0
    years: int = 0

    @property
    def period(self) -> str:
        """The period in words."""
        if self.years:
            return f"{self.years} years after the current one"
        return f"{self.months} months" if self.months else f"{self.days} days"

    def cut_off(self, today: date) -> date:
        """Give the last day of which a record is due today.

        >>> RULES["enquiry"].cut_off(date(2026, 11, 24)), RULES["agreement"].cut_off(date(2033, 1, 1))
        (datetime.date(2024, 11, 24), datetime.date(2026, 12, 31))
        """
        if self.years:
            return date(today.year - self.years - 1, 12, 31)
        return months_after(today, -self.months) - timedelta(days=self.days)

    def is_due(self, since: date, today: date) -> bool:
        """Say whether a record whose time counts from `since` goes today."""
        return since <= self.cut_off(today)

    def cut_off_moment(self, now: datetime) -> datetime:
        """Give the moment before which what happened is due now; its days are London's."""
        day = self.cut_off(day_in_london(now)) + timedelta(days=1)
        return datetime.combine(day, time(), LONDON).astimezone(UTC)


def months_after(day: date, months: int) -> date:
    """Give the same day some months later (or earlier); the last of the month where it has no such day.

    >>> months_after(date(2027, 1, 31), 1)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.record: rule
        for rule in (
            Rule(
                "spam",
                since="the last step taken with it",
                goes="who wrote and what; the bare entry stays, so that the daily balance comes out",
                why="Spam is looked at again only while a mistake may still be noticed.",
                days=30,
            ),
            Rule(
                "enquiry",
                since="the last word of either side",
                goes="who asked and every word; the bare entry stays for the counts",
                why="An enquiry that led to nothing is of use while it may be taken up again.",
                months=24,
            ),
            Rule(
                "contact_left",
                since="the day they left or could no longer be reached",
                goes="the person, their history and the posts they held",
                why="Somebody who left may be asked who follows them, for a time.",
                months=12,
            ),
            Rule(
                "contact",
                since="the last change to what we hold on them",
                goes="the person, their history and the posts they held",
                why="A contact of whom no enquiry is left is kept no longer than an enquiry.",
                months=24,
            ),
            Rule(
                "agreement",
                since="the end of the agreement",
                goes="who asked, every word, the names of those who signed and the purchase order; the figures stay",
                why="Agreements and invoices are kept for accounts and legal claims.",
                years=6,
            ),
            Rule(
                "data_request",
                since="the day it was settled",
                goes="the record that somebody asked for their data, or to be erased",
                why="Shows for as long as it may be asked that a request was met.",
                years=6,
            ),
        )
    }
)
