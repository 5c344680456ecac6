"""The read side of the enquiries service: SQL in, plain data out, a module a subject."""

from services.enquiries.queries.enquiries import (
    count_establishments_at,
    get_enquiry,
    list_enquiries,
    list_establishments,
)
from services.enquiries.queries.quarantine import count_quarantine, list_quarantine

__all__ = [
    "count_establishments_at",
    "count_quarantine",
    "get_enquiry",
    "list_enquiries",
    "list_establishments",
    "list_quarantine",
]
