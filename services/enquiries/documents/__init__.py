"""Papers that people sign. Each is made in a process of its own: setting a page takes a second of pure computing."""

from services.enquiries.documents.printing import print_proposal

__all__ = ["print_proposal"]
