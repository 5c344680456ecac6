"""Organisations, the posts in them, and the people who hold those posts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.enquiries.domain.people import ContactStatus, OrganisationKind
from services.enquiries.doors.words import MOST, optional_words, today, words_wanted
from services.enquiries.handlers import leaving, organisations, people, returning
from services.enquiries.people_schemas import ContactForm, OrganisationForm, PostForm, parse, parse_changes, parse_id
from services.enquiries.queries import people as known
from shared.config import Settings
from shared.contracts.notifications import RecipientBounced
from shared.doors.events import consumes
from shared.doors.rpc import change, operation
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.paging import MOST as MOST_AT_ONCE
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork


class PeopleDoors:
    """The doors to organisations, posts and people. A change answers with ids: personal data is read, never kept."""

    store: Store
    settings: Settings = SettingsProvider()

    @operation
    def list_organisations(
        self, search: str | None = None, kind: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """List organisations by name."""
        wanted = _one_of(kind, list(OrganisationKind), "kind")
        with self.store.database.reading() as connection:
            return known.list_organisations(connection, search=search, kind=wanted, limit=page_size(limit))

    @operation
    def get_organisation(self, organisation: str) -> dict[str, Any]:
        """Give one organisation with its posts and people."""
        with self.store.database.reading() as connection:
            return known.get_organisation(connection, parse_id(organisation, "organisation"))

    @change
    def add_organisation(
        self,
        kind: str,
        name: str,
        nation: str | None = None,
        email_domain: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Add an organisation that is no establishment."""
        said = parse(
            OrganisationForm,
            {"kind": kind, "name": name, "nation": nation, "email_domain": email_domain},
            today(self.store),
        )
        with self.store.work() as work:
            added = organisations.add_organisation(work, said, actor=actor or "unnamed")
            return work.answer(known.get_organisation(work.connection, added))

    @change
    def change_organisation(
        self,
        organisation: str,
        name: str | None = None,
        nation: str | None = None,
        email_domain: str | None = None,
        active: bool | None = None,
        actor: str | None = None,
    ) -> dict[str, str]:
        """Change an organisation; an empty text clears what it is given for."""
        given = {"name": name, "nation": nation, "email_domain": email_domain}
        changes = parse_changes(OrganisationForm, given, today(self.store))
        if active is not None:
            changes["active"] = bool(active)
        organisation_id = parse_id(organisation, "organisation")
        with self.store.work() as work:
            organisations.change_organisation(work, organisation_id, changes)
            return work.answer({"id": str(organisation_id)})

    @change
    def add_post(self, organisation: str, title: str, actor: str | None = None) -> dict[str, str | None]:
        """Add a post to an organisation; one of that title is the same one."""
        said = parse(PostForm, {"title": title}, today(self.store))
        with self.store.work() as work:
            row = organisations.the_organisation(work, parse_id(organisation, "organisation"))
            added = organisations.post_called(work, row.id, said["title"])
            return work.answer({"id": str(added) if added else None, "organisation": str(row.id)})

    @operation
    def list_contacts(
        self,
        search: str | None = None,
        organisation: str | None = None,
        status: str | None = None,
        limit: int = 50,
        ids: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """List people, the newest first; with `ids` only those of them who are on file."""
        wanted = _one_of(status, list(ContactStatus), "status")
        at = parse_id(organisation, "organisation") if organisation else None
        with self.store.database.reading() as connection:
            return known.list_contacts(
                connection,
                search=search,
                organisation_id=at,
                status=wanted,
                ids=_ids(ids),
                limit=page_size(limit),
            )

    @operation
    def get_contact(self, contact: str) -> dict[str, Any]:
        """Give one person with their posts, their enquiries and their history."""
        with self.store.database.reading() as connection:
            return known.get_contact(connection, parse_id(contact, "contact"))

    @change
    def add_contact(
        self,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        organisation: str | None = None,
        role: str | None = None,
        preferred_channel: str | None = None,
        actor: str | None = None,
    ) -> dict[str, str]:
        """Add someone by hand. A person who asked to be erased is not added again."""
        given = {"name": name, "email": email, "phone": phone, "organisation": organisation, "role": role}
        said = parse(ContactForm, {**given, "preferred_channel": preferred_channel}, today(self.store))
        with self.store.work() as work:
            added = people.add_contact(work, said, keys=self.settings.secret_keys, actor=actor or "unnamed")
            return work.answer({"id": str(added)})

    @change
    def change_contact(
        self,
        contact: str,
        name: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        organisation: str | None = None,
        role: str | None = None,
        preferred_channel: str | None = None,
        successor: str | None = None,
        actor: str | None = None,
    ) -> dict[str, str]:
        """Change what is on record about someone; an empty text clears what it is given for."""
        given = {"name": name, "email": email, "phone": phone, "organisation": organisation, "role": role}
        given |= {"preferred_channel": preferred_channel, "successor": successor}
        changes = parse_changes(ContactForm, given, today(self.store))
        contact_id = parse_id(contact, "contact")
        with self.store.work() as work:
            keys, by = self.settings.secret_keys, actor or "unnamed"
            returning.change_contact(work, contact_id, changes, keys=keys, actor=by)
            return work.answer({"id": str(contact_id)})

    @change
    def mark_contact_left(
        self, contact: str, reason: str | None = None, successor: str | None = None, actor: str | None = None
    ) -> dict[str, str]:
        """Mark someone as having left: nobody writes to them, and a task asks who holds their posts now."""
        contact_id = parse_id(contact, "contact")
        follows = parse_id(successor, "contact") if successor else None
        why = optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            leaving.mark_contact_left(work, contact_id, reason=why, successor_id=follows, actor=actor or "unnamed")
            return work.answer({"id": str(contact_id), "status": ContactStatus.LEFT.value})

    @change
    def bring_contact_back(self, contact: str, reason: str, actor: str | None = None) -> dict[str, str]:
        """Have someone written to again who was marked as bounced or as having left, at the address on record."""
        contact_id = parse_id(contact, "contact")
        why = words_wanted(reason, "reason", MOST, today(self.store))
        with self.store.work() as work:
            returning.bring_back(work, contact_id, reason=why, actor=actor or "unnamed")
            return work.answer({"id": str(contact_id), "status": ContactStatus.ACTIVE.value})

    @change
    def assign_post(self, contact: str, post: str, actor: str | None = None) -> dict[str, str]:
        """Say that someone holds a post from now on."""
        contact_id, post_id = parse_id(contact, "contact"), parse_id(post, "post")
        with self.store.work() as work:
            people.assign_post(work, contact_id, post_id, actor=actor or "unnamed")
            return work.answer({"contact": str(contact_id), "post": str(post_id)})

    @change
    def end_post(self, contact: str, post: str, actor: str | None = None) -> dict[str, str]:
        """Say that someone holds a post no longer."""
        contact_id, post_id = parse_id(contact, "contact"), parse_id(post, "post")
        with self.store.work() as work:
            people.end_post(work, contact_id, post_id, actor=actor or "unnamed")
            return work.answer({"contact": str(contact_id), "post": str(post_id)})

    @consumes(RecipientBounced)
    def when_recipient_bounced(self, work: UnitOfWork, event: RecipientBounced) -> None:
        """Stop writing to an address that was turned down for good, and ask who to write to now."""
        leaving.when_recipient_bounced(work, event)


def _ids(given: Any) -> list[UUID] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MOST_AT_ONCE:
        why = f"ids must be a list of at most {MOST_AT_ONCE} ids of people, as `keytalk contacts list` shows them."
        raise Refused("invalid", why, {"ids": [why]})
    return [parse_id(each, "contact") for each in given]


def _one_of(text: str | None, choices: list[str], field: str) -> str | None:
    if not text:
        return None
    if text not in choices:
        why = f"Choose one of: {', '.join(choices)}."
        raise Refused("invalid", why, {field: [why]})
    return text
