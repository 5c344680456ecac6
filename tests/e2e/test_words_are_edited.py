"""Ops edit the words of a message from the command line: drafted, seen, refused where they hurt, sent, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples import risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

T = "enquiry_received"
KEPT, EDITED = "Your enquiry has reached us.", "Your enquiry is with us, and a person will read it."


def thanks(keytalk: Keytalk, name: str) -> dict:
    """Post an enquiry of somebody, and give the mail that thanks them."""
    address = f"{name}@risley.example"
    answer = keytalk.post(risley_enquiry(contact_name=name.title(), contact_email=address))
    assert answer.status_code == 201, answer.text

    def mail() -> str | None:
        mails = (each for each in keytalk.cli("mail", "list") if address in each["to"])
        return next((each["message_id"] for each in mails if "We have your enquiry" in each["subject"]), None)

    return keytalk.cli("mail", "show", eventually(mail))


def edit(keytalk: Keytalk, folder: Path, old: str, new: str) -> dict:
    """Export the words that come with Keytalk, put one for another, and keep them as a draft."""
    keytalk.cli("templates", "export", T, "--version", "0", "--to", str(folder), "--force")
    files = [folder / f"{T}.{suffix}" for suffix in ("txt", "html")]
    for file in files:
        words = file.read_text(encoding="utf-8")
        assert old in words
        file.write_text(words.replace(old, new), encoding="utf-8")
    return keytalk.cli("templates", "edit", T, "--text", str(files[0]), "--html", str(files[1]))


def test_edited_words_are_sent_once_they_are_published_and_until_they_are_taken_back(embedded, tmp_path):
    keytalk = embedded
    assert KEPT in thanks(keytalk, "ana")["text"]
    draft = edit(keytalk, tmp_path, KEPT, EDITED)["draft"]
    shown = keytalk.cli("templates", "preview", T, "--version", str(draft["version"]))
    assert "Hello Ana," in shown["text"]
    assert EDITED in shown["text"]
    assert KEPT in thanks(keytalk, "ben")["text"]

    keytalk.cli("templates", "publish", T, "--reason", "Warmer.")
    mail = thanks(keytalk, "cid")
    assert EDITED in mail["text"]
    assert "Hello Cid," in mail["text"]

    hurting = edit(keytalk, tmp_path, KEPT, "This is urgent.")
    assert not hurting["lint"]["fit"]
    with pytest.raises(CommandRefused, match="'urgent' hurts or presses"):
        keytalk.cli("templates", "publish", T, "--reason", "Quicker.")
    assert EDITED in thanks(keytalk, "dee")["text"]

    keytalk.cli("templates", "revert", T, "--reason", "As before.")
    assert KEPT in thanks(keytalk, "eva")["text"]
