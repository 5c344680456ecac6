"""What the other services told us about enquiries and runs, as this service needs it. No personal data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class EnquiryFacts:
    """An enquiry by its public reference, with the words people know its programme and prison by."""

    reference: str
    programme: str
    establishment: str

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> EnquiryFacts:
        """Read `{"reference", "programme", "establishment"}`, all names for people; KeyError names a lack."""
        return cls(plain["reference"], plain["programme"], plain["establishment"])

    def to_plain(self) -> dict[str, Any]:
        """Give the JSON form that `from_plain` reads."""
        return {
            "reference": self.reference,
            "programme": self.programme,
            "establishment": self.establishment,
        }


@dataclass(frozen=True)
class SessionFacts:
    """One session of a run. Its local date and times and its zone are the truth; UTC is worked out from them.

    `revision` counts its changes; who leads it are ids in `facilitators`. Both are None where that was not told.
    `closed` are dates before it on which its place is closed.
    """

    id: str
    number: int
    date: dt.date
    start: dt.time
    end: dt.time
    zone: str = "Europe/London"
    revision: int | None = None
    facilitators: tuple[str, ...] | None = None
    # It is no part of what a session is: where only this differs, nothing was changed.
    closed: frozenset[dt.date] = field(default=frozenset(), compare=False)

    @property
    def when(self) -> tuple[dt.date, dt.time, dt.time, str]:
        """Its date, its times and its zone: where these are the same, it was not moved."""
        return self.date, self.start, self.end, self.zone

    def is_led_by(self, facilitator: str) -> bool:
        """Say whether somebody of the run's team leads it: all of them do where nothing else was told."""
        return self.facilitators is None or facilitator in self.facilitators

    @property
    def starts_at(self) -> dt.datetime:
        """The moment it starts, in UTC."""
        return self.local(self.date, self.start).astimezone(dt.UTC)

    @property
    def ends_at(self) -> dt.datetime:
        """The moment it ends, in UTC."""
        return self.local(self.date, self.end).astimezone(dt.UTC)

    def local(self, day: dt.date, at: dt.time) -> dt.datetime:
        """Put a wall time on a day in this session's zone."""
        return dt.datetime.combine(day, at, ZoneInfo(self.zone))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> SessionFacts:
        """Read `{"id", "number", "date", "start", "end", "zone"?, "revision"?, "facilitators"?, "closed"?}`.

        An ISO date, local ISO times, an IANA zone.
        """
        people = plain.get("facilitators")
        return cls(
            id=str(plain["id"]),
            number=int(plain["number"]),
            date=dt.date.fromisoformat(plain["date"]),
            start=dt.time.fromisoformat(plain["start"]),
            end=dt.time.fromisoformat(plain["end"]),
            zone=plain.get("zone") or "Europe/London",
            revision=plain.get("revision"),
            facilitators=None if people is None else tuple(map(str, people)),
            closed=frozenset(map(dt.date.fromisoformat, plain.get("closed") or ())),
        )

    def to_plain(self) -> dict[str, Any]:
        """Give the JSON form that `from_plain` reads, times as HH:MM."""
        return {
            "id": self.id,
            "number": self.number,
            "date": self.date.isoformat(),
            "start": self.start.isoformat("minutes"),
            "end": self.end.isoformat("minutes"),
            "zone": self.zone,
            "revision": self.revision,
            "facilitators": None if self.facilitators is None else list(self.facilitators),
            "closed": [each.isoformat() for each in sorted(self.closed)],
        }


@dataclass(frozen=True)
class RunFacts:
    """A confirmed run: where, what, who leads it (ids only), and every session in order of number.

    `version` rises with each change of the run; a message of a higher version replaces one of a lower. `slug` is the
    programme's short name, `place` the establishment's id and `mode` in_person or remote; each is None where that was
    not told. `count` is how many sessions people count where not all are here.
    """

    run: str
    enquiry: str
    establishment: str
    programme: str
    facilitators: tuple[str, ...]
    sessions: tuple[SessionFacts, ...]
    version: int
    slug: str | None = None
    place: str | None = None
    mode: str | None = None
    count: int | None = None

    @property
    def of(self) -> int:
        """How many sessions people count: never fewer than the highest number, also where one fell out."""
        return max([self.count or 0, len(self.sessions), *(session.number for session in self.sessions)])

    def leaders(self) -> list[str]:
        """Give everybody who leads a session of it, once each."""
        led = (self.facilitators if each.facilitators is None else each.facilitators for each in self.sessions)
        return list(dict.fromkeys(person for people in led for person in people))

    def led_by(self, person: str) -> RunFacts:
        """Give the run with the sessions alone that somebody leads."""
        theirs = tuple(each for each in self.sessions if each.is_led_by(person))
        return self if theirs == self.sessions else replace(self, sessions=theirs, count=self.of)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RunFacts:
        """Read a run from its JSON form, as `to_plain` gives it; `slug`, `place`, `mode` and `count` may be left out.

        `run` and each of `facilitators` is an id, `enquiry` the public reference, the two names are words for
        people, `sessions` as `SessionFacts.from_plain` reads them. Raises KeyError or ValueError when one lacks.
        """
        sessions = sorted(map(SessionFacts.from_plain, plain["sessions"]), key=lambda session: session.number)
        return cls(
            run=str(plain["run"]),
            enquiry=plain["enquiry"],
            establishment=plain["establishment"],
            programme=plain["programme"],
            facilitators=tuple(dict.fromkeys(map(str, plain["facilitators"]))),
            sessions=tuple(sessions),
            version=int(plain["version"]),
            slug=plain.get("slug"),
            place=plain.get("place"),
            mode=plain.get("mode"),
            count=plain.get("count"),
        )

    def to_plain(self) -> dict[str, Any]:
        """Give the JSON form that `from_plain` reads."""
        return self.summary() | {
            "facilitators": list(self.facilitators),
            "sessions": [session.to_plain() for session in self.sessions],
            **({} if self.count is None else {"count": self.count}),
        }

    def summary(self) -> dict[str, Any]:
        """Give what is true of the run as a whole, as JSON and without its sessions and people."""
        return {
            "run": self.run,
            "enquiry": self.enquiry,
            "establishment": self.establishment,
            "programme": self.programme,
            "version": self.version,
            "slug": self.slug,
            "place": self.place,
            "mode": self.mode,
        }
