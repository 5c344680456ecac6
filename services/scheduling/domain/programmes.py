"""The programmes that can be put on: how many sessions, how long, for how many people, at what price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
