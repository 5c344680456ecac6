"""Whether it has been quiet for unusually long: three weeks without an enquiry may be a form that does not work.

A quiet stretch is counted in whole working days between two days on which something came. The present one is
compared to those of the last twelve weeks: it is unusual once it is more than twice as long as nine in ten of them,
and two working days longer at the least. With too few days to compare, nothing is ever said. Source: peers notes,
section 2, "Lost enquiry".
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from datetime import date, timedelta
from itertools import pairwise

from shared.working_days import working_days_between

LOOKED_BACK = timedelta(weeks=12)
LEAST_DAYS = 10
"""Days on which something came, before there is anything to compare with."""
USUAL_SHARE = 0.9
TIMES, MORE = 2, 2


def is_unusually_quiet(days: Sequence[date], today: date, holidays: Container[date]) -> bool:
    """Say whether it has been quiet for unusually long, at the beginning of `today`.

    `days` are the days of the last twelve weeks on which an enquiry came, each once, the oldest first.
    """
    if len(days) < LEAST_DAYS:
        return False
    stretches = sorted(_quiet_days(earlier, later, holidays) for earlier, later in pairwise(days))
    usual = stretches[math.ceil(USUAL_SHARE * len(stretches)) - 1]
    return _quiet_days(days[-1], today, holidays) >= TIMES * usual + MORE


def _quiet_days(earlier: date, later: date, holidays: Container[date]) -> int:
    """Count the whole working days between two days, neither of them included."""
    return working_days_between(earlier, later - timedelta(days=1), holidays)
