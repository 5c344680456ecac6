"""Facilitators, what they hold, and where they may work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from services.scheduling.domain.expiry import next_look
from services.scheduling.handlers import erasing, expiry
from services.scheduling.handlers import people as facilitators
from services.scheduling.people_schemas import (
    AccreditationSchema,
    AheadSchema,
    ClearanceChangeSchema,
    ClearanceSchema,
    DateSchema,
    FacilitatorChangeSchema,
    FacilitatorSchema,
    HoursSchema,
    LeaveSchema,
    PartSchema,
    WhoSchema,
)
from services.scheduling.queries import people
from services.scheduling.queries.expiry import preview_expiries
from services.scheduling.schemas import read, read_id
from shared.clock import day_in_london
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store, new_id

MOST_IDS = 500


class PeopleDoors:
    """Facilitators: put on file, looked up, cleared for places, and told of what ends."""

    store: Store

    @change
    def add_facilitator(self, name: str, email: str, actor: str | None = None) -> dict[str, Any]:
        """Put a facilitator on file."""
        person = read(FacilitatorSchema(), name=name, email=email)
        with self.store.work() as work:
            added = facilitators.add_facilitator(work, **person)
            return work.answer(people.get_facilitator(work.connection, added))

    @change
    def change_facilitator(
        self,
        facilitator: str,
        name: str | None = None,
        email: str | None = None,
        state: str | None = None,
        insured_until: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
        travel_limit_minutes: int | None = None,
        max_sessions_a_week: int | None = None,
        max_groups_a_day: int | None = None,
        vehicle: str | None = None,
        empty: list[str] | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Change what is given of somebody's entry; `needs_cover` lists the booked sessions of one who leaves."""
        given = {
            "name": name,
            "email": email,
            "state": state,
            "insured_until": insured_until,
            "latitude": latitude,
            "longitude": longitude,
            "travel_limit_minutes": travel_limit_minutes,
            "max_sessions_a_week": max_sessions_a_week,
            "max_groups_a_day": max_groups_a_day,
            "vehicle": vehicle,
            "empty": empty,
        }
        changes = read(FacilitatorChangeSchema(), **_given(given))
        person = read_id(facilitator, "facilitator")
        with self.store.work() as work:
            facilitators.change_facilitator(work, person, changes)
            entry = people.get_facilitator(work.connection, person)
            uncovered = (
                people.needing_cover(work.connection, person, day_in_london(work.now))
                if entry["state"] == "left"
                else []
            )
            return work.answer({**entry, "needs_cover": uncovered})

    @operation
    def get_facilitator(self, facilitator: str) -> dict[str, Any]:
        """Give a facilitator with all they hold."""
        with self.store.database.reading() as connection:
            return people.get_facilitator(connection, read_id(facilitator, "facilitator"))

    @operation
    def list_facilitators(self, state: str | None = None, brief: bool = False) -> list[dict[str, Any]]:
        """List facilitators with all they hold, those in one state or all.

        `brief` gives their ids, names and states alone, which is much quicker.
        """
        which = read(WhoSchema(), state=state, brief=brief)
        with self.store.database.reading() as connection:
            return people.list_facilitators(connection, **which)

    @operation
    def list_sessions_ahead(self, facilitator: str) -> list[dict[str, Any]]:
        """List somebody's sessions that are still to be, drafts too: `run_state` says which are booked."""
        person = read_id(facilitator, "facilitator")
        with self.store.database.reading() as connection:
            people.get_facilitator(connection, person)
            return people.sessions_ahead(connection, person, day_in_london(self.store.clock()))

    @change
    def erase_facilitator(
        self, facilitator: str, reason: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Erase what is held on a facilitator; the sessions they led stay, without a name.

        The reason is for the audit of whoever asks: nothing that was written about them is kept here.
        """
        person = read_id(facilitator, "facilitator")
        with self.store.work() as work:
            erasing.erase_facilitator(work, person)
            return work.answer(people.get_facilitator(work.connection, person))

    @change
    def add_accreditation(
        self, facilitator: str, kind: str, valid_from: str, valid_until: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Record what somebody is qualified for."""
        held = read(AccreditationSchema(), kind=kind, valid_from=valid_from, valid_until=valid_until)
        person = read_id(facilitator, "facilitator")
        with self.store.work() as work:
            facilitators.add_accreditation(work, person, held)
            return work.answer(people.get_facilitator(work.connection, person))

    @change
    def end_accreditation(self, accreditation: str, on: str, actor: str | None = None) -> dict[str, Any]:
        """Have an accreditation end, `on` being its last day."""
        last = _date(on, "on")
        with self.store.work() as work:
            person = facilitators.end_accreditation(work, read_id(accreditation, "accreditation"), last)
            return work.answer(people.get_facilitator(work.connection, person))

    @change
    def add_leave(self, facilitator: str, first: str, last: str, actor: str | None = None) -> dict[str, Any]:
        """Note dates on which somebody is not to be asked; `needs_cover` lists their booked sessions then."""
        away = read(LeaveSchema(), first=first, last=last)
        person = read_id(facilitator, "facilitator")
        with self.store.work() as work:
            facilitators.add_leave(work, person, away)
            uncovered = people.needing_cover(
                work.connection, person, max(away.first, day_in_london(work.now)), away.last
            )
            return work.answer({**people.get_facilitator(work.connection, person), "needs_cover": uncovered})

    @change
    def remove_leave(self, leave: str, actor: str | None = None) -> dict[str, Any]:
        """Take leave back."""
        with self.store.work() as work:
            person = facilitators.remove_leave(work, read_id(leave, "leave"))
            return work.answer(people.get_facilitator(work.connection, person))

    @change
    def set_working_hours(
        self, facilitator: str, hours: list[dict[str, str]], actor: str | None = None
    ) -> dict[str, Any]:
        """Set somebody's week: `[{"weekday": "mon", "start": "09:00", "end": "17:00"}]`; none means any time."""
        pattern = read(HoursSchema(), hours=hours)
        person = read_id(facilitator, "facilitator")
        with self.store.work() as work:
            facilitators.set_working_hours(work, person, pattern)
            return work.answer(people.get_facilitator(work.connection, person))

    @change
    def grant_clearance(
        self,
        facilitator: str,
        establishment: str,
        valid_from: str,
        valid_until: str,
        level: str = "standard",
        state: str = "granted",
        site_access: bool = True,
        ctc: bool = False,
        keys_until: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Record the access that a prison has granted to a facilitator, or that was applied for."""
        clearance = read(
            ClearanceSchema(),
            facilitator=facilitator,
            establishment=establishment,
            valid_from=valid_from,
            valid_until=valid_until,
            level=level,
            state=state,
            site_access=site_access,
            ctc=ctc,
            keys_until=keys_until,
        )
        with self.store.work() as work:
            facilitators.grant_clearance(work, clearance)
            key = (clearance.facilitator_id, clearance.establishment_id, clearance.valid_from)
            return work.answer(people.find_clearance(work.connection, *key))

    @change
    def change_clearance(
        self,
        clearance: str,
        level: str | None = None,
        state: str | None = None,
        valid_from: str | None = None,
        valid_until: str | None = None,
        site_access: bool | None = None,
        ctc: bool | None = None,
        keys_until: str | None = None,
        no_keys: bool | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Change what is given of a clearance."""
        given = {
            "level": level,
            "state": state,
            "valid_from": valid_from,
            "valid_until": valid_until,
            "site_access": site_access,
            "ctc": ctc,
            "keys_until": keys_until,
            "no_keys": no_keys,
        }
        return self._change_clearance(clearance, read(ClearanceChangeSchema(), **_given(given)))

    @change
    def suspend_clearance(self, clearance: str, actor: str | None = None) -> dict[str, Any]:
        """Have a clearance open nothing until it is granted again. Why is not asked."""
        return self._change_clearance(clearance, {"state": "suspended"})

    def _change_clearance(self, clearance: str, changes: dict[str, Any]) -> dict[str, Any]:
        clearance_id = read_id(clearance, "clearance")
        with self.store.work() as work:
            facilitators.change_clearance(work, clearance_id, changes)
            return work.answer(people.get_clearance(work.connection, clearance_id))

    @change
    def agree_escort(self, facilitator: str, establishment: str, date: str, actor: str | None = None) -> dict[str, Any]:
        """Note that an establishment escorts somebody all the way on a date."""
        on, person = _date(date, "date"), read_id(facilitator, "facilitator")
        with self.store.work() as work:
            facilitators.agree_escort(work, person, establishment, on, actor=actor or "unnamed")
            return work.answer(people.get_facilitator(work.connection, person))

    @change
    def call_off_escort(
        self, facilitator: str, establishment: str, date: str, actor: str | None = None
    ) -> dict[str, Any]:
        """Take back that an establishment escorts somebody on a date."""
        on, person = _date(date, "date"), read_id(facilitator, "facilitator")
        with self.store.work() as work:
            facilitators.call_off_escort(work, person, establishment, on)
            return work.answer(people.get_facilitator(work.connection, person))

    @operation
    def clearance_matrix(
        self,
        establishments: list[str] | None = None,
        facilitators: list[str] | None = None,
        on: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Say how each facilitator stands with each establishment, and what ends when.

        With `limit`, of so many establishments only, those after the id `after`; `more` says whether others follow.
        """
        part = read(PartSchema(), after=after, limit=limit)
        day = _date(on, "on") if on else day_in_london(self.store.clock())
        persons = None if facilitators is None else [read_id(each, "facilitators") for each in facilitators[:MOST_IDS]]
        places = None if establishments is None else [str(each) for each in establishments[:MOST_IDS]]
        with self.store.database.reading() as connection:
            return people.clearance_matrix(connection, day, places, persons, **part)

    @operation
    def preview_expiries(self, days: int = 14, limit: int = 200) -> dict[str, Any]:
        """Say of which ends notice is given in the next so many days, by what is held now: each with its event."""
        ahead = read(AheadSchema(), days=days)["days"]
        with self.store.database.reading() as connection:
            return preview_expiries(connection, self.store.clock(), ahead, page_size(limit), new_id)

    @runs(expiry.TELL, lease=expiry.LEASE, every=next_look)
    def tell_of_expiries(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Tell of what ends soon."""
        with self.store.work() as work:
            expiry.tell_of_expiries(work)


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _date(text: str, argument: str) -> dt.date:
    try:
        found: dt.date = read(DateSchema(), date=text)["date"]
    except Refused as refusal:
        sentences = [sentence for each in refusal.fields.values() for sentence in each]
        raise Refused("invalid", sentences[0], {argument: sentences}) from None
    return found
