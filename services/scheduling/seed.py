"""What a new database starts with: the real catalogue, and for a first look a small demonstration set.

The establishments are real ones, written by hand from public sources; the facilitators are invented.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import func, insert, select

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.handlers import people, places, programmes
from services.scheduling.records.places import SINCE_EVER
from services.scheduling.tables import establishments, regime_windows
from shared.persistence.work import Store, UnitOfWork

ESTABLISHMENTS = (
    Establishment("RSI", "Risley (HMP)", active=True, nation="england", town="Warrington"),
    Establishment("STI", "Styal (HMP & YOI)", active=True, nation="england", town="Wilmslow"),
    Establishment("DHI", "Drake Hall (HMP & YOI)", active=True, nation="england", town="Stafford"),
    Establishment("BNI", "Bullingdon (HMP & YOI)", active=True, nation="england", town="Bicester"),
    Establishment(
        "BWI", "Berwyn (HMP)", active=True, nation="wales", town="Wrexham", other_names=("Carchar y Berwyn",)
    ),
    Establishment("FSI", "Featherstone (HMP)", active=True, nation="england", town="Wolverhampton"),
    Establishment("OWI", "Oakwood (HMP)", active=True, nation="england", town="Wolverhampton"),
)

POINTS = {
    "RSI": (53.43877, -2.52513),
    "STI": (53.34132, -2.23867),
    "DHI": (52.87883, -2.24083),
    "BNI": (51.8485, -1.09442),
    "BWI": (53.03746, -2.92509),
    "FSI": (52.64725, -2.10787),
    "OWI": (52.64795, -2.11301),
}
"""Degrees north and east. Source: ministryofjustice/prison-register (MIT), by way of the ONS postcode directory."""

_AM, _PM = ("08:30", "11:30"), ("13:45", "16:45")
_AFTERNOONS_TOO_SHORT = ("13:45", "16:30")
WINDOWS = {
    "RSI": {"am": _AM, "pm": _PM},
    "STI": {"am": _AM, "pm": _AFTERNOONS_TOO_SHORT},
    "DHI": {"am": _AM, "pm": _AFTERNOONS_TOO_SHORT},
    "BNI": {"am": _AM, "pm": _AFTERNOONS_TOO_SHORT},
    "BWI": {"am": _AM, "pm": _AFTERNOONS_TOO_SHORT},
    "FSI": {"am": _AM, "pm": _AFTERNOONS_TOO_SHORT},
    "OWI": {"am": _AM, "pm": _AFTERNOONS_TOO_SHORT},
}
"""Monday to Friday. Of these, only Risley's afternoon holds three hours."""

FACILITATORS = {
    "Ana Reyes": ("RSI", "STI", "DHI"),
    "Tom Okafor": ("RSI", "BNI", "BWI"),
    "Lee Whitfield": ("STI", "DHI", "BNI"),
}
"""Invented people, and where each is cleared."""

CLEARED_FOR_DAYS = 3 * 365


def load(store: Store, *, demo: bool) -> None:
    """Load the catalogue, and into a database with no establishment the demonstration set, if wanted."""
    with store.work() as work:
        programmes.load_catalogue(work)
        empty = not work.connection.scalar(select(func.count()).select_from(establishments))
        if demo and empty:
            _load_establishments(work)
            _load_facilitators(work)


def _load_establishments(work: UnitOfWork) -> None:
    for establishment in ESTABLISHMENTS:
        latitude, longitude = POINTS[establishment.id]
        places.save_establishment(work, establishment, {"latitude": latitude, "longitude": longitude})
        rows = [
            {
                "establishment_id": establishment.id,
                "weekday": weekday,
                "name": name,
                "valid_from": SINCE_EVER,
                "start": dt.time.fromisoformat(start),
                "end": dt.time.fromisoformat(end),
            }
            for weekday in range(5)
            for name, (start, end) in WINDOWS[establishment.id].items()
        ]
        work.connection.execute(insert(regime_windows), rows)


def _load_facilitators(work: UnitOfWork) -> None:
    first = work.now.date()
    for name, cleared_for in FACILITATORS.items():
        person: UUID = people.add_facilitator(work, name, f"{name.split()[0].lower()}@facilitators.example")
        for place in cleared_for:
            last = first + dt.timedelta(days=CLEARED_FOR_DAYS)
            people.grant_clearance(work, Clearance(person, place, "standard", first, last))
