"""The tables of the enquiries service: what was asked, who asks, what was agreed, and the upkeep of all that."""

from services.enquiries.tables.base import messaging, metadata
from services.enquiries.tables.commitments import agreements, drawdowns, proposals, signatures
from services.enquiries.tables.enquiries import (
    ENTRY_AS_VECTOR,
    checklists,
    enquiries,
    establishments,
    matches,
    not_duplicates,
    saved_filters,
    search_entries,
    strikes,
    tasks,
    timeline,
    timeline_words,
)
from services.enquiries.tables.people import (
    contact_history,
    contacts,
    data_requests,
    holdings,
    organisations,
    posts,
    suppressions,
)
from services.enquiries.tables.upkeep import canaries, ledger_days

__all__ = [
    "ENTRY_AS_VECTOR",
    "agreements",
    "canaries",
    "checklists",
    "contact_history",
    "contacts",
    "data_requests",
    "drawdowns",
    "enquiries",
    "establishments",
    "holdings",
    "ledger_days",
    "matches",
    "messaging",
    "metadata",
    "not_duplicates",
    "organisations",
    "posts",
    "proposals",
    "saved_filters",
    "search_entries",
    "signatures",
    "strikes",
    "suppressions",
    "tasks",
    "timeline",
    "timeline_words",
]
