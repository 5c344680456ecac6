"""Doing what would be due at another time, to try things out."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any, Self

from shared.clock import NO_OTHER_TIME, fixed_clock, parse_moment
from shared.config import Settings
from shared.doors.jobs import kinds_of
from shared.doors.rpc import change_at_once
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.messaging.jobs import play
from shared.persistence.work import Store


class UpkeepDoors:
    """Time, played: every kind of job of the service, as if it were another time."""

    store: Store
    settings: Settings = SettingsProvider()

    @change_at_once
    def run_due_jobs(self, as_of: str, actor: str | None = None) -> dict[str, Any]:
        """Do what would be due at `as_of`; `ran` counts the jobs by kind."""
        if not self.settings.may_play_time:
            raise Refused("forbidden", NO_OTHER_TIME)
        try:
            moment = parse_moment(as_of)
        except (ValueError, TypeError):
            why = "Write a time such as 2027-01-07T15:00, local in London unless an offset is given."
            raise Refused("invalid", why, {"as_of": [why]}) from None
        then = replace(self.store, clock=fixed_clock(moment))
        ran = play(then, kinds_of(self._at(then)))
        with self.store.work() as work:
            return work.answer({"as_of": moment.isoformat(), "ran": ran})

    def _at(self, store: Store) -> Self:
        """Give these doors, opening on a store at another time."""
        doors = copy(self)
        doors.store = store
        return doors
