"""What the settings ask of the channels, and what cannot be used is refused by name before anything starts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from services.notifications.channels.equipment import alert_channel, letterhead_of, mail_channel
from services.notifications.channels.maildir import MaildirChannel
from services.notifications.channels.smtp import SmtpChannel
from services.notifications.checking import check
from shared.config import BadSettings, Settings, read_settings


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(path), "1024"], check=True, capture_output=True)
    return path


def settings(home: Path, **given: str | Path) -> Settings:
    return read_settings({"KEYTALK_HOME": str(home), **{f"KEYTALK_{name}": str(each) for name, each in given.items()}})


def test_without_settings_mail_stays_here_and_nobody_is_alerted(tmp_path: Path) -> None:
    channel = mail_channel(settings(tmp_path))
    assert isinstance(channel, MaildirChannel)
    assert alert_channel(settings(tmp_path)).places == 0
    check(settings(tmp_path))


def test_the_settings_are_on_every_mail(tmp_path: Path, key_file: Path) -> None:
    ours = settings(
        tmp_path,
        SMTP_URL="smtp://mail.example.org",
        SMTP_IDEMPOTENCY_HEADER="Resend-Idempotency-Key",
        REPLY_TAGS="on",
        DKIM_KEY_FILE=key_file,
        DKIM_SELECTOR="spring",
        MAIL_FROM="keytalk@mail.example.org",
        BOUNCE_ADDRESS="bounces@mail.example.org",
        ALERT_URLS="json://127.0.0.1/one, json://127.0.0.1/two",
    )
    check(ours)
    channel = mail_channel(ours)
    assert isinstance(channel, SmtpChannel)
    letterhead = letterhead_of(ours)
    assert (letterhead.idempotency_header, letterhead.reply_tags) == ("Resend-Idempotency-Key", True)
    assert letterhead.signed is not None
    signature = letterhead.signed(b"From: a@mail.example.org\r\n\r\nHello\r\n").replace(b"\r\n ", b" ")
    assert b"d=mail.example.org;" in signature
    assert b"s=spring;" in signature
    assert alert_channel(ours).places == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "smtp://us:secret@mail.example.org?tls=on"),
        ("SMTP_IDEMPOTENCY_HEADER", "Bcc"),
        ("IMAP_URL", "imaps://us:secret@mail.example.org/INBOX?secret=1"),
        ("BOUNCE_ADDRESS", "secret" * 6 + "@mail.example.org"),
        ("DKIM_KEY_FILE", "/nowhere/secret.pem"),
        ("ALERT_URLS", "json://127.0.0.1/one,nosuch://secret"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_quoted(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=rf"^Keytalk cannot start with these settings\.\nKEYTALK_{name}: ") as refusal:
        check(settings(tmp_path, **{name: value}))
    assert "secret" not in str(refusal.value)


def test_looking_at_the_settings_makes_nothing(tmp_path: Path) -> None:
    check(settings(tmp_path / "home", SECRET_KEYS="k" * 16, OPS_TOKEN="t" * 16))
    assert not (tmp_path / "home").exists()
