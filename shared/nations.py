"""The nations that establishments lie in, and whose bank holidays each keeps."""

from __future__ import annotations

from typing import Literal

Nation = Literal["england", "wales", "scotland", "northern-ireland"]
Division = Literal["england-and-wales", "scotland", "northern-ireland"]


def division_of(nation: str | None) -> Division:
    """Give the bank-holiday division of a nation, as GOV.UK names the three in its feed; England's where unknown."""
    if nation == "scotland":
        return "scotland"
    return "northern-ireland" if nation == "northern-ireland" else "england-and-wales"
