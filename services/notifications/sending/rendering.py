"""From a template and facts to the words of a message. The facts may be personal; nothing is kept here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from shared.clock import LONDON, day_in_london

TEMPLATES = (
    "agreement_signed",
    "agreement_signed_ops",
    "answer_awaited_first_nudge",
    "answer_awaited_second_nudge",
    "call_to_offer_ops",
    "enquiry_received",
    "enquiry_received_ops",
    "expiry_near_facilitator",
    "expiry_near_ops",
    "first_reply_due_ops",
    "gate_memo_out_of_date_ops",
    "gate_memo_sent_contact",
    "hold_changed_ops",
    "hold_expired_contact",
    "hold_placed_contact",
    "hold_promoted_contact",
    "intake_alarm_ops",
    "offer_made_facilitator",
    "offer_settled_ops",
    "offer_withdrawn_facilitator",
    "proposal_accepted",
    "proposal_declined",
    "proposal_reminder",
    "proposal_sent",
    "proposal_settled_ops",
    "quarantine_digest_ops",
    "reply_written",
    "run_changed_contact",
    "run_changed_facilitator",
    "run_confirmed_contact",
    "run_confirmed_facilitator",
    "session_reminder_contact",
    "session_reminder_facilitator",
)

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# What mail programs turn into links: a scheme, www, or a dot straight before two letters.
LINK = re.compile(r"://|www\.|\.[a-z]{2,}|@", re.IGNORECASE)
LONGEST = 120
WIDEST = 76
"""Characters of a line of text: what a mail program shows whole, also where it is quoted."""


class MessageNotRendered(ValueError):
    """The template does not exist, or a fact it needs is missing. Names the template and the lack."""


@dataclass(frozen=True)
class Organisation:
    """Who the messages are from and who answers questions: a name, a monitored address, perhaps a phone."""

    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True)
class Rendered:
    """The words of one message; `subject` is a single line."""

    subject: str
    text: str
    html: str


def render(template: str, facts: Mapping[str, Any], organisation: Organisation) -> Rendered:
    """Give the words of a message.

    `facts` are the ledger's facts with what was looked up for the recipient: `name` (may be left out), for
    `enquiry_received` also `group_size` and `preferred_start` (ISO date), which may be left out too, for a reply its
    `words`, for a proposal its `link` and `total`.
    Raises MessageNotRendered.
    """
    if template not in TEMPLATES:
        raise MessageNotRendered(f"there is no template {template!r}")
    try:
        known = {**facts, "organisation": organisation}
        subject, text = _split(_WORDS.get_template(f"{template}.txt").render(known))
        html = _WORDS.get_template(f"{template}.html").render(known | {"subject": subject})
    except (TemplateError, ValueError, TypeError) as error:
        raise MessageNotRendered(f"template {template}: {_lack(error)}") from error
    return Rendered(subject, text, html)


def date_words(iso: str) -> str:
    """Write a date as people say it: 2027-01-12 becomes Tuesday 12 January 2027."""
    day = date.fromisoformat(iso)
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def time_words(iso: str) -> str:
    """Write a local time as people say it: 13:45 becomes 1.45pm, 12:00 midday."""
    at = time.fromisoformat(iso)
    if at.minute == 0 and at.hour in {0, 12}:
        return "midday" if at.hour else "midnight"
    minutes = f".{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def moment_words(iso: str) -> str:
    """Write a moment as people in London say it: 2026-11-26T17:00:00+00:00 becomes Thursday 26 November 2026, 5pm."""
    local = datetime.fromisoformat(iso).astimezone(LONDON)
    return f"{day_words(iso)}, {time_words(local.time().isoformat('minutes'))}"


def day_words(iso: str) -> str:
    """Write the day in London of a moment: 2026-11-26T17:00:00+00:00 becomes Thursday 26 November 2026."""
    return date_words(day_in_london(datetime.fromisoformat(iso)).isoformat())


def money(total: int | str) -> str:
    """Write a sum as people say it: 400000 pence become £4,000. Words stay as they are."""
    if isinstance(total, str):
        return total
    pounds, pence = divmod(total, 100)
    return f"£{pounds:,}.{pence:02}" if pence else f"£{pounds:,}"


def paragraphs(words: str) -> list[list[str]]:
    """Give a person's words as paragraphs of lines; what parts two paragraphs is an empty line."""
    lines = [line.strip() for line in words.strip().splitlines()]
    return [list(block) for is_text, block in groupby(lines, key=bool) if is_text]


def wrapped(words: str) -> str:
    """Give a person's words with long lines broken between words, so that an address in them stays whole."""
    return "\n\n".join("\n".join(map(_broken, paragraph)) for paragraph in paragraphs(words))


def _broken(line: str) -> str:
    return textwrap.fill(line, WIDEST, break_long_words=False, break_on_hyphens=False)


def minutes_earlier(iso: str, minutes: int) -> str:
    """Give the local time so many minutes before another on the same day, as HH:MM."""
    start = datetime.combine(date.min + timedelta(days=1), time.fromisoformat(iso))
    return (start - timedelta(minutes=minutes)).time().isoformat("minutes")


def number_words(number: int) -> str:
    """Write a number below ten as a word and any other in figures."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def plain(value: str | None, fallback: str = "") -> str:
    """Give somebody's words on one short line, or the fallback where they could become a link.

    The public form is open to anyone, and what is typed there goes to an address typed there.
    """
    words = " ".join(str(value or "").split())
    if not words or len(words) > LONGEST or LINK.search(words):
        return fallback
    return words


def _split(rendered: str) -> tuple[str, str]:
    first, _, rest = rendered.partition("\n")
    subject = first.removeprefix("Subject:").strip()
    # Blocks that stay empty leave gaps.
    return subject, re.sub(r"\n{3,}", "\n\n", rest).strip() + "\n"


def _lack(error: Exception) -> str:
    # An undefined name says which; anything else might quote a personal fact.
    return str(error) if isinstance(error, TemplateError) else type(error).__name__


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: tuple[Callable[..., Any], ...] = (
        *(date_words, time_words, moment_words, day_words, minutes_earlier, number_words),
        *(plain, money, paragraphs, wrapped),
    )
    environment.filters.update({filter_.__name__: filter_ for filter_ in filters})
    return environment


_WORDS = _environment()
