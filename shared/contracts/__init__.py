"""The published language: the events that the services share, one module a publisher."""

from shared.contracts import enquiries, notifications, scheduling

__all__ = ["enquiries", "notifications", "scheduling"]
