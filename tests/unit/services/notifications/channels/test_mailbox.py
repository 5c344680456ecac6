"""Where the mailbox is, as the setting says it; and a mailbox that fails at any step is away, no more than that."""

from __future__ import annotations

import pytest

from services.notifications.channels.mailbox import Arrived, Mailbox, MailboxAddress, MailboxAway, parse_imap_url
from tests.servers.processes import free_port
from tests.unit.services.notifications.channels.scripted_imap import ScriptedImap

SECRET = "s3cret-of-the-mailbox"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("imaps://u:p@mail.example", ("mail.example", 993, "implicit", "u", "p", "INBOX")),
        ("imaps://u:p@mail.example:1993/Answers", ("mail.example", 1993, "implicit", "u", "p", "Answers")),
        ("imap://u:p@mail.example", ("mail.example", 143, "required", "u", "p", "INBOX")),
        ("imap://u:p@127.0.0.1:1143", ("127.0.0.1", 1143, "auto", "u", "p", "INBOX")),
        ("imap://u:p@[::1]", ("::1", 143, "auto", "u", "p", "INBOX")),
        ("imap://u:p@localhost/", ("localhost", 143, "auto", "u", "p", "INBOX")),
        ("imap://u:p@mail.example?starttls=off", ("mail.example", 143, "off", "u", "p", "INBOX")),
        ("imap://u:p@localhost?starttls=required", ("localhost", 143, "required", "u", "p", "INBOX")),
        (
            "imaps://a%40b.example:p%2Fq@mail.example/In%20box",
            ("mail.example", 993, "implicit", "a@b.example", "p/q", "In box"),
        ),
    ],
)
def test_a_mailbox_is_named_by_its_address(url, expected):
    assert parse_imap_url(url) == MailboxAddress(*expected)


@pytest.mark.parametrize(
    "url",
    [
        f"imap://u:{SECRET}@",
        f"http://u:{SECRET}@mail.example",
        "imaps://mail.example",
        "imaps://u@mail.example",
        f"imaps://:{SECRET}@mail.example",
        f"imaps://u:{SECRET}@mail.example:port",
        f"imaps://u:{SECRET}@mail.example:99999",
        f"imaps://u:{SECRET}@mail.example?starttls=off",
        f"imap://u:{SECRET}@mail.example?starttls=auto",
        f"imap://u:{SECRET}@mail.example?starttls=off&x=1",
        f"imap://u:{SECRET}@mail.example/INBOX#x",
        f"imaps://u:{SECRET}@{'a' * 70}.example",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_by_the_settings_name_and_never_quoted(url):
    with pytest.raises(ValueError, match=r"^KEYTALK_IMAP_URL: ") as refused:
        parse_imap_url(url)

    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value.__cause__)


@pytest.mark.parametrize(
    ("host", "why"), [("mail.example:port", "its port cannot be read"), (f"{'a' * 70}.example", "its host cannot be")]
)
def test_an_address_that_cannot_be_read_says_which_part_of_it(host, why):
    with pytest.raises(ValueError, match=why):
        parse_imap_url(f"imaps://u:p@{host}")


def test_the_name_of_a_mailbox_and_its_looks_give_no_password_and_no_user_away():
    address = parse_imap_url(f"imaps://hana%40risley.example:{SECRET}@mail.example/Answers")

    assert SECRET not in repr(address)
    assert address.name.startswith("mail.example/Answers (")
    assert "hana" not in address.name


SELECTED = "* 1 EXISTS\n* OK [UIDVALIDITY 7] valid\n* OK [UIDNEXT 9] next\nOK [READ-ONLY] done"
FAULTS = {
    "drops the line at once": ({}, None),
    "never greets": ({}, ""),
    "greets with noise": ({}, "\x00\xff what?"),
    "says goodbye": ({}, "* BYE too busy"),
    "drops the line at login": ({"LOGIN": None}, "* OK"),
    "refuses the login": ({"LOGIN": f"NO [AUTHENTICATIONFAILED] not hana with {SECRET}"}, "* OK"),
    "never answers the login": ({"LOGIN": ""}, "* OK"),
    "has no such folder": ({"EXAMINE": "NO [NONEXISTENT] no such folder for hana"}, "* OK"),
    "opens the folder and says nothing of it": ({"EXAMINE": "OK done"}, "* OK"),
    "drops the line at the search": ({"EXAMINE": SELECTED, "SEARCH": None}, "* OK"),
    "finds what is no number": ({"EXAMINE": SELECTED, "SEARCH": "* SEARCH one two\nOK done"}, "* OK"),
    "never answers a search": ({"EXAMINE": SELECTED, "SEARCH": ""}, "* OK"),
    "refuses the headers": ({"EXAMINE": SELECTED, "SEARCH": "* SEARCH 3\nOK done", "FETCH": "NO never"}, "* OK"),
    "breaks off within the headers": ({"EXAMINE": SELECTED, "SEARCH": "* SEARCH 3\nOK done", "FETCH": None}, "* OK"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_mailbox_that_fails_is_away_and_its_words_are_left_out(name):
    answers, greeting = FAULTS[name]
    with ScriptedImap(answers, greeting) as server, pytest.raises(MailboxAway) as away:
        _read(Mailbox(_address(server.port), connect_timeout=1, read_timeout=0.3))

    assert SECRET not in str(away.value)
    assert "hana" not in str(away.value)


def test_a_mailbox_that_nobody_listens_for_is_away():
    with (
        pytest.raises(MailboxAway, match="ConnectionRefusedError at connecting"),
        Mailbox(_address(free_port())).open(),
    ):
        pass


def test_where_starttls_is_required_and_not_offered_no_password_is_sent():
    with ScriptedImap() as server, pytest.raises(MailboxAway, match="logging in"):
        _read(Mailbox(_address(server.port, tls="required"), read_timeout=0.3))

    assert not any(SECRET in each for each in server.heard)


def test_a_folder_is_opened_for_reading_only():
    with ScriptedImap({"EXAMINE": SELECTED, "SEARCH": "* SEARCH\nOK done"}) as server:
        assert _read(Mailbox(_address(server.port), read_timeout=0.3)) == []

    assert any(each.startswith("EXAMINE") for each in server.heard)
    assert not any(each.startswith(("SELECT", "UID STORE", "EXPUNGE", "UID MOVE")) for each in server.heard)


def test_a_server_that_gives_mails_it_was_not_asked_for_is_not_believed():
    with ScriptedImap({"EXAMINE": SELECTED, "SEARCH": "* SEARCH 3 8 9000000\nOK done"}) as server:
        _read(Mailbox(_address(server.port), read_timeout=0.3), after=5)

    assert [each for each in server.heard if each.startswith("UID FETCH")] == [
        "UID FETCH 8 (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE)] INTERNALDATE)"
    ]


def _read(mailbox: Mailbox, after: int = 0) -> list[Arrived]:
    with mailbox.open() as folder:
        return [mail for batch in folder.after(after) for mail in batch]


def _address(port: int, tls: str = "off") -> MailboxAddress:
    return MailboxAddress("127.0.0.1", port, tls, "hana", SECRET)  # type: ignore[arg-type]
