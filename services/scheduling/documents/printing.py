"""Has our papers made, each beside this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.documents.printing import print_paper


def print_memo(letter: Mapping[str, Any]) -> bytes:
    """Make the PDF of a gate memo: see `memo_paper.make_pdf`. Raises `Refused("unavailable")` where it cannot."""
    return print_paper("services.scheduling.documents.memo_paper", letter)
