"""The words that ops write: drafted in versions that never change, published once they are fit to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, update

from services.notifications.domain.template_lint import Finding
from services.notifications.queries.templates import AS_IT_COMES, entry_of, no_draft, words_of
from services.notifications.sending.template_checks import Words, by_place, faults_of
from services.notifications.tables import template_versions
from shared.errors import Refused
from shared.persistence.types import AnyRow
from shared.persistence.upsert import insert_or_leave
from shared.persistence.work import UnitOfWork


def draft_template(work: UnitOfWork, template: str, words: Words, by: str) -> int:
    """Keep the words of a template as a new draft and give its version; the same words again are the same draft.

    Raises `Refused`: "not_found" for no such template, "invalid" for words that are not of the language.
    """
    entry_of(template)
    faults = faults_of(template, words)
    if faults:
        raise Refused("invalid", "These words cannot be read as they are, so nothing was kept.", by_place(faults))
    versions = _locked(work, template)
    newest = versions[-1] if versions else None
    if newest is not None and newest.state == "draft" and (newest.text, newest.html) == words:
        return int(newest.version)
    return _add(work, template, versions, words, {"state": "draft", "made_by": by})


def publish_template(
    work: UnitOfWork, template: str, version: int, findings: Iterable[Finding], reason: str, by: str
) -> None:
    """Have a draft sent from now on. `findings` are what was found in its words, which never change.

    Raises `Refused` where it is no draft, or not fit to be sent.
    """
    chosen = next((row for row in _locked(work, template) if row.version == version and row.state == "draft"), None)
    if chosen is None:
        raise Refused("refused", no_draft(template, version))
    _refuse_unfit(findings)
    _retire_live(work, template)
    values = {"state": "live", "reason": reason, "published_at": work.now, "published_by": by}
    work.connection.execute(update(template_versions).where(template_versions.c.id == chosen.id).values(values))


def revert_template(
    work: UnitOfWork, template: str, version: int, findings: Iterable[Finding], reason: str, by: str
) -> int:
    """Go back to the words of an earlier version, or with 0 to those that come with Keytalk; give the version live now.

    An earlier version is published anew, as the newest: each version says when and why it went live. `findings` are
    what was found in its words. Raises `Refused` where there is nothing to go back from or to, or where the words are
    no longer fit to be sent.
    """
    versions = _locked(work, template)
    live = next((row for row in versions if row.state == "live"), None)
    if version == (live.version if live else AS_IT_COMES):
        raise Refused("refused", "These are the words that are sent already: there is nothing to go back to.")
    if version == AS_IT_COMES:
        _retire_live(work, template, f"Taken back by {by}: {reason}")
        return AS_IT_COMES
    words = words_of(work.connection, template, version)
    if next(row.state for row in versions if row.version == version) == "draft":
        raise Refused("refused", f"Version {version} was never sent. Publish it: `keytalk templates publish`.")
    _refuse_unfit(findings)
    _retire_live(work, template)
    published = {"made_by": by, "published_at": work.now, "published_by": by}
    return _add(work, template, versions, words, {"state": "live", "reason": reason, **published})


def _locked(work: UnitOfWork, template: str) -> list[AnyRow]:
    """Lock and load all versions of a template, the first first."""
    query = select(template_versions).where(template_versions.c.template == template)
    return list(work.connection.execute(query.order_by(template_versions.c.version).with_for_update()))


def _add(work: UnitOfWork, template: str, versions: list[AnyRow], words: Words, values: Mapping[str, Any]) -> int:
    version = int(versions[-1].version) + 1 if versions else 1
    text, html = words
    row = {"id": work.new_id(), "template": template, "version": version, "text": text, "html": html}
    if not insert_or_leave(work.connection, template_versions, {**row, "made_at": work.now, **values}):
        raise Refused("conflict", f"Somebody else has just written {template}. Look at theirs, then try again.")
    return version


def _retire_live(work: UnitOfWork, template: str, reason: str | None = None) -> None:
    values = {"state": "retired"} | ({"reason": reason} if reason else {})
    is_live = (template_versions.c.template == template) & (template_versions.c.state == "live")
    work.connection.execute(update(template_versions).where(is_live).values(values))


def _refuse_unfit(findings: Iterable[Finding]) -> None:
    errors = by_place(findings)
    if errors:
        raise Refused("refused", "These words are not fit to be sent yet; nothing has changed.", errors)
