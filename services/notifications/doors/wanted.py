"""Which messages are asked for, read at the door: whatever cannot be meant is refused with what could be."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from uuid import UUID

from services.notifications.domain.alerts import is_to_the_team
from services.notifications.domain.digests import DIGEST
from services.notifications.domain.occasions import OPS
from services.notifications.domain.statements import TOLD_BY_HAND
from services.notifications.domain.template_catalogue import CATALOGUE
from services.notifications.queries.messages import MessagesWanted
from shared.clock import LONDON, day_in_london
from shared.errors import Refused

_NO_MAILS = frozenset({DIGEST, TOLD_BY_HAND})
_OF_THE_TEAM = re.compile("[a-z_]+_team")
_REFERENCE = re.compile("KT-?([0-9A-Z]{4})-?([0-9A-Z]{2})")
_SUBJECT = re.compile("[a-z_]+:.+")
MOST_DAYS = 400


def read_wanted(
    *,
    state: str | None,
    occasion: str | None,
    template: str | None,
    subject: str | None,
    recipient: str | None,
    since: str | None,
    days: int | None,
    now: datetime,
) -> MessagesWanted:
    """Give which messages are meant.

    A reference stands for its enquirer or enquiry, an id of a run for the run; `since` is a day, today where only
    `days` are given. Raises `Refused("invalid")` by field.
    """
    begins, ends = _window(since, days, now)
    return MessagesWanted(
        state=state,
        occasion=occasion,
        template=None if template is None else _template(template),
        subject=None if subject is None else _subject(subject),
        recipient=None if recipient is None else _recipient(recipient),
        since=begins,
        until=ends,
    )


def _template(name: str) -> str:
    if name in CATALOGUE or name in _NO_MAILS or _OF_THE_TEAM.fullmatch(name):
        return name
    like = get_close_matches(name, CATALOGUE, n=3)
    meant = f" Did you mean {' or '.join(like)}?" if like else ""
    raise _refused("template", f"There is no template '{name}'.{meant} `keytalk templates list` shows them all.")


def _recipient(text: str) -> str:
    if (reference := _reference(text)) is not None:
        return f"enquirer:{reference}"
    kind, _colon, key = text.partition(":")
    if text == OPS or is_to_the_team(text) or (kind in {"enquirer", "facilitator"} and key):
        return text
    raise _refused("recipient", "Give the reference of an enquiry, a facilitator as facilitator:ID, or ops.")


def _subject(text: str) -> str:
    if (reference := _reference(text)) is not None:
        return f"enquiry:{reference}"
    if _SUBJECT.fullmatch(text):
        return text
    try:
        return f"run:{UUID(text)}"
    except ValueError:
        why = "Give the reference of an enquiry or the id of a run, as `keytalk runs list` shows it."
        raise _refused("subject", why) from None


def _reference(text: str) -> str | None:
    found = _REFERENCE.fullmatch(text.strip().upper())
    return f"KT-{found[1]}-{found[2]}" if found else None


def _window(since: str | None, days: int | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    if since is None and days is None:
        return None, None
    try:
        first = day_in_london(now) if since is None else date.fromisoformat(since)
    except (ValueError, TypeError):
        raise _refused("since", "Write a day such as 2027-01-12.") from None
    if days is None:
        return _midnight(first), None
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        raise _refused("days", f"days must be a whole number from 1 to {MOST_DAYS}.")
    return _midnight(first), _midnight(first + timedelta(days=days))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)


def _refused(field: str, why: str) -> Refused:
    return Refused("invalid", why, {field: [why]})
