"""The read side of the enquiries service: SQL in, plain data out, a module a subject."""

from services.enquiries.queries.commitments import (
    agreement_of,
    find_agreement,
    find_proposal,
    get_agreement,
    get_letter,
    get_proposal,
    list_agreements,
    list_proposals,
)
from services.enquiries.queries.enquiries import (
    count_establishments_at,
    get_enquiry,
    list_establishments,
)
from services.enquiries.queries.quarantine import count_quarantine, list_quarantine, list_suspects
from services.enquiries.queries.searching import get_filter, list_enquiries, list_filters
from services.enquiries.queries.upkeep import (
    busy_days,
    get_balance,
    last_arrival,
    last_canary,
    ledger_row,
    list_canaries,
    list_ledger,
)

__all__ = [
    "agreement_of",
    "busy_days",
    "count_establishments_at",
    "count_quarantine",
    "find_agreement",
    "find_proposal",
    "get_agreement",
    "get_balance",
    "get_enquiry",
    "get_filter",
    "get_letter",
    "get_proposal",
    "last_arrival",
    "last_canary",
    "ledger_row",
    "list_agreements",
    "list_canaries",
    "list_enquiries",
    "list_establishments",
    "list_filters",
    "list_ledger",
    "list_proposals",
    "list_quarantine",
    "list_suspects",
]
