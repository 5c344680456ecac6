"""What the gateway answers to a dry run, and what was more than tried."""

from __future__ import annotations

from typing import Any


def telling(*sends: tuple[str, str], cancels: Any = ()) -> dict[str, Any]:
    """Give what a dry run says beside the rest of its answer: who would be sent which letter."""
    due = {"due_at": "2026-12-07T09:00:00+00:00"}
    told = [{"recipient": who, "template": template, **due} for who, template in sends]
    gone = [{"recipient": who, "template": of, "cancelled_because": why, **due} for who, of, why in cancels]
    return {"would_tell": {"sends": told, "cancels": gone}}


def done(gateway: Any, call: str) -> list[dict[str, Any]]:
    """Give what a change was asked for with, where it was more than tried."""
    return [body for name, body in gateway.asked if name == call and not body.get("dry_run")]
