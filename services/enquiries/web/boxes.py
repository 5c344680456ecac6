"""Between the boxes on a page and the answers: a place has two boxes, a date has three, all else has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from services.enquiries.schemas import PROGRAMMES, QUESTIONS, TECHNICAL_FIELDS
from shared.errors import Refused

Places = Sequence[Mapping[str, Any]]

NOT_LISTED = "not-listed"
"""What the list of prisons says when the place is not in it."""

WRITTEN = "establishment_written"
DATE_BOXES = ("preferred_start_day", "preferred_start_month", "preferred_start_year")

_OURS = TECHNICAL_FIELDS | {"step", "go", "checking", "return_to", WRITTEN, *DATE_BOXES}
_NOT_BOTH = (
    "You chose {} from the list and also wrote a name. Please empty the box, or choose 'My prison is not listed' "
    "if the name you wrote is the right one."
)


def answers_in(sent: Mapping[str, str]) -> dict[str, str]:
    """Give the answers as typed, by question, blank where there is none."""
    answers = {name: sent.get(name, "") for name in QUESTIONS}
    answers["establishment"] = _place_in(sent)
    if any(name in sent for name in DATE_BOXES):
        answers["preferred_start"] = _date_in(sent)
    return answers


def strangers_in(sent: Mapping[str, str]) -> dict[str, str]:
    """Give what was sent under names that are no questions of ours: a website may have misspelt one."""
    return {name: text for name, text in sent.items() if name not in _OURS and name not in QUESTIONS}


def _place_in(sent: Mapping[str, str]) -> str:
    chosen = sent.get("establishment", "")
    return sent.get(WRITTEN, "") if chosen.strip() in ("", NOT_LISTED) else chosen


def _date_in(sent: Mapping[str, str]) -> str:
    """Join the three boxes as year-month-day. A month without a day means its first; nonsense stays visible."""
    day, month, year = (sent.get(name, "").strip() for name in DATE_BOXES)
    if not (day or month or year):
        return ""
    if month and year and not day:
        day = "1"
    return f"{year}-{month:0>2}-{day:0>2}" if month else f"{year}--{day}"


def check_place(sent: Mapping[str, str]) -> None:
    """Raise `Refused("invalid")` where one place was chosen and another written: only the person knows which."""
    chosen, written = sent.get("establishment", "").strip(), sent.get(WRITTEN, "").strip()
    if chosen not in ("", NOT_LISTED) and written:
        says = _NOT_BOTH.format(chosen)
        raise Refused("invalid", says, {"establishment": [says]})


def place_boxes(sent: Mapping[str, str], places: Places) -> tuple[str, str]:
    """Give (what is chosen in the list, what is written beside it) for a page that shows what was sent."""
    if WRITTEN in sent:
        return sent.get("establishment", ""), sent[WRITTEN]
    text = sent.get("establishment", "").strip()
    chosen = _listed(text, places)
    if chosen or not text:
        return chosen or "", ""
    return NOT_LISTED, text


def _listed(text: str, places: Places) -> str | None:
    """Give the name of the place in the list that `text` means by its id or by one of its names."""
    wanted = text.casefold()
    for place in places:
        if wanted in (name.casefold() for name in (place["id"], place["name"], *place["other_names"])):
            return str(place["name"])
    return None


def date_boxes(text: str) -> tuple[str, str, str]:
    """Give (day, month, year) of a date as `answers_in` joins it, whatever was typed."""
    year, month, day = (*text.split("-", 2), "", "")[:3]
    return day.removeprefix("0"), month.removeprefix("0"), year


def in_words(name: str, text: str) -> str:
    """Give an answer as people read it back before they send it."""
    if name == "programme":
        return PROGRAMMES.get(text, text)
    if name == "preferred_start":
        return _day_in_words(text)
    return text.strip()


def _day_in_words(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B %Y}"


def hidden(answers: Mapping[str, str], shown: Iterable[str]) -> list[tuple[str, str]]:
    """Give the answers that a page carries along unseen: all but those it shows."""
    visible = set(shown)
    return [(name, text) for name, text in answers.items() if text and name not in visible]
