"""The line in a mail that leads to its reader's own page."""

from __future__ import annotations

import pytest

from services.notifications.sending.rendering import Organisation, render

PAGE = "https://keys.example/messages/f-signed.with-a-long-signature"
FACTS = {"reference": "KT-7F3K-92", "words": "Thank you."}
ORGANISATION = Organisation("Key & Compass", "ops@mail.example.org")


def test_a_mail_leads_to_its_readers_page_in_both_its_forms():
    words = render("reply_written", {**FACTS, "preferences_page": PAGE}, ORGANISATION)

    assert f"Choose how we write to you:\n{PAGE}\n" in words.text
    assert f'<a href="{PAGE}" style="color:#0b5a6b">Choose how we write to you</a>' in words.html


@pytest.mark.parametrize("known", [{}, {"preferences_page": None}])
def test_where_there_is_no_page_there_is_no_line(known):
    words = render("reply_written", {**FACTS, **known}, ORGANISATION)

    assert "Choose how" not in words.text + words.html
