"""Where a new run could go: every slot and every team that keep all rules, best first, or the few facts in the way.

Exact, not a heuristic: for one request all dates, starts and teams are looked at. A lane is the row of open dates of
one weekday and one part of the day; a weekly run takes so many of them one after another, so each start in a lane is
one pattern of dates. Each rule is put to each person at most once a date. The rules are those of `rules`: what is found
here passes `planner.review`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from itertools import combinations
from math import inf
from typing import Final
from uuid import UUID

from services.scheduling.domain.dates import days_on, longest_run
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facilitators import Facilitator
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.planner import session_in
from services.scheduling.domain.preferences import Preference, of_member, of_slot, points_of
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.rules import BY_THE_DAY, BY_THE_HOUR, breaches_of
from services.scheduling.domain.runs import Breach, Session, Skipped, Slot
from services.scheduling.domain.travel import Travel
from services.scheduling.domain.words import in_words as spoken

ABOUT_THE_TEAM: Final = frozenset({"H4", "H5"})
"""What `breaches_of` says of a session without anybody on it, which says nothing about its time and place."""

WINDOWS: Final = {"weekly": ("am", "pm"), "daily": ("day",)}
"""The parts of the day that are looked at, by cadence."""

RuleOfOne = Callable[[Session, UUID, Facts], Breach | None]
_NOBODY = UUID(int=0)
_FURTHER: Final = 26
"""How many weeks beyond the latest start are looked at for the first start that would work."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is wanted for: starts from `earliest` to `latest`, both included, and what the prison would like best.

    `weekday` (0 is Monday) and `window` are preferences, not conditions: another day is offered, at a cost.
    """

    earliest: dt.date
    latest: dt.date
    weekday: int | None = None
    window: str | None = None

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError("latest: the latest start cannot be before the earliest. Give that date or a later one.")


@dataclass(frozen=True, slots=True)
class Option:
    """A slot and a team that keep every rule on every date, and what speaks against it.

    `points` are those of the trade-offs, summed: the less the better.
    """

    slot: Slot
    sessions: tuple[Session, ...]
    skipped: tuple[Skipped, ...]
    team: tuple[UUID, ...]
    trade_offs: tuple[Preference, ...]
    points: float


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One fact in the way: a rule, whom or what it is about, how many of the sessions it hits, and the mend."""

    rule: str
    name: str
    facilitator_id: UUID | None
    sessions: tuple[int, ...]
    why: str


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why nothing fits: the plan that is nearest, the fewest facts that stand in its way, and what would help.

    `levers` says for each rule how many starts would work if that rule alone were out of the way. `first_start` is
    the first start after the latest one asked for that would keep every rule, where there is one within half a year.
    """

    slot: Slot | None
    sessions: tuple[Session, ...]
    team: tuple[UUID, ...]
    obstacles: tuple[Obstacle, ...]
    levers: dict[str, int]
    first_start: dt.date | None


@dataclass(slots=True)
class _Lane:
    """The dates that a run of one weekday and window could use, with what stands in the way of each.

    What stands in somebody's way on a date is worked out when it is first asked for.
    """

    slot: Slot
    facts: Facts
    people: Sequence[UUID]
    sessions: list[Session]
    closed: dict[dt.date, str]
    breaches: list[tuple[Breach, ...]]
    # Shared by the lanes: what a morning was told of the day, the afternoon need not ask.
    of_the_day: dict[tuple[UUID, dt.date], tuple[Breach, ...]]
    _of_people: dict[tuple[UUID, int], tuple[Breach, ...]] = field(default_factory=dict)
    _taken: dict[UUID, int] = field(default_factory=dict)
    _free: dict[UUID, range] = field(default_factory=dict)
    _accredited: dict[tuple[UUID, str], list[bool]] = field(default_factory=dict)

    def patterns(self, wanted: Wanted, count: int) -> Iterator[range]:
        """Give the places of `count` dates one after another, for each start that is wanted."""
        for first in range(len(self.sessions) - count + 1):
            if wanted.earliest <= self.sessions[first].date <= wanted.latest:
                yield range(first, first + count)

    def of_one(self, person: UUID, place: int) -> tuple[Breach, ...]:
        """Put the rules about one person to one date."""
        key = person, place
        found = self._of_people.get(key)
        if found is None:
            found = self._of_people[key] = self._put(person, self.sessions[place])
        return found

    def _put(self, person: UUID, session: Session) -> tuple[Breach, ...]:
        key = person, session.date
        of_the_day = self.of_the_day.get(key)
        if of_the_day is None:
            of_the_day = self.of_the_day[key] = _broken(BY_THE_DAY, session, person, self.facts)
        return of_the_day + _broken(BY_THE_HOUR, session, person, self.facts)

    def is_free(self, person: UUID, places: range) -> bool:
        """Say whether someone can take all of those dates.

        The last ones are asked first, since clearances end. Patterns overlap, so one date that somebody cannot take
        answers for all patterns with it, and of those they can, only the ones beyond the last answer are asked.
        """
        if self._taken.get(person, -1) in places:
            return False
        known = self._free.get(person, range(0))
        for place in reversed(places):
            if place not in known and self.of_one(person, place):
                self._taken[person] = place
                return False
        self._free[person] = places
        return True

    def accredited(self, person: UUID, kind: str, facts: Facts) -> list[bool]:
        """Say for each date whether someone holds an accreditation."""
        held = self._accredited.get((person, kind))
        if held is None:
            who = facts.facilitators[person]
            held = self._accredited[person, kind] = [who.is_accredited(kind, each.date) for each in self.sessions]
        return held

    def skipped(self, places: range) -> tuple[Skipped, ...]:
        """Give the closed dates between the first and the last of those."""
        first, last = self.sessions[places.start].date, self.sessions[places.stop - 1].date
        return tuple(Skipped(on, why) for on, why in self.closed.items() if first < on < last)

    def numbered(self, places: range, team: tuple[UUID, ...]) -> tuple[Session, ...]:
        """Give those dates as the sessions of a run, with their numbers and their people."""
        return tuple(
            replace(self.sessions[place], number=number, facilitator_ids=team)
            for number, place in enumerate(places, start=1)
        )


def options(wanted: Wanted, facts: Facts, most: int = 10) -> tuple[Option, ...]:
    """Give the best options, at most `most`: first the best of each slot, then what comes next.

    A tie goes to the earlier start, then the names, so that the same facts always give the same answer.
    """
    lanes = list(_lanes(wanted, facts))
    firsts = sorted((each for lane in lanes for each in _best_of(lane, wanted, facts, 1)), key=_by_rank)
    if firsts and len(firsts) < most:
        found = sorted((each for lane in lanes for each in _best_of(lane, wanted, facts, most)), key=_by_rank)
        best = {each.rank for each in firsts}
        firsts += [each for each in found if each.rank not in best]
    return tuple(_as_option(each) for each in firsts[:most])


def why_not(wanted: Wanted, facts: Facts) -> WhyNot:
    """Say why there is no option: see `WhyNot`. Without the facts that it names, its plan keeps every rule."""
    lanes = list(_lanes(wanted, facts, every=True))
    near = min(
        (each for lane in lanes for each in _nearest(lane, wanted, facts)), key=lambda each: each[0], default=None
    )
    later = replace(wanted, earliest=days_on(wanted.latest, 1), latest=days_on(wanted.latest, _FURTHER * 7))
    able = None if facts.is_remote else [person for person in facts.facilitators if facts.clearances_of(person)]
    starts = (start for lane in _lanes(later, facts, able) for start in _starts(lane, later, facts))
    first_start = min(starts, default=None)
    levers = _levers(lanes, wanted, facts)
    if near is None:
        return WhyNot(None, (), (), _no_dates(wanted, facts), levers, first_start)
    _cost, lane, places, team = near
    obstacles = _obstacles(lane, places, team, facts)
    return WhyNot(lane.slot, lane.numbered(places, team), team, obstacles, levers, first_start)


def nearest(
    people: Iterable[Facilitator], travel: Travel, establishment: Establishment, programme: Programme
) -> list[Facilitator]:
    """Sort people by how near they are to being able, but for a clearance: what they hold, then the way, then names."""

    def lacks(person: Facilitator) -> tuple[int, int, float, str, UUID]:
        held = {each.kind for each in person.accreditations}
        missing = sum(kind not in held for kind in (*programme.accreditations, *programme.one_needs))
        minutes = travel.minutes(str(person.id), establishment.id)
        return person.state != "active", missing, inf if minutes is None else minutes, person.name, person.id

    return sorted(people, key=lacks)


def _lanes(
    wanted: Wanted, facts: Facts, people: Iterable[UUID] | None = None, *, every: bool = False
) -> Iterator[_Lane]:
    """Lay out the lanes for everybody on file, or for `people`.

    With `every`, also those lanes whose windows do not hold the programme.
    """
    weekly = facts.programme.cadence == "weekly"
    of_the_day: dict[tuple[UUID, dt.date], tuple[Breach, ...]] = {}
    those = list(facts.facilitators if people is None else people)
    for weekday in range(5) if weekly else (None,):
        for window in WINDOWS[facts.programme.cadence]:
            lane = _Lane(Slot(wanted.earliest, weekday, window), facts, those, [], {}, [], of_the_day)
            _lay_out(lane, wanted)
            if lane.sessions and (every or not all(lane.breaches)):
                yield lane


def _broken(rules: Sequence[RuleOfOne], session: Session, person: UUID, facts: Facts) -> tuple[Breach, ...]:
    return tuple(breach for rule in rules if (breach := rule(session, person, facts)) is not None)


def _lay_out(lane: _Lane, wanted: Wanted) -> None:
    """Fill a lane with its dates, as far as a run with the latest start can reach."""
    facts, slot = lane.facts, lane.slot
    count, calendar = facts.programme.sessions, facts.open_calendar
    for on in _dates(slot, days_on(wanted.latest, longest_run(facts.programme).days)):
        why = calendar.no_session_on(on)
        if why is not None:
            lane.closed[on] = why
            continue
        if len(lane.sessions) >= count and lane.sessions[-count].date > wanted.latest:
            break
        session = session_in(slot, _NOBODY, 1, on, facts)
        lane.sessions.append(session)
        lane.breaches.append(tuple(each for each in breaches_of(session, facts) if each.rule not in ABOUT_THE_TEAM))


def _dates(slot: Slot, last: dt.date) -> Iterator[dt.date]:
    """Walk the dates of a weekday, or Monday to Friday where the slot has none."""
    step = 1 if slot.weekday is None else 7
    day = slot.start.toordinal() + (0 if slot.weekday is None else (slot.weekday - slot.start.weekday()) % 7)
    for ordinal in range(day, last.toordinal() + 1, step):
        on = dt.date.fromordinal(ordinal)
        if slot.weekday is not None or on.weekday() < 5:
            yield on


def _feasible(lane: _Lane, wanted: Wanted, facts: Facts) -> Iterator[range]:
    """Give each pattern of dates that keeps the rules of time and place, and that some team can take."""
    for places in lane.patterns(wanted, facts.programme.sessions):
        if not any(lane.breaches[place] for place in places) and next(_teams(lane, places, facts), None):
            yield places


def _starts(lane: _Lane, wanted: Wanted, facts: Facts) -> Iterator[dt.date]:
    """Give the first date of a lane on which a run could begin, where there is one."""
    first = next(_feasible(lane, wanted, facts), None)
    if first is not None:
        yield lane.sessions[first.start].date


def _teams(lane: _Lane, places: range, facts: Facts, those: Sequence[UUID] | None = None) -> Iterator[tuple[UUID, ...]]:
    """Give the teams that can take all dates of a pattern: of everybody on file, or of `those`."""
    free = [person for person in (lane.people if those is None else those) if lane.is_free(person, places)]
    for team in combinations(free, facts.programme.min_facilitators):
        if _covers_needs(lane, places, team, facts):
            yield team


def _team_breaches(lane: _Lane, places: range, team: tuple[UUID, ...], facts: Facts) -> list[tuple[int, Breach]]:
    """Put the rules about a whole team, such as what at least one of them needs, to each session of a pattern."""
    if _covers_needs(lane, places, team, facts):
        return []
    sessions = lane.numbered(places, team)
    return [(each.number, found) for each in sessions for found in breaches_of(each, facts) if _is_of_the_team(found)]


def _covers_needs(lane: _Lane, places: range, team: tuple[UUID, ...], facts: Facts) -> bool:
    """Say whether on each date somebody of the team has each accreditation that one of them needs."""
    return all(
        all(any(lane.accredited(person, kind, facts)[place] for person in team) for place in places)
        for kind in facts.programme.one_needs
    )


def _is_of_the_team(breach: Breach) -> bool:
    return breach.rule in ABOUT_THE_TEAM and breach.facilitator_id is None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An option before its sessions are written out, which only the best ones are."""

    rank: tuple[float, dt.date, int, str, tuple[str, ...], tuple[UUID, ...]]
    lane: _Lane
    places: range
    team: tuple[UUID, ...]
    trade_offs: tuple[Preference, ...]


def _best_of(lane: _Lane, wanted: Wanted, facts: Facts, most: int) -> list[_Candidate]:
    """Give the best options of a lane, at most `most`.

    What the dates cost is known before what the people cost, which is never less than nothing: so patterns are looked
    at from the cheapest dates on, and no further than where the dates alone cost more than the options found.
    """
    patterns = []
    for places in _feasible(lane, wanted, facts):
        sessions = lane.sessions[places.start : places.stop]
        shared = of_slot(sessions, lane.skipped(places), wanted.weekday, wanted.window, wanted.earliest, facts)
        patterns.append((points_of(shared), places, shared))
    found: list[_Candidate] = []
    for base, places, shared in sorted(patterns, key=lambda each: (each[0], each[1].start)):
        if len(found) >= most and base > found[-1].rank[0]:
            break
        found = nsmallest(most, [*found, *_candidates(lane, places, shared, facts, most)], key=_by_rank)
    return found


def _candidates(
    lane: _Lane, places: range, shared: tuple[Preference, ...], facts: Facts, most: int
) -> Iterator[_Candidate]:
    """Give the cheapest teams for a pattern. What each member costs is worked out once, not once a team."""
    sessions = lane.sessions[places.start : places.stop]
    free = [person for person in lane.people if lane.is_free(person, places)]
    members = {person: of_member(person, sessions, facts) for person in free}
    cost = {person: points_of(costs) for person, costs in members.items()}
    free.sort(key=lambda person: (cost[person], facts.name_of(person), person))
    base, slot, start = points_of(shared), lane.slot, sessions[0].date
    for team in _teams(lane, places, facts, _cheapest(free, lane, places, facts, most)):
        names = tuple(facts.name_of(each) for each in team)
        points = base + sum(cost[person] for person in team)
        rank = (points, start, slot.weekday or 0, slot.window or "", names, team)
        yield _Candidate(rank, lane, places, team, (*shared, *(each for person in team for each in members[person])))


def _cheapest(free: list[UUID], lane: _Lane, places: range, facts: Facts, most: int) -> list[UUID]:
    """Give those of whom the `most` cheapest teams are made: the first few, and the first few with what one needs."""
    enough = most + facts.programme.min_facilitators - 1
    chosen = set(free[:enough])
    for kind in facts.programme.one_needs:
        holders = [each for each in free if any(lane.accredited(each, kind, facts)[place] for place in places)]
        chosen.update(holders[:enough])
    # In the order of names, as teams are named.
    return [person for person in lane.people if person in chosen]


def _by_rank(candidate: _Candidate) -> tuple[object, ...]:
    return candidate.rank


def _as_option(candidate: _Candidate) -> Option:
    points, start, *_ = candidate.rank
    lane, places = candidate.lane, candidate.places
    slot = replace(lane.slot, start=start)
    sessions = lane.numbered(places, candidate.team)
    return Option(slot, sessions, lane.skipped(places), candidate.team, candidate.trade_offs, points)


def _nearest(
    lane: _Lane, wanted: Wanted, facts: Facts
) -> Iterator[tuple[tuple[int, int, dt.date, list[str]], _Lane, range, tuple[UUID, ...]]]:
    """Give, for each pattern of a lane, the team with the fewest facts in its way, and how many those are."""
    size = facts.programme.min_facilitators
    for places in lane.patterns(wanted, facts.programme.sessions):
        ranked = sorted(facts.facilitators, key=lambda person: _in_the_way(lane, places, person, facts))
        # The nearest few: a team needs more than the first ones only for what one of them has to be accredited for.
        for team in _near_teams(ranked, size):
            obstacles = _obstacles(lane, places, team, facts)
            hits = sum(len(each.sessions) for each in obstacles)
            names = [facts.name_of(person) for person in team]
            yield (len(obstacles), hits, lane.sessions[places.start].date, names), lane, places, team


def _near_teams(ranked: Sequence[UUID], size: int) -> Iterable[tuple[UUID, ...]]:
    if len(ranked) <= size:
        return (tuple(ranked),)
    first = tuple(ranked[:size])
    return (first, *((*first[: size - 1], other) for other in ranked[size : size + 6]))


def _in_the_way(lane: _Lane, places: range, person: UUID, facts: Facts) -> tuple[int, int, str, UUID]:
    rules = {each.rule for place in places for each in lane.of_one(person, place)}
    hits = sum(bool(lane.of_one(person, place)) for place in places)
    return len(rules), hits, facts.name_of(person), person


def _obstacles(lane: _Lane, places: range, team: tuple[UUID, ...], facts: Facts) -> tuple[Obstacle, ...]:
    """Gather what stands in the way of a plan into facts: one for each rule and each person it is about."""
    found: list[tuple[int, Breach]] = []
    for number, place in enumerate(places, start=1):
        found += [(number, each) for each in lane.breaches[place]]
        for person in team:
            found += [(number, replace(each, facilitator_id=person)) for each in lane.of_one(person, place)]
    found += _team_breaches(lane, places, team, facts)
    missing = facts.programme.min_facilitators - len(team)
    if missing > 0:
        session = replace(lane.sessions[places.start], facilitator_ids=team)
        found += [(1, each) for each in breaches_of(session, facts) if each.rule == "H4"]
    return _gathered(found)


def _gathered(found: list[tuple[int, Breach]]) -> tuple[Obstacle, ...]:
    groups: dict[tuple[str, UUID | None], list[tuple[int, Breach]]] = {}
    for number, breach in found:
        groups.setdefault((breach.rule, breach.facilitator_id), []).append((number, breach))
    return tuple(
        Obstacle(rule, those[0][1].name, person, tuple(sorted({number for number, _ in those})), those[0][1].why)
        for (rule, person), those in groups.items()
    )


def _levers(lanes: list[_Lane], wanted: Wanted, facts: Facts) -> dict[str, int]:
    """Count, for each rule that stands in the way anywhere, the starts that would work if it alone did not."""
    patterns = [(lane, places) for lane in lanes for places in lane.patterns(wanted, facts.programme.sessions)]
    rules: dict[str, int] = {}
    for lane, places in patterns:
        of_place = {each.rule for place in places for each in lane.breaches[place]}
        if len(of_place) > 1:
            continue
        by_person = {
            person: {each.rule for place in places for each in lane.of_one(person, place)} for person in lane.people
        }
        for rule in of_place or {each for found in by_person.values() for each in found}:
            able = [person for person, found in by_person.items() if found <= {rule}]
            teams = combinations(able, facts.programme.min_facilitators)
            if any(_covers_needs(lane, places, team, facts) for team in teams):
                rules[rule] = rules.get(rule, 0) + 1
    return dict(sorted(rules.items()))


def _no_dates(wanted: Wanted, facts: Facts) -> tuple[Obstacle, ...]:
    count = facts.programme.sessions
    why = (
        f"{facts.establishment.name} is open on too few dates for {count} sessions that start from {wanted.earliest} "
        f"to {wanted.latest}. A later last start, or fewer closed dates, would mend it."
    )
    return (Obstacle("H2", "date_is_open", None, tuple(range(1, count + 1)), why),)


def in_words(found: WhyNot, facts: Facts) -> str:
    """Say in a few sentences what stands in the way, and from when it would not."""
    said = [_headline(found, facts)] if found.obstacles else []
    said += [each.why for each in found.obstacles]
    if found.first_start is not None:
        said.append(f"The first start that would work is {spoken(found.first_start)}.")
    return " ".join(dict.fromkeys(said))


def _headline(found: WhyNot, facts: Facts) -> str:
    """Name the one fact behind it all, where there is one: nobody with what is needed is cleared by then."""
    rules = {each.rule for each in found.obstacles}
    if rules == {"H3"} and found.sessions:
        who = " ".join([*facts.programme.one_needs, "facilitator"])
        able = len(found.team) - len({each.facilitator_id for each in found.obstacles})
        first = _first_cleared(found, facts)
        before = f" before {spoken(first)}" if first else f" on all dates from {spoken(found.sessions[0].date)}"
        another = "other " if able else ""
        return f"No {another}{who} is cleared for {facts.establishment.name}{before}."
    return f"No dates and people keep every rule; the nearest would start on {_start(found)}."


def _first_cleared(found: WhyNot, facts: Facts) -> dt.date | None:
    """Give the first day after the start on which somebody's clearance begins."""
    start = found.sessions[0].date
    begins = [each.valid_from for each in facts.clearances if each.valid_from > start and each.state == "granted"]
    return min(begins, default=None)


def _start(found: WhyNot) -> str:
    return spoken(found.sessions[0].date) if found.sessions else "no date at all"
