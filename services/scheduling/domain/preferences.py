"""The soft preferences: what makes one plan better than another, where both keep every hard rule.

Each is a named pure function, a sentence that is true when all is well, and gives a `Preference`: 0 points are best,
more are worse, and `why` says what was found either way. Some are about the dates and times of a row of sessions
(`of_slot`), some about one person who would lead them (`of_member`), and some about a run as it stands
(`preferences_of`; `warnings_of` gives those it does not meet). None of them blocks anything.
Source of the list: domain notes, section 5.4.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast
from uuid import UUID

from services.scheduling.domain.calendar import WindowName
from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.runs import Run, Session, Skipped
from services.scheduling.domain.words import WEEKDAYS, counted, in_words, listed

LONGEST_GAP: Final = 14
"""Days between two sessions of a run, beyond which a group loses its thread."""
SLACK: Final = 15
"""Minutes to spare in a window, so that a late unlock does not cost the session its end."""
MARGIN: Final = 30
"""Days for which a clearance is to last beyond a run's end: a cascade or a make-up needs them."""
COVER: Final = (3, 16)
"""At most so many of so many sessions with somebody else than the regular team."""
HEAVY: Final = 150
"""Minutes from which a session inside a prison takes so much out of those who lead it that they rest the next day."""
NEAR: Final = 30
"""Minutes between two places that can share a journey."""
FAR: Final = 60
"""Minutes of travel each way that nobody need think about."""
BESIDE: Final = 3
"""Days within which a closure lies beside a session: a long weekend, and no more."""
NOON: Final = dt.time(12)

WEIGHTS: Final[dict[str, float]] = {
    "later_start": 1.0,  # for each week after the earliest start
    "wish": 4.0,  # another weekday than the prison would like, and half of it for another part of the day
    "slack": 0.1,  # for each minute under `SLACK` in the tightest window
    "gap": 0.5,  # for each day over `LONGEST_GAP`
    "friday_afternoon": 0.5,  # for each session: activities are often cut (prisonuk.blogspot.com, 2014-09)
    "after_christmas": 1.0,  # for each session
    "beside_closure": 2.0,  # for the first and the last session each
    "same_slot": 0.5,  # for each session at another weekday, time or room than most
    "continuity": 0.5,  # for each session with cover
    "too_much_cover": 2.0,  # more, for each session with cover beyond `COVER`
    "travel": 1.0,  # for each quarter of an hour each way beyond `FAR`, on average
    "week_load": 2.0,  # for each session over somebody's weekly limit
    "day_load": 2.0,  # for each session over somebody's daily limit
    "rest_day": 0.5,  # for each session the day before or after another heavy one
    "clearance_margin": 0.1,  # for each day short of `MARGIN`
    "fair_share": 0.25,  # for each session that somebody has beyond the average
    "insurance_on_file": 0.5,  # where nobody has said until when somebody is insured
}
"""Points by preference: this project's own, to be argued about here and nowhere else."""


@dataclass(frozen=True, slots=True)
class Preference:
    """How well one wish is met: its code, its points (0 is best), and why in plain words, for the operator's eyes.

    `facilitator_id` is whom it is about, where it is about somebody.
    """

    code: str
    points: float
    why: str
    facilitator_id: UUID | None = None


def of_slot(
    sessions: Sequence[Session],
    skipped: Sequence[Skipped],
    weekday: int | None,
    window: str | None,
    earliest: dt.date | None,
    facts: Facts,
) -> tuple[Preference, ...]:
    """Weigh the dates and times of a row of sessions, whoever leads them.

    `weekday` (0 is Monday), `window` and `earliest` are what the prison would like, None where it has no wish.
    """
    if not sessions:
        return ()
    found = [starts_soon(sessions, earliest)] if earliest is not None else []
    return (
        *found,
        prison_has_its_wish(sessions, weekday, window, facts),
        window_leaves_slack(sessions, facts),
        gaps_are_short(sessions, skipped),
        no_friday_afternoon(sessions, facts),
        not_the_first_monday_after_christmas(sessions, facts),
        ends_lie_clear_of_closures(sessions, facts),
    )


def of_member(person: UUID, sessions: Sequence[Session], facts: Facts) -> tuple[Preference, ...]:
    """Weigh what a row of sessions asks of one person who leads, or would lead, all of them."""
    if not sessions:
        return ()
    return (
        journeys_are_short(person, sessions, facts),
        weeks_are_not_full(person, sessions, facts),
        days_are_not_full(person, sessions, facts),
        day_between_heavy_sessions(person, sessions, facts),
        clearance_outlasts_the_run(person, sessions, facts),
        work_is_shared_fairly(person, facts),
        insurance_is_on_file(person, facts),
    )


def preferences_of(run: Run, facts: Facts) -> tuple[Preference, ...]:
    """Weigh a run as it stands: its dates, its people, and how steady both are."""
    sessions = run.live
    slot = of_slot(sessions, run.skipped, facts.wish.weekday, facts.wish.window, None, facts)
    led: dict[UUID, list[Session]] = {}
    for session in sessions:
        for person in dict.fromkeys(session.facilitator_ids):
            led.setdefault(person, []).append(session)
    members = [each for person, theirs in led.items() for each in of_member(person, theirs, facts)]
    if not sessions:
        return ()
    return (same_people_throughout(run), same_slot_throughout(run, facts), *slot, *members)


def warnings_of(run: Run, facts: Facts) -> tuple[Preference, ...]:
    """Give the preferences that a run does not meet, the heaviest first."""
    found = [each for each in preferences_of(run, facts) if each.points > 0]
    return tuple(sorted(found, key=lambda each: (-each.points, each.code, each.why)))


def points_of(found: Sequence[Preference]) -> float:
    """Sum the points: the less the better."""
    return sum(each.points for each in found)


def long_gaps(sessions: Sequence[Session]) -> tuple[tuple[Session, Session], ...]:
    """Give the pairs of neighbours, by date, that lie more than `LONGEST_GAP` days apart."""
    in_order = sorted(sessions, key=lambda each: each.date)
    return tuple((one, other) for one, other in pairwise(in_order) if (other.date - one.date).days > LONGEST_GAP)


# The dates and times of a row of sessions.


def starts_soon(sessions: Sequence[Session], earliest: dt.date) -> Preference:
    """Start as early as was asked for: each week of waiting is a week that a group does without."""
    days = max(0, (sessions[0].date - earliest).days)
    if days < 7:
        return Preference("later_start", 0.0, "It starts in the first week that was asked for.")
    late = counted(days // 7, "week")
    return Preference("later_start", WEIGHTS["later_start"] * (days // 7), f"It starts {late} after the earliest day.")


def prison_has_its_wish(
    sessions: Sequence[Session], weekday: int | None, window: str | None, facts: Facts
) -> Preference:
    """Meet on the weekday and in the part of the day that the prison would like."""
    other_day = weekday is not None and any(each.date.weekday() != weekday for each in sessions)
    other_window = window is not None and not all(_is_in_window(each, window, facts) for each in sessions)
    points = WEIGHTS["wish"] * other_day + WEIGHTS["wish"] / 2 * other_window
    if not points:
        return Preference("wish", 0.0, "It meets when the prison would like to.")
    day = f"{WEEKDAYS[weekday]}s" if weekday is not None and other_day else ""
    part = {"am": "the morning", "pm": "the afternoon", "ed": "the evening", "day": "the whole day"}.get(window or "")
    wished = listed([each for each in (day, part if other_window else None) if each])
    return Preference("wish", points, f"The prison would rather have {wished}.")


def window_leaves_slack(sessions: Sequence[Session], facts: Facts) -> Preference:
    """Leave `SLACK` minutes or more in the window: people are unlocked late more often than early."""
    spare = [(minutes, each) for each in sessions if (minutes := _spare(each, facts)) is not None]
    if not spare:
        return Preference("slack", 0.0, "No window limits it.")
    least, where = min(spare, key=lambda each: each[0])
    short = sum(minutes < SLACK for minutes, _ in spare)
    if not short:
        return Preference("slack", 0.0, f"Its windows leave {counted(least, 'minute')} or more to spare.")
    window, use = _length(where, facts) + least, "uses" if short == 1 else "use"
    left = counted(least, "minute") if least else "no time"
    why = (
        f"{counted(short, 'session')} of {len(sessions)} {use} {_length(where, facts)} of the window's {window} "
        f"minutes, which leaves {left} to spare. A shorter session or a longer window would ease it."
    )
    return Preference("slack", WEIGHTS["slack"] * (SLACK - least), why)


def gaps_are_short(sessions: Sequence[Session], skipped: Sequence[Skipped] = ()) -> Preference:
    """Leave no more than `LONGEST_GAP` days between a session and the next."""
    found = long_gaps(sessions)
    if not found:
        return Preference("gap", 0.0, f"No two sessions lie more than {LONGEST_GAP} days apart.")
    over = sum((other.date - one.date).days - LONGEST_GAP for one, other in found)
    said = [
        f"{(other.date - one.date).days} days from {in_words(one.date)} to {in_words(other.date)}"
        for one, other in found
    ]
    reasons = list(dict.fromkeys(each.why for each in skipped for one, two in found if one.date < each.date < two.date))
    because = f" ({listed(reasons)})" if reasons else ""
    return Preference("gap", WEIGHTS["gap"] * over, f"There is no session for {listed(said)}{because}.")


def no_friday_afternoon(sessions: Sequence[Session], facts: Facts) -> Preference:
    """Keep off Friday afternoons: many prisons have no activities then (prisonuk.blogspot.com, 2014-09)."""
    late = [] if facts.is_remote else [each for each in sessions if each.date.weekday() == 4 and each.start >= NOON]
    if not late:
        return Preference("friday_afternoon", 0.0, "None falls on a Friday afternoon.")
    why = f"{counted(len(late), 'session')} on a Friday afternoon, when activities are often cut."
    return Preference("friday_afternoon", WEIGHTS["friday_afternoon"] * len(late), why)


def not_the_first_monday_after_christmas(sessions: Sequence[Session], facts: Facts) -> Preference:
    """Keep off the first open Monday after Christmas, when a prison is finding its feet again."""
    hit = [] if facts.is_remote else [each for each in sessions if _is_first_monday(each.date, facts)]
    if not hit:
        return Preference("after_christmas", 0.0, "None falls on the first Monday after Christmas.")
    why = f"{in_words(hit[0].date)} is the first Monday after the Christmas closure."
    return Preference("after_christmas", WEIGHTS["after_christmas"] * len(hit), why)


def ends_lie_clear_of_closures(sessions: Sequence[Session], facts: Facts) -> Preference:
    """Begin and end on days with no closure beside them: both have to be able to slip by a day or so."""
    in_order = sorted(sessions, key=lambda each: each.date)
    ends = dict.fromkeys((in_order[0].date, in_order[-1].date))
    beside = [] if facts.is_remote else [(on, why) for on in ends if (why := _closure_beside(on, facts))]
    if not beside:
        return Preference("beside_closure", 0.0, "Neither the first nor the last session lies beside a closure.")
    said = [f"{in_words(on)} lies beside {why}" for on, why in beside]
    points = WEIGHTS["beside_closure"] * len(beside)
    return Preference("beside_closure", points, f"The run begins or ends where a date could slip: {listed(said)}.")


# What the sessions ask of one person.


def journeys_are_short(person: UUID, sessions: Sequence[Session], facts: Facts) -> Preference:
    """Travel little: a day on which somebody is near already costs no journey of its own."""
    name, alone = facts.name_of(person), facts.travel.minutes(str(person), facts.establishment.id)
    if facts.is_remote or alone is None:
        why = f"{name} has no journey to make." if facts.is_remote else f"Nobody has put down where {name} starts from."
        return Preference("travel", 0.0, why, person)
    shared = sum(_shares_a_journey(person, each, facts) for each in sessions)
    mean = alone * (len(sessions) - shared) / len(sessions)
    points = WEIGHTS["travel"] * (max(0, mean - FAR) // 15)
    together = f", and is near already on {counted(shared, 'day')}" if shared else ""
    return Preference("travel", points, f"{name} travels {counted(alone, 'minute')} each way{together}.", person)


def weeks_are_not_full(person: UUID, sessions: Sequence[Session], facts: Facts) -> Preference:
    """Keep to the number of sessions inside prisons that somebody can lead in a week from Monday."""
    known = facts.facilitators.get(person)
    if known is None or facts.is_remote:
        return Preference("week_load", 0.0, "No session inside a prison is added.", person)
    mine = Counter(_monday(each.date) for each in sessions)
    load = {week: count + facts.prison_sessions_in(person, week) for week, count in mine.items()}
    over = {week: count - known.max_sessions_a_week for week, count in load.items()}
    total = sum(each for each in over.values() if each > 0)
    if total <= 0:
        why = f"{known.name} has at most {max(load.values())} of {known.max_sessions_a_week} sessions in a week."
        return Preference("week_load", 0.0, why, person)
    week = max(over, key=lambda each: (over[each], -each.toordinal()))
    why = (
        f"{known.name} would have {load[week]} sessions inside prisons in the week of {in_words(week)}, and "
        f"{known.max_sessions_a_week} are their limit."
    )
    return Preference("week_load", WEIGHTS["week_load"] * total, why, person)


def days_are_not_full(person: UUID, sessions: Sequence[Session], facts: Facts) -> Preference:
    """Keep to the number of groups that somebody can lead on one day."""
    known = facts.facilitators.get(person)
    most = known.max_groups_a_day if known else 1
    over = {each.date: 1 + len(facts.bookings_on(person, each.date)) - most for each in sessions}
    total = sum(each for each in over.values() if each > 0)
    if total <= 0:
        return Preference("day_load", 0.0, "No day has too many groups.", person)
    on = min(day for day, extra in over.items() if extra > 0)
    why = f"{facts.name_of(person)} would have {over[on] + most} groups on {in_words(on)}, and {most} are their limit."
    return Preference("day_load", WEIGHTS["day_load"] * total, why, person)


def day_between_heavy_sessions(person: UUID, sessions: Sequence[Session], facts: Facts) -> Preference:
    """Leave a day between a long session inside a prison and another run's.

    The days of one training belong together.
    """
    tired = [] if facts.is_remote else [each for each in sessions if _has_heavy_neighbour(person, each, facts)]
    if not tired:
        return Preference("rest_day", 0.0, "A day of rest lies between heavy sessions.", person)
    why = (
        f"{facts.name_of(person)} has another long session inside a prison the day before or after "
        f"{counted(len(tired), 'session')} of these, first about {in_words(tired[0].date)}."
    )
    return Preference("rest_day", WEIGHTS["rest_day"] * len(tired), why, person)


def clearance_outlasts_the_run(person: UUID, sessions: Sequence[Session], facts: Facts) -> Preference:
    """Hold a clearance for `MARGIN` days beyond the last session. One that ends before it is rule H3's to speak of."""
    last, name = max(each.date for each in sessions), facts.name_of(person)
    level = facts.establishment.required_level
    held = [each.valid_until for each in facts.clearances_of(person) if each.covers(last, level)]
    if facts.is_remote or not held:
        why = f"{name} needs no clearance." if facts.is_remote else f"No clearance of {name}'s covers the last session."
        return Preference("clearance_margin", 0.0, why, person)
    until = max(held)
    days = (until - last).days
    why = f"{name}'s clearance ends on {in_words(until)}, {counted(days, 'day')} after the last session."
    return Preference("clearance_margin", WEIGHTS["clearance_margin"] * max(0, MARGIN - days), why, person)


def work_is_shared_fairly(person: UUID, facts: Facts) -> Preference:
    """Share the work: whoever has more booked than the average of those looked at comes later."""
    mine, mean = facts.load_of(person), facts.mean_load
    name, booked = facts.name_of(person), counted(mine, "other session")
    why = f"{name} has {booked} booked in these weeks; the average is {mean:.0f}."
    return Preference("fair_share", WEIGHTS["fair_share"] * max(0.0, mine - mean), why, person)


def insurance_is_on_file(person: UUID, facts: Facts) -> Preference:
    """Know until when somebody is insured."""
    known = facts.facilitators.get(person)
    if known is None or known.insured_until is not None:
        return Preference("insurance_on_file", 0.0, "Their insurance is on file.", person)
    why = f"Nobody has put down until when {known.name} is insured."
    return Preference("insurance_on_file", WEIGHTS["insurance_on_file"], why, person)


# How steady a run is.


def same_people_throughout(run: Run) -> Preference:
    """Keep the same pair: a group opens up to people it knows. Cover is for at most `COVER` of the sessions."""
    team, sessions = set(run.facilitator_ids), run.live
    covered = [each for each in sessions if each.facilitator_ids and set(each.facilitator_ids) != team]
    if not covered:
        return Preference("continuity", 0.0, "The same people lead every session.")
    few, of = COVER
    beyond = max(0, len(covered) - few * len(sessions) // of)
    points = WEIGHTS["continuity"] * len(covered) + WEIGHTS["too_much_cover"] * beyond
    numbers = listed([str(each.number) for each in covered])
    are = "is" if len(covered) == 1 else "are"
    limit = f", more than {few} of {of}," if beyond else ""
    return Preference(
        "continuity",
        points,
        f"{counted(len(covered), 'session')} of {len(sessions)}{limit} {are} not led by the regular team as it is: "
        f"number {numbers}.",
    )


def same_slot_throughout(run: Run, facts: Facts) -> Preference:
    """Keep the same weekday, time and room. A daily programme has every weekday."""
    weekly = facts.programme.cadence == "weekly"
    slots = [(each.date.weekday() if weekly else None, each.start, each.room_id) for each in run.live]
    usual, _count = Counter(slots).most_common(1)[0]
    others = [each for each, slot in zip(run.live, slots, strict=True) if slot != usual]
    if not others:
        return Preference("same_slot", 0.0, "Every session has the same weekday, time and room.")
    numbers = listed([str(each.number) for each in others])
    why = f"{counted(len(others), 'session')} on another weekday, at another time or in another room: {numbers}."
    return Preference("same_slot", WEIGHTS["same_slot"] * len(others), why)


# What the above are worked out from.


def _is_in_window(session: Session, name: str, facts: Facts) -> bool:
    window = facts.calendar.regime_on(session.date).window(session.date.weekday(), cast("WindowName", name))
    if window is None:
        return (session.start < NOON) == (name in {"am", "day"})
    return window.start <= session.start < window.end


def _spare(session: Session, facts: Facts) -> int | None:
    """Give the minutes to spare in the window that holds a session, or None where none does or none is needed."""
    if facts.is_remote:
        return None
    weekday, regime = session.date.weekday(), facts.calendar.regime_on(session.date)
    day = regime.window(weekday, "day") if facts.programme.cadence == "daily" else None
    holding = [each for each in (*regime.on(weekday), day) if each and each.contains(session.start, session.end)]
    return max((each.minutes - _length(session, facts) for each in holding), default=None)


def _length(session: Session, facts: Facts) -> int:
    """Give the minutes that have to be held: a training day goes on to the window's end, and need not."""
    start, end = (at.hour * 60 + at.minute for at in (session.start, session.end))
    return min(end - start, facts.programme.minutes)


def _is_first_monday(on: dt.date, facts: Facts) -> bool:
    christmas = dt.date(on.year if on.month == 12 else on.year - 1, 12, 25) if on.month in {12, 1} else None
    if christmas is None or on.weekday() != 0 or on <= christmas:
        return False
    before = (on - dt.timedelta(weeks=back) for back in range(1, 6))
    return all(facts.calendar.closed_on(monday) for monday in before if monday > christmas)


def _closure_beside(on: dt.date, facts: Facts) -> str | None:
    days = [day * sign for day in range(1, BESIDE + 1) for sign in (1, -1)]
    whys = (facts.calendar.closed_on(on + dt.timedelta(days=each)) for each in days if _is_a_date(on, each))
    return next((why for why in whys if why), None)


def _is_a_date(on: dt.date, days: int) -> bool:
    return 1 <= on.toordinal() + days <= dt.date.max.toordinal()


def _shares_a_journey(person: UUID, session: Session, facts: Facts) -> bool:
    return any(_is_near(each, facts) for each in facts.bookings_on(person, session.date))


def _is_near(booking: Booking, facts: Facts) -> bool:
    minutes = facts.travel.minutes(booking.establishment_id, facts.establishment.id)
    return booking.in_prison and minutes is not None and minutes <= NEAR


def _has_heavy_neighbour(person: UUID, session: Session, facts: Facts) -> bool:
    if _length(session, facts) < HEAVY:
        return False
    days = [session.date + dt.timedelta(days=each) for each in (-1, 1) if _is_a_date(session.date, each)]
    return any(_is_heavy(each) for day in days for each in facts.bookings_on(person, day))


def _is_heavy(booking: Booking) -> bool:
    return booking.in_prison and booking.ends_at - booking.starts_at >= dt.timedelta(minutes=HEAVY)


def _monday(on: dt.date) -> dt.date:
    return dt.date.fromordinal(max(1, on.toordinal() - on.weekday()))
