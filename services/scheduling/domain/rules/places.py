"""The rules about where a session is and where its people come from: the establishment, H6 and H8."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.domain.words import counted, in_words


def establishment_is_active(session: Session, facts: Facts) -> Breach | None:
    """Keep runs to establishments that are open to them; a planned date elsewhere stands with this breach."""
    if facts.establishment.active:
        return None
    return Breach(
        "active",
        "establishment_is_active",
        f"{facts.establishment.name} is marked as not active, and the session on {in_words(session.date)} is to be "
        "there. Marking it active, or another establishment, would mend it.",
    )


def facilitator_is_in_one_place(session: Session, facilitator_id: UUID, facts: Facts) -> Breach | None:
    """H6: none of the facilitator's other confirmed sessions overlaps this one or lies too close to it.

    Between two establishments there has to be time to get out of the earlier, travel, and report at the later. In one
    and the same place no time is needed. A remote session has no gate and no journey; the gate of a prison counts next
    to one all the same.
    """
    near = facts.bookings_about(facilitator_id, session.date)
    if not near:
        return None
    start, end = session.starts_at(), session.ends_at()
    clash = next((each for each in near if _is_too_close(start, end, each, facts)), None)
    if clash is None:
        return None
    return Breach(
        "H6",
        "facilitator_is_in_one_place",
        f"{facts.name_of(facilitator_id)} is booked for {clash.what}, too close to the session on "
        f"{in_words(session.date)} at {session.start:%H:%M}{_needing(start, end, clash, facts)}. Another facilitator "
        "or another time would mend it.",
        facilitator_id,
    )


def room_is_usable(session: Session, facts: Facts) -> Breach | None:
    """H8: the room, where one is chosen, is one of the establishment's and in use."""
    if session.room_id is None or facts.is_remote:
        return None
    room = facts.rooms.get(session.room_id)
    if room is not None and room.active:
        return None
    name = f"{room.name} at {facts.establishment.name} is" if room else "The room chosen is"
    state = "not in use" if room else f"none of {facts.establishment.name}'s"
    why = f"{name} {state}, and the session on {in_words(session.date)} is to be there. Another room would mend it."
    return Breach("H8", "room_is_usable", why)


def room_holds_everyone(session: Session, facts: Facts) -> Breach | None:
    """H8: the room holds the group and its facilitators."""
    room = facts.rooms.get(session.room_id) if session.room_id and not facts.is_remote else None
    everyone = (facts.group_size or 0) + len(set(session.facilitator_ids))
    if room is None or everyone <= room.capacity:
        return None
    return Breach(
        "H8",
        "room_holds_everyone",
        f"{room.name} holds {counted(room.capacity, 'person').replace('persons', 'people')}, and the session on "
        f"{in_words(session.date)} has {everyone} with its facilitators. A larger room or a smaller group would "
        "mend it.",
    )


def room_is_free(session: Session, facts: Facts) -> Breach | None:
    """H8: nobody else has the room at that time."""
    if session.room_id is None or facts.is_remote:
        return None
    start, end = session.starts_at(), session.ends_at()
    taken = facts.bookings_of_room(session.room_id)
    other = next((each for each in taken if start < each.ends_at and each.starts_at < end), None)
    if other is None:
        return None
    room = facts.rooms.get(session.room_id)
    return Breach(
        "H8",
        "room_is_free",
        f"{room.name if room else 'The room'} is taken by {other.what} when the session on {in_words(session.date)} at "
        f"{session.start:%H:%M} is to be there. Another room or another time would mend it.",
    )


def _is_too_close(start: dt.datetime, end: dt.datetime, booking: Booking, facts: Facts) -> bool:
    before, after = _gaps(booking, facts)
    return start < booking.ends_at + before and booking.starts_at < end + after


def _gaps(booking: Booking, facts: Facts) -> tuple[dt.timedelta, dt.timedelta]:
    """Give the time needed where the booking comes before the session, and where it comes after."""
    key = booking.establishment_id, booking.in_prison
    found = facts.gaps.get(key)
    if found is None:
        found = facts.gaps[key] = _work_out_gaps(booking, facts)
    return found


def _work_out_gaps(booking: Booking, facts: Facts) -> tuple[dt.timedelta, dt.timedelta]:
    in_prison = not facts.is_remote
    if in_prison and booking.in_prison and booking.establishment_id == facts.establishment.id:
        return dt.timedelta(0), dt.timedelta(0)
    here = facts.gate_of(facts.establishment.id) if in_prison else (0, 0)
    there = facts.gate_of(booking.establishment_id) if booking.in_prison else (0, 0)
    journey = 0
    if in_prison and booking.in_prison:
        journey = facts.travel.minutes(booking.establishment_id, facts.establishment.id) or 0
    (report_here, exit_here), (report_there, exit_there) = here, there
    return (
        dt.timedelta(minutes=exit_there + journey + report_here),
        dt.timedelta(minutes=exit_here + journey + report_there),
    )


def _needing(start: dt.datetime, end: dt.datetime, clash: Booking, facts: Facts) -> str:
    """Say what time is needed between the two, where they do not overlap outright."""
    if start < clash.ends_at and clash.starts_at < end:
        return ""
    before, after = _gaps(clash, facts)
    needed = before if clash.ends_at <= start else after
    minutes = counted(int(needed.total_seconds()) // 60, "minute")
    return f": with the gates and the journey, {minutes} are needed in between"
