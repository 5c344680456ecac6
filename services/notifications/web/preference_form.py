"""The form of preferences: what it shows of them, and what it says once it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from services.notifications.domain.preferences import Preferences
from services.notifications.schemas import read_preferences
from services.notifications.sending.wording import time_words
from shared.errors import Refused

EACH, DAILY, NONE = "each", "daily", "none"
"""How news that can wait comes: the page's one question for `digest` and `non_critical`."""

_WAITING: Mapping[str, dict[str, Any]] = {
    EACH: {"digest": False, "non_critical": True},
    DAILY: {"digest": True, "non_critical": True},
    # Whoever wants it again finds it as it was: one by one, or in one email.
    NONE: {"non_critical": False},
}
_CHOOSE = "Choose one of these."
_HALF_HOURS = [time(minutes // 60, minutes % 60) for minutes in range(0, 24 * 60, 30)]


def answers_of(chosen: Preferences) -> dict[str, Any]:
    """Give preferences as the form's answers."""
    waiting = (DAILY if chosen.digest else EACH) if chosen.non_critical else NONE
    return {
        "channel": chosen.channel.value,
        "waiting": waiting,
        "quiet": "yes" if chosen.quiet else "no",
        "quiet_from": chosen.quiet_from.isoformat("minutes"),
        "quiet_until": chosen.quiet_until.isoformat("minutes"),
    }


def preferences_in(was: Preferences, answers: Mapping[str, str]) -> Preferences:
    """Give preferences as the form's answers have them. Raises `Refused("invalid")`, a sentence for each question."""
    said: dict[str, Any] = {name: answers.get(name, "") for name in answers_of(was)}
    waiting, quiet = said.pop("waiting"), said.pop("quiet")
    mends = {} if waiting in _WAITING else {"waiting": [_CHOOSE]}
    mends |= {} if quiet in ("yes", "no") else {"quiet": [_CHOOSE]}
    try:
        now = read_preferences(was, said | {"quiet": quiet == "yes"} | _WAITING.get(waiting, {}))
    except Refused as refused:
        raise Refused("invalid", refused.detail, refused.fields | mends) from None
    if mends:
        raise Refused("invalid", "Some of this needs a change.", mends)
    return now


def times_for(current: str) -> list[tuple[str, str]]:
    """Give the times to choose from, each with its words: every half hour, and the one that is set."""
    every = {each.isoformat("minutes") for each in _HALF_HOURS} | ({current} if _is_time(current) else set())
    return [(each, time_words(each)) for each in sorted(every)]


def _is_time(text: str) -> bool:
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("00:00")
