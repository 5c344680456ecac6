"""Has our papers made, each beside this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.documents.printing import print_paper


def print_proposal(letter: Mapping[str, Any]) -> bytes:
    """Make the PDF of a proposal: see `proposal_paper.make_pdf`. Raises `Refused("unavailable")` where it cannot."""
    return print_paper("services.enquiries.documents.proposal_paper", letter)
