"""Judges the clock of this machine by those of others."""

from __future__ import annotations

from collections.abc import Sequence

from ops.doctor.findings import Finding, broken, could_not_look, in_a_row, look, ok
from ops.doctor.probes.clocks import Skew

WARN_AFTER, FAIL_AFTER = 2.0, 30.0
"""Seconds of difference, for certain, that want a look and that are a fault."""


def judge_clocks(skews: Sequence[Skew]) -> list[Finding]:
    """Say whether this machine's clock and those of others agree; of several that do not, name the worst."""
    if not skews:
        return [could_not_look("clock", "no other clock could be asked")]
    worst = max(skews, key=lambda skew: skew.at_least)
    if worst.at_least <= WARN_AFTER:
        return [ok("clock", f"it agrees with that of {in_a_row([skew.whose for skew in skews])}")]
    side = "behind" if worst.seconds > 0 else "ahead of"
    by = f"{abs(worst.seconds):.0f} seconds"
    words = f"The clock of this machine is {by} {side} that of {worst.whose}."
    mend = "Have both machines keep time by NTP: `timedatectl set-ntp true`, then look at `timedatectl status`."
    return [(broken if worst.at_least > FAIL_AFTER else look)("clock", words, mend)]
