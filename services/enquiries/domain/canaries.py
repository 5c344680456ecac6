"""How the canaries are: whether the last of our own test enquiries is late, or did not come in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

GRACE = timedelta(minutes=5)
"""How long after its time a canary may be sent, and how long one may be on its way."""


def how_canaries_are(last: Mapping[str, Any] | None, every: timedelta | None, now: datetime) -> dict[str, Any]:
    """Say how the canaries are. `last` has sent_at (aware) and state; `every` is None where none are to be sent.

    Gives on, every_minutes, sent_at (ISO), age_seconds and state of the last one, `late` (the next should have been
    sent by now) and `failing` (the last one was refused or lost, or has been on its way for too long).
    """
    age = now - last["sent_at"] if last else None
    state = last["state"] if last else None
    return {
        "on": every is not None,
        "every_minutes": round(every.total_seconds() / 60) if every else None,
        "sent_at": last["sent_at"].isoformat() if last else None,
        "age_seconds": round(age.total_seconds(), 1) if age is not None else None,
        "state": state,
        "late": every is not None and age is not None and age > every + GRACE,
        "failing": state in {"refused", "lost"} or (state == "sent" and age is not None and age > GRACE),
    }
