"""The people and enquiries that tests tell their stories with. All invented."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

STORY_BEGINS = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
"""A Tuesday in December: when Keytalk's clock begins in tests that tell a story with dates, whenever they are run."""


def risley_enquiry(**changes: Any) -> dict[str, Any]:
    """Give the answers of a head of reducing reoffending at Risley who wants Tuesdays from January."""
    answers = {
        "programme": "many-faces-of-trauma",
        "establishment": "RSI",
        "contact_name": "Alex Morgan",
        "contact_role": "Head of reducing reoffending",
        "contact_email": "alex.morgan@risley.example",
        "organisation": "HMP Risley",
        "group_size": 10,
        "preferred_start": "2027-01-12",
        "preferred_times": "Tuesdays, in the afternoon",
        "message": "We have a quiet room on the education corridor.",
    }
    return {name: value for name, value in {**answers, **changes}.items() if value is not None}


WAY_TO_WON = ("availability", "suitability", "next_steps", "agreement", "won")
