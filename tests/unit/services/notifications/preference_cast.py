"""What the tests of preferences share: somebody who chooses, a store, and settings."""

from __future__ import annotations

from uuid import UUID

from shared.config import read_settings

ANA, SAM = UUID("0192f0c8-0000-7000-8000-0000000000a1"), UUID("0192f0c8-0000-7000-8000-0000000000b2")
FACILITATOR, CONTACT, ENQUIRER = f"facilitator:{ANA}", f"contact:{SAM}", "enquirer:KT-7F3K-92"
KEYS = ("the-first-key-of-two", "the-second-key-of-two")


def settings_at(folder):
    return read_settings(
        {
            "KEYTALK_HOME": str(folder / "home"),
            "KEYTALK_SECRET_KEYS": ",".join(KEYS),
            "KEYTALK_PUBLIC_URL": "https://keys.example",
            "KEYTALK_OPS_MAILBOX": "ops@opengate.example",
            "KEYTALK_ORG_NAME": "Open Gate <Trust>",
        }
    )
