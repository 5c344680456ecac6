"""The hard rules of scheduling: one function a rule, each a sentence that is true when all is well.

Each takes the plain facts and gives the `Breach`, or None when the rule is kept. A module a theme: `timing`, `people`,
`places`, `order`, `asking`, `papers`. The codes H1 to H16 are the project's own numbering of its rules (domain notes,
section 5.4); the sentences are for the person who plans, and say which session, why, and what would mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.rules.asking import (
    agreement_is_signed,
    group_is_large_enough,
    group_is_not_too_large,
    programme_has_the_mode,
    remote_is_for_practitioners,
    under_18_is_approved,
)
from services.scheduling.domain.rules.order import one_session_a_day, session_may_change, sessions_in_order
from services.scheduling.domain.rules.papers import gate_memo_is_approved, kit_is_approved
from services.scheduling.domain.rules.people import (
    accreditations_are_valid,
    clearance_covers_every_session,
    enough_facilitators,
    facilitator_is_active,
    facilitator_is_at_work,
    facilitator_is_not_on_leave,
    insurance_is_valid,
    journey_is_within_the_limit,
    someone_holds_what_one_needs,
)
from services.scheduling.domain.rules.places import (
    establishment_is_active,
    facilitator_is_in_one_place,
    room_holds_everyone,
    room_is_free,
    room_is_usable,
)
from services.scheduling.domain.rules.timing import date_is_open, session_fits_the_regime_window
from services.scheduling.domain.runs import Breach, Run, Session

OF_A_SESSION = (
    establishment_is_active,
    session_fits_the_regime_window,
    date_is_open,
    enough_facilitators,
    someone_holds_what_one_needs,
    room_is_usable,
    room_holds_everyone,
    room_is_free,
    group_is_large_enough,
    group_is_not_too_large,
    under_18_is_approved,
    remote_is_for_practitioners,
    programme_has_the_mode,
)
"""The rules about a session by itself."""

BY_THE_DAY = (
    clearance_covers_every_session,
    accreditations_are_valid,
    insurance_is_valid,
    facilitator_is_not_on_leave,
    facilitator_is_active,
    journey_is_within_the_limit,
)
"""The rules about one facilitator that ask for a session's date, and not for its time of day."""

BY_THE_HOUR = (facilitator_is_in_one_place, facilitator_is_at_work)
"""The rules about one facilitator that ask for a session's hours."""

OF_SOMEONE = (*BY_THE_DAY, *BY_THE_HOUR)
"""The rules about one facilitator on one session."""

BEFORE_ENTRY = (gate_memo_is_approved, kit_is_approved)
"""The rules that have to be kept by the day of the session, and not yet when its run is confirmed."""


def breaches_of(
    session: Session, facts: Facts, previous: Session | None = None, same_day: Sequence[Session] = ()
) -> tuple[Breach, ...]:
    """Put every rule to one session.

    `previous` is the session numbered before it in its run, `same_day` are the run's sessions on its date.
    """
    found = [rule(session, facts) for rule in OF_A_SESSION]
    found += [sessions_in_order(session, previous), one_session_a_day(session, same_day)]
    for person in dict.fromkeys(session.facilitator_ids):
        found += breaches_of_assignment(session, person, facts)
    return tuple(breach for breach in found if breach)


def breaches_of_assignment(session: Session, facilitator_id: UUID, facts: Facts) -> tuple[Breach, ...]:
    """Put the rules about one facilitator to one session, whether assigned already or only considered."""
    found = (rule(session, facilitator_id, facts) for rule in OF_SOMEONE)
    return tuple(breach for breach in found if breach)


def breaches_of_run(run: Run, facts: Facts) -> tuple[Breach, ...]:
    """Put the rule about a run as a whole to one that is not confirmed yet: its agreement (H12)."""
    found = agreement_is_signed(run, facts) if run.state in {"draft", "held"} else None
    return (found,) if found else ()


def readiness_of(session: Session, facts: Facts) -> tuple[Breach, ...]:
    """Say what a session still needs before anybody can go in: its gate memo (H13) and its kit (H14)."""
    return tuple(breach for rule in BEFORE_ENTRY for breach in rule(session, facts))


__all__ = [
    "BEFORE_ENTRY",
    "BY_THE_DAY",
    "BY_THE_HOUR",
    "OF_A_SESSION",
    "OF_SOMEONE",
    "Booking",
    "accreditations_are_valid",
    "agreement_is_signed",
    "breaches_of",
    "breaches_of_assignment",
    "breaches_of_run",
    "clearance_covers_every_session",
    "date_is_open",
    "enough_facilitators",
    "establishment_is_active",
    "facilitator_is_active",
    "facilitator_is_at_work",
    "facilitator_is_in_one_place",
    "facilitator_is_not_on_leave",
    "gate_memo_is_approved",
    "group_is_large_enough",
    "group_is_not_too_large",
    "insurance_is_valid",
    "journey_is_within_the_limit",
    "kit_is_approved",
    "one_session_a_day",
    "programme_has_the_mode",
    "readiness_of",
    "remote_is_for_practitioners",
    "room_holds_everyone",
    "room_is_free",
    "room_is_usable",
    "session_fits_the_regime_window",
    "session_may_change",
    "sessions_in_order",
    "someone_holds_what_one_needs",
    "under_18_is_approved",
]
