"""Papers that go to a gate. Each is made in a process of its own: setting a page takes a second of pure computing."""

from services.scheduling.documents.printing import print_memo

__all__ = ["print_memo"]
