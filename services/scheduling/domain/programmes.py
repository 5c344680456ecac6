"""The programmes that can be put on: how many sessions, how long, for how many people, at what price."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, get_args

Cadence = Literal["weekly", "daily"]
Mode = Literal["in_person", "remote"]
ProgrammeState = Literal["draft", "live", "retired"]
Risk = Literal["ordinary", "restricted", "sharp"]


@dataclass(frozen=True, slots=True)
class KitItem:
    """Something a session needs inside. What is `counted` is counted out of the bag and in again."""

    item: str
    quantity: int
    risk: Risk = "ordinary"
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Programme:
    """What a programme asks of a calendar, a room and a team.

    `minutes` is the length of one session; `cadence` is "weekly" (every seven days) or "daily" (Monday to
    Friday, one after another). `price_pence` is for one `price_unit`: a session, or a person. `minimum_dose` is how
    many of its sessions make someone have had it. `accreditations` are what each facilitator needs, `one_needs` what at
    least one of them on every session needs. A version, once live, does not change: a change is the next version.
    """

    slug: str
    name: str
    kind: str
    sessions: int
    minutes: int
    cadence: Cadence
    min_facilitators: int
    min_group: int
    max_group: int
    price_pence: int
    price_unit: Literal["session", "person"]
    minimum_dose: int
    version: int = 1
    state: ProgrammeState = "live"
    modes: tuple[Mode, ...] = ("in_person",)
    accreditations: tuple[str, ...] = ()
    one_needs: tuple[str, ...] = ()
    kit: tuple[KitItem, ...] = ()


MANY_FACES = Programme(
    slug="many-faces-of-trauma",
    name="The Many Faces of Trauma",
    kind="group-programme",
    sessions=16,
    minutes=180,
    cadence="weekly",
    min_facilitators=2,
    min_group=1,
    max_group=12,
    price_pence=250_00,
    price_unit="session",
    minimum_dose=14,
    kit=(
        KitItem("personal workbooks", 12),
        KitItem("sensory and grounding items", 12, counted=True),
        KitItem("acupuncture needles", 120, "sharp", counted=True),
    ),
)
"""Sixteen weekly three-hour sessions, up to 12 people in prison, £250 a session.

Source: healingbeyondbars.co.uk/about-9. The page gives no smallest group. Two facilitators is this project's
default.
"""

UNLOCKING = Programme(
    slug="unlocking-the-key-to-compassion",
    name="Unlocking the Key to Compassion",
    kind="staff-training",
    sessions=3,
    minutes=360,
    cadence="daily",
    min_facilitators=2,
    min_group=8,
    max_group=16,
    price_pence=300_00,
    price_unit="person",
    minimum_dose=3,
    kit=(KitItem("workbooks", 16),),
)
"""Three days of staff training in person, 8 to 16 people, £300 a person with the workbook.

Source: healingbeyondbars.co.uk/copy-of-3-day-trauma-training-for-staff. Six hours of teaching a day and two
facilitators are this project's defaults.
"""

CATALOGUE: dict[str, Programme] = {each.slug: each for each in (MANY_FACES, UNLOCKING)}
"""The default programmes by slug."""

MINUTES: Final = (15, 480)
"""The shortest and the longest session: a quarter of an hour, and a working day."""
SESSIONS: Final = (1, 60)


def problems_of(programme: Programme) -> dict[str, list[str]]:
    """Say what keeps a programme from being put on: sentences by field, none when all is well. Each names the mend."""
    found = (
        ("minutes", _outside("minutes a session", programme.minutes, MINUTES)),
        ("sessions", _outside("sessions", programme.sessions, SESSIONS)),
        ("max_group", _group_is_upside_down(programme)),
        ("minimum_dose", _dose_is_out_of_reach(programme)),
        ("min_facilitators", None if programme.min_facilitators >= 1 else "Somebody has to lead it. Give 1 or more."),
        ("price_pence", None if programme.price_pence >= 0 else "A price is not below nothing. Give 0 or more."),
        ("modes", _unknown_modes(programme)),
        ("kit", _kit_listed_twice(programme)),
        ("one_needs", _asked_twice(programme)),
    )
    return {name: [why] for name, why in found if why}


def _outside(what: str, number: int, limits: tuple[int, int]) -> str | None:
    least, most = limits
    return None if least <= number <= most else f"{number} {what} cannot be. Give {least} to {most}."


def _group_is_upside_down(programme: Programme) -> str | None:
    if 1 <= programme.min_group <= programme.max_group:
        return None
    return (
        f"A group of {programme.min_group} to {programme.max_group} cannot be. "
        "Give a smallest group of 1 or more, and a largest one that is no smaller."
    )


def _dose_is_out_of_reach(programme: Programme) -> str | None:
    if 1 <= programme.minimum_dose <= programme.sessions:
        return None
    return (
        f"A minimum dose of {programme.minimum_dose} does not fit {programme.sessions} sessions. "
        f"Give 1 to {programme.sessions}."
    )


def _unknown_modes(programme: Programme) -> str | None:
    known = get_args(Mode)
    if programme.modes and set(programme.modes) <= set(known):
        return None
    return f"Say in which modes it can be held: {' or '.join(known)}, or both."


def _kit_listed_twice(programme: Programme) -> str | None:
    names = Counter(each.item.casefold() for each in programme.kit)
    twice = sorted(name for name, count in names.items() if count > 1)
    return f"{', '.join(twice)}: listed more than once. Keep one line with the whole quantity." if twice else None


def _asked_twice(programme: Programme) -> str | None:
    both = sorted(set(programme.accreditations) & set(programme.one_needs))
    if not both:
        return None
    return f"{', '.join(both)}: everybody needs it already, so one of them has it. Keep it in one of the two lists."
