"""How long it takes from one place to another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

EARTH_KM: Final = 6371.0088
"""The mean radius of the earth in kilometres (IUGG)."""
ROADS_ARE_LONGER: Final = 1.3
"""Roads against the straight line, as this project assumes it; travel times for a pair of places can be set."""
KM_AN_HOUR: Final = 50.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place on earth, in degrees north and east. Raises ValueError for degrees there are none of."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise ValueError("latitude: give degrees north from -90 to 90, such as 53.44.")
        if not -180 <= self.longitude <= 180:
            raise ValueError("longitude: give degrees east from -180 to 180, such as -2.52.")


def km_between(here: Point, there: Point) -> float:
    """Give the great-circle distance in kilometres, by the haversine formula (Sinnott, Sky and Telescope, 1984)."""
    north, other_north = math.radians(here.latitude), math.radians(there.latitude)
    across = math.radians(there.longitude - here.longitude)
    half = math.sin((other_north - north) / 2) ** 2 + (
        math.cos(north) * math.cos(other_north) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def minutes_by_road(km: float) -> int:
    """Give the minutes on the road for a straight distance: longer by 1.3, at 50 km an hour, rounded up."""
    return math.ceil(round(km * ROADS_ARE_LONGER / KM_AN_HOUR * 60, 6))


@dataclass(frozen=True, slots=True)
class Travel:
    """Travel times between places by their ids: establishments, and facilitators for where they start from.

    `known` are the times somebody has set for a pair, by the two ids in order; they count before the rule of thumb.
    """

    points: Mapping[str, Point] = field(default_factory=dict)
    known: Mapping[tuple[str, str], int] = field(default_factory=dict)
    # The same few journeys are asked for thousands of times when a place for a run is looked for.
    _reckoned: dict[tuple[str, str], int | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def minutes(self, here: str, there: str) -> int | None:
        """Give the minutes from one place to another, or None where nobody knows where one of them is."""
        if here == there:
            return 0
        way = here, there
        if way not in self._reckoned:
            self._reckoned[way] = self._reckon(here, there)
        return self._reckoned[way]

    def _reckon(self, here: str, there: str) -> int | None:
        set_by_hand = self.known.get(pair(here, there))
        if set_by_hand is not None:
            return set_by_hand
        from_, to = self.points.get(here), self.points.get(there)
        return minutes_by_road(km_between(from_, to)) if from_ and to else None


def pair(here: str, there: str) -> tuple[str, str]:
    """Give the key of two places: the way back takes as long as the way there."""
    return (here, there) if here <= there else (there, here)
