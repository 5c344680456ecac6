"""What an enquiry may be the same as; merging, taking apart, and saying who it is from."""

from __future__ import annotations

from typing import Any

from services.enquiries.domain.references import normalise_reference
from services.enquiries.doors.words import optional_words, today
from services.enquiries.handlers import matching, merging
from services.enquiries.people_schemas import parse_id
from services.enquiries.queries import matching as found
from services.enquiries.queries.threads import references_of, root_of
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.persistence.work import Store


class MatchingDoors:
    """The doors to matching and merging. Every reference works, also that of an enquiry which was merged."""

    store: Store

    @operation
    def list_matches(self, reference: str, settled: bool = False) -> list[dict[str, Any]]:
        """List what an enquiry may be, the likeliest first; with `settled`, also what was taken or refused."""
        reference = normalise_reference(reference)
        with self.store.database.reading() as connection:
            root_of(connection, reference)  # refuses one that is not there
            return found.list_matches(connection, reference, settled=settled)

    @change
    def merge_enquiry(
        self, reference: str, into: str, reason: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Merge an enquiry into another: both keep every word, and both references lead to the thread."""
        reference, into = normalise_reference(reference), normalise_reference(into)
        why = optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            root = merging.merge_enquiry(work, reference, into, reason=why, actor=actor or "unnamed")
            return work.answer({"reference": reference, "thread": references_of(work.connection, root)})

    @change
    def unmerge_enquiry(self, reference: str, reason: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Take an enquiry out of the thread it was merged into."""
        reference, why = normalise_reference(reference), optional_words(reason, "reason", today(self.store))
        with self.store.work() as work:
            merging.unmerge_enquiry(work, reference, reason=why, actor=actor or "unnamed")
            return work.answer({"reference": reference, "thread": references_of(work.connection, reference)})

    @change
    def not_duplicate(self, reference: str, other: str, actor: str | None = None) -> dict[str, Any]:
        """Remember that two enquiries are not the same ask."""
        pair = normalise_reference(reference), normalise_reference(other)
        with self.store.work() as work:
            merging.not_duplicate(work, *pair, actor=actor or "unnamed")
            return work.answer({"not_duplicates": list(pair)})

    @change
    def refuse_match(self, reference: str, target: str, actor: str | None = None) -> dict[str, Any]:
        """Say that an enquiry is not from the person or organisation that was suggested."""
        reference = normalise_reference(reference)
        with self.store.work() as work:
            matching.refuse_match(work, reference, target.strip(), actor=actor or "unnamed")
            return work.answer({"reference": reference, "refused": target.strip()})

    @change
    def link_enquiry(
        self,
        reference: str,
        contact: str | None = None,
        organisation: str | None = None,
        write_to: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Say who an enquiry is from (`contact`), of which organisation, and who is written to about it."""
        reference, by = normalise_reference(reference), actor or "unnamed"
        if not (contact or organisation or write_to):
            why = "Say who the enquiry is from, of which organisation, or who to write to about it."
            raise Refused("invalid", why, {"contact": [why]})
        with self.store.work() as work:
            if organisation:
                matching.link_organisation(work, reference, parse_id(organisation, "organisation"), actor=by)
            if contact:
                matching.link_contact(work, reference, parse_id(contact, "contact"), actor=by)
            if write_to:
                root = merging.root_of(work.connection, reference)
                matching.write_to(work, root, parse_id(write_to, "contact"), actor=by)
            return work.answer({"reference": reference})
