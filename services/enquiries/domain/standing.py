"""Where an accepted enquiry stands with regard to the intake. It has exactly one standing, always.

The daily balance rests on that: received = filed + quarantined + merged. Source: peers notes, section 3, "Enquiry
ledger".
"""

from __future__ import annotations

from enum import StrEnum


class Standing(StrEnum):
    """`filed` is in the pipeline, `quarantined` is held back as suspected spam, `merged` lies with an older one."""

    FILED = "filed"
    QUARANTINED = "quarantined"
    MERGED = "merged"
