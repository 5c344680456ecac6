"""The daily balance of the intake: what came in is filed, quarantined or merged, and each of it is accounted for.

Everything that was accepted counts, also what an operator took by phone or on paper: it can fall out just as well. Our
own test enquiries do not: they are kept apart and are no enquiries. A day is a day in London. Source: peers notes,
section 3, "Enquiry ledger".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.enquiries.domain.standing import Standing
from shared.clock import LONDON

WITHIN = timedelta(hours=1)
"""How long filing and thanking may take before an enquiry counts as left behind: usually both take seconds."""

BY_HAND = frozenset({"phone", "paper"})
"""The channels through which an operator takes an enquiry for someone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the balance looks at of one enquiry.

    `let_in_at` is when it was received, or released from quarantine. `answerable` says that an email address was given,
    `target_known` that the enquiry it was merged into exists.
    """

    reference: str
    standing: str
    channel: str
    let_in_at: datetime
    filed_at: datetime | None
    acknowledged_at: datetime | None
    answerable: bool
    target_known: bool


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """What the balance cannot vouch for: an enquiry by its reference, and why."""

    reference: str
    why: str


@dataclass(frozen=True, slots=True)
class Balance:
    """One day. `by_hand` says how many of those received an operator took down."""

    day: date
    received: int
    filed: int
    quarantined: int
    merged: int
    by_hand: int
    unaccounted: tuple[Unaccounted, ...]

    @property
    def comes_out(self) -> bool:
        """Whether received = filed + quarantined + merged, and nothing is left over."""
        return self.received == self.filed + self.quarantined + self.merged and not self.unaccounted


def balance(
    day: date, counts: Mapping[tuple[str, str], int], doubtful: Iterable[Entry], kept: int | None, now: datetime
) -> Balance:
    """Draw the balance of a day.

    `counts` has how many were received, by standing and channel; `doubtful` every enquiry of the day that may not be
    accounted for; `kept` how many had been received when the day was closed, where it was.
    """

    def standing_in(*wanted: Standing) -> int:
        return sum(count for (standing, _), count in counts.items() if standing in wanted)

    received = sum(counts.values())
    return Balance(
        day=day,
        received=received,
        filed=standing_in(Standing.FILED),
        quarantined=standing_in(Standing.QUARANTINED),
        merged=standing_in(Standing.MERGED),
        by_hand=sum(count for (_, channel), count in counts.items() if channel in BY_HAND),
        unaccounted=(*_missing(day, received, kept), *_left_over(doubtful, now)),
    )


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """Give the moments at which a day in London begins and ends, in UTC; it has 23 or 25 hours when clocks change."""
    begins, ends = (datetime.combine(each, time(), LONDON).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return begins, ends


def days_to_close(last_closed: date | None, today: date, most: int = 31) -> tuple[date, ...]:
    """Give the days before `today` that are still to be closed, oldest first: the last `most` at the utmost."""
    yesterday = today - timedelta(days=1)
    first = yesterday if last_closed is None else max(last_closed + timedelta(days=1), today - timedelta(days=most))
    return tuple(first + timedelta(days=ahead) for ahead in range((yesterday - first).days + 1))


def _missing(day: date, received: int, kept: int | None) -> Iterator[Unaccounted]:
    if kept is not None and received < kept:
        yield Unaccounted(day.isoformat(), f"{kept - received} that had been received by the end of the day are gone")


def _left_over(entries: Iterable[Entry], now: datetime) -> Iterator[Unaccounted]:
    for entry in entries:
        if why := _why_left_over(entry, now):
            yield Unaccounted(entry.reference, why)


def _why_left_over(entry: Entry, now: datetime) -> str | None:
    match entry.standing:
        case Standing.FILED:
            return _why_not_dealt_with(entry) if now - entry.let_in_at > WITHIN else None
        case Standing.MERGED:
            return None if entry.target_known else "it was merged into an enquiry that does not exist"
        case Standing.QUARANTINED:
            return None
    return f"nobody knows the standing '{entry.standing}'"


def _why_not_dealt_with(entry: Entry) -> str | None:
    if entry.filed_at is None:
        return "it was never filed: `keytalk dead list` may show why"
    if entry.acknowledged_at is None and entry.answerable and entry.channel not in BY_HAND:
        return "its acknowledgement did not go out: `keytalk messages list` shows why"
    return None
