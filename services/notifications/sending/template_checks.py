"""Whether words are fit to be sent: read, written on samples and on real facts, and looked at by the lint."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.notifications.domain.template_catalogue import CATALOGUE, TemplateEntry
from services.notifications.domain.template_language import Part, Reading, WordsNotUnderstood
from services.notifications.domain.template_lint import Edit, Finding, SampleMail, lint
from services.notifications.sending.rendering import MessageNotRendered, Organisation, Rendered, render
from services.notifications.sending.template_reading import read_words

Words = tuple[str, str]
"""The text and the page of a template."""


def faults_of(template: str, words: Words) -> list[Finding]:
    """Give what in the words is not of the language in which they are written."""
    return [fault for part in _parts(template, words) if isinstance(part, list) for fault in part]


def look_over(
    template: str, words: Words, organisation: Organisation, real: Iterable[Mapping[str, Any]] = ()
) -> list[Finding]:
    """Give all that is found in the words of a template, the errors first.

    `real` are facts of messages as the ledger has them: the words have to come out with each of these as well. Others
    get their turn in between, so call it in no transaction.
    """
    entry = CATALOGUE[template]
    parts = [part for part in _parts(template, words) if isinstance(part, Reading)]
    if len(parts) < len(Part):
        return faults_of(template, words)
    samples: list[Rendered] = []
    unwritten: list[Finding] = []
    for facts in entry.samples():
        try:
            samples.append(render(template, facts, organisation, words))
        except MessageNotRendered as error:
            unwritten.append(Finding("error", "written on samples", "both", str(error)))
    unwritten += _on_real_facts(entry, words, organisation, real)
    shown = tuple(SampleMail(each.subject, each.text, each.html) for each in samples)
    return [*dict.fromkeys(unwritten), *lint(Edit(entry, parts[0], parts[1], shown))]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Say whether anything found keeps words from going live."""
    return any(finding.level == "error" for finding in findings)


def by_place(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Give the errors as a refusal names them: by where they are."""
    places: dict[str, list[str]] = {}
    for finding in findings:
        if finding.level == "error":
            places.setdefault(finding.where, []).append(finding.words)
    return places


def _parts(template: str, words: Words) -> Iterator[Reading | list[Finding]]:
    """Read both parts; in place of one that is not of the language, give what is wrong with it."""
    for part, source in zip(Part, words, strict=True):
        try:
            yield read_words(CATALOGUE[template], part, source)
        except WordsNotUnderstood as error:
            yield [Finding("error", "language", part, str(fault)) for fault in error.faults]


def _on_real_facts(
    entry: TemplateEntry, words: Words, organisation: Organisation, real: Iterable[Mapping[str, Any]]
) -> Iterator[Finding]:
    for facts in real:
        time.sleep(0)
        try:
            render(entry.name, {**entry.asked_for(), **facts}, organisation, words)
        except MessageNotRendered as error:
            why = f"With the facts of a message of the last days it does not come out: {error}."
            yield Finding("error", "written on real messages", "both", why)
