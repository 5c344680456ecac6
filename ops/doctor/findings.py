"""What the doctor says: findings, each with a mark, words and the mend, and the exit code that follows from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

State = Literal["ok", "look", "broken", "could not look"]
"""`look` is no fault yet, or none for certain; `could not look` says nothing either way."""

ALL_WELL, SOMETHING_BROKEN, NOTHING_SEEN = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found by one check: `words` say what is the case, `mend` what to do about it, where anything is."""

    check: str
    state: State
    words: str
    mend: str = ""


def ok(check: str, words: str) -> Finding:
    """Say that a check found nothing wrong."""
    return Finding(check, "ok", words)


def look(check: str, words: str, mend: str) -> Finding:
    """Say that somebody had better look at something."""
    return Finding(check, "look", words, mend)


def broken(check: str, words: str, mend: str) -> Finding:
    """Name a fault and its mend."""
    return Finding(check, "broken", words, mend)


def could_not_look(check: str, why: str, mend: str = "") -> Finding:
    """Say that a check could not be made, and why: a clause that follows "because"."""
    return Finding(check, "could not look", f"because {why}", mend)


def exit_code(findings: Iterable[Finding]) -> int:
    """Give 1 where something is broken, 3 where nothing could be looked at, and 0 otherwise."""
    states = {finding.state for finding in findings}
    if "broken" in states:
        return SOMETHING_BROKEN
    return ALL_WELL if states & {"ok", "look"} else NOTHING_SEEN


def summary(findings: Iterable[Finding]) -> dict[str, int]:
    """Count the findings by state."""
    counts: dict[str, int] = {"ok": 0, "look": 0, "broken": 0, "could not look": 0}
    for finding in findings:
        counts[finding.state] += 1
    return counts


def plain_data(findings: Sequence[Finding]) -> dict[str, Any]:
    """Give findings as JSON data: checks, each with check, state, words and mend, and the counts."""
    return {"checks": [asdict(finding) for finding in findings], "counts": summary(findings)}


_PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s/@:]*):[^\s/]*@")
_COULD_BE_A_WORD = 10
"""Shorter secrets are looked for in addresses only: a password may be a word that a mend needs, such as keytalk."""


def without_secrets(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """Put `***` in place of every secret, and of every password in an address, wherever they may have got in."""
    longest_first = sorted({each for each in secrets if len(each) >= _COULD_BE_A_WORD}, key=len, reverse=True)

    def masked(text: str) -> str:
        text = _PASSWORD_IN_URL.sub(r"\1:***@", text)
        for secret in longest_first:
            text = text.replace(secret, "***")
        return text

    return [replace(finding, words=masked(finding.words), mend=masked(finding.mend)) for finding in findings]


def one_or_each(check: str, judged: Mapping[str, Finding | None], all_well: str) -> list[Finding]:
    """Give one finding where all are well (None), else each that is not, in that order."""
    wrong = [finding for finding in judged.values() if finding is not None]
    return wrong or [ok(check, all_well)]


def in_a_row(names: Sequence[str]) -> str:
    """Write names with commas, and `and` before the last."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def duration(seconds: float) -> str:
    """Write a time span in words, such as `3 minutes`, rounded to its largest unit."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    count = int(seconds)
    return f"{count} second{'' if count == 1 else 's'}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a number and its noun, such as `3 events`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
