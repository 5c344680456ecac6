from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from services.notifications.channels.base import Mail, PermanentFailure, TemporaryFailure
from services.notifications.channels.maildir import MaildirChannel, MailNotFound


@pytest.fixture
def maildir(tmp_path: Path) -> MaildirChannel:
    return MaildirChannel(tmp_path / "mail")


def lying(maildir: MaildirChannel, part: str) -> list[Path]:
    return sorted((maildir.root / part).iterdir())


def test_a_mail_delivered_twice_lies_there_once(maildir: MaildirChannel, mail: Mail) -> None:
    maildir.deliver(mail)
    maildir.deliver(replace(mail, date=mail.date.replace(hour=23)))
    [only] = maildir.list_mail()
    assert only["date"] == "2026-11-24T09:30:00+00:00"
    assert lying(maildir, "tmp") == []


def test_two_mails_are_two_files(maildir: MaildirChannel, mail: Mail) -> None:
    maildir.deliver(mail)
    maildir.deliver(replace(mail, message_id="<other@mail.example.org>"))
    assert len(lying(maildir, "new")) == 2


def test_a_channel_opened_again_knows_what_was_delivered(maildir: MaildirChannel, mail: Mail) -> None:
    maildir.deliver(mail)
    opened_again = MaildirChannel(maildir.root)
    opened_again.deliver(mail)
    assert opened_again.settle(mail.message_id) is True
    assert len(lying(maildir, "new")) == 1


def test_a_crash_while_writing_leaves_the_mail_undelivered_and_the_next_attempt_clears_up(
    maildir: MaildirChannel, mail: Mail
) -> None:
    maildir.deliver(mail)
    [delivered] = lying(maildir, "new")
    half = maildir.root / "tmp" / f"{delivered.name}.broken"
    half.write_bytes(delivered.read_bytes()[:20])
    delivered.unlink()

    assert maildir.settle(mail.message_id) is False
    maildir.deliver(mail)
    assert maildir.settle(mail.message_id) is True
    assert lying(maildir, "tmp") == []


def test_what_another_mail_is_writing_is_left_alone(maildir: MaildirChannel, mail: Mail) -> None:
    another = maildir.root / "tmp" / f"{'0' * 40}.writing"
    another.write_bytes(b"half a mail")
    maildir.deliver(mail)
    assert lying(maildir, "tmp") == [another]


def test_a_mail_that_was_read_is_not_delivered_again(maildir: MaildirChannel, mail: Mail) -> None:
    maildir.deliver(mail)
    [delivered] = lying(maildir, "new")
    delivered.rename(maildir.root / "cur" / f"{delivered.name}:2,FS")

    assert maildir.settle(mail.message_id) is True
    maildir.deliver(mail)
    assert lying(maildir, "new") == []
    assert [each["message_id"] for each in maildir.list_mail()] == [mail.message_id]
    assert maildir.read(mail.message_id)["headers"]["Subject"] == mail.subject


def test_many_deliveries_at_once_leave_one_whole_mail(maildir: MaildirChannel, mail: Mail) -> None:
    def deliver(_attempt: int) -> bool:
        try:
            maildir.deliver(mail)
        except TemporaryFailure:  # its draft was cleared up by a faster one: it will find the mail next time
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        delivered = list(pool.map(deliver, range(40)))
    assert any(delivered)
    assert len(lying(maildir, "new")) == 1
    assert maildir.read(mail.message_id)["text"].splitlines() == mail.text.splitlines()


def test_only_the_owner_can_read_the_mail(tmp_path: Path, mail: Mail) -> None:
    old = os.umask(0)
    try:
        maildir = MaildirChannel(tmp_path / "mail")
        maildir.deliver(mail)
    finally:
        os.umask(old)
    [delivered] = lying(maildir, "new")
    assert delivered.stat().st_mode & 0o777 == 0o600
    for folder in (maildir.root, *maildir.root.iterdir()):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_list_names_the_mail_that_came_last_first(maildir: MaildirChannel, mail: Mail) -> None:
    for number in (1, 2, 3):
        one = replace(mail, message_id=f"<m{number}@mail.example.org>", subject=f"Mail {number}")
        maildir.deliver(one)
        newest = max(lying(maildir, "new"), key=lambda path: path.stat().st_ctime_ns)
        os.utime(newest, (number, number))
    listed = maildir.list_mail(limit=2)
    assert [each["subject"] for each in listed] == ["Mail 3", "Mail 2"]
    assert listed[0]["to"] == "sam@prison.example"
    assert listed[0]["message_id"] == "<m3@mail.example.org>"
    assert Path(listed[0]["path"]).is_file()


def test_a_mail_is_read_with_its_words_and_files(maildir: MaildirChannel, mail: Mail) -> None:
    maildir.deliver(mail)
    read = maildir.read(mail.message_id)
    assert read["headers"]["Message-ID"] == mail.message_id
    assert "£250" in read["text"]
    [calendar] = read["attachments"]
    assert (calendar["filename"], calendar["content_type"]) == ("sessions.ics", "text/calendar")
    assert base64.b64decode(calendar["content"]).decode() == calendar["text"]
    assert calendar["text"].startswith("BEGIN:VCALENDAR")


def test_a_mail_that_is_not_there_is_not_found(maildir: MaildirChannel) -> None:
    assert maildir.settle("<nobody@mail.example.org>") is False
    with pytest.raises(MailNotFound):
        maildir.read("<nobody@mail.example.org>")


def test_a_disk_that_will_not_take_it_is_a_temporary_failure(maildir: MaildirChannel, mail: Mail) -> None:
    (maildir.root / "tmp").rmdir()
    with pytest.raises(TemporaryFailure, match="Maildir could not be written"):
        maildir.deliver(mail)


def test_a_mail_that_is_none_is_never_written(maildir: MaildirChannel, mail: Mail) -> None:
    with pytest.raises(PermanentFailure):
        maildir.deliver(replace(mail, recipient="a@x.example, b@x.example"))
    assert lying(maildir, "new") == lying(maildir, "tmp") == []
