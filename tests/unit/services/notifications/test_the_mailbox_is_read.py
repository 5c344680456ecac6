"""New mail is read once, in any order of faults, from a mailbox in memory and from a real IMAP server alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from services.notifications.channels.mailbox import Mailbox, MailboxAway, parse_imap_url
from services.notifications.channels.verp import message_of
from services.notifications.doors.answers import AnswerDoors
from services.notifications.handlers import reading
from services.notifications.handlers.answering import Desk
from services.notifications.handlers.reading import Reader
from services.notifications.tables import answers_read, mailbox_positions, messaging, metadata
from shared.errors import Refused
from shared.messaging.jobs import NotFinished
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.unit.services.notifications.answer_samples import OURS, reply
from tests.unit.services.notifications.mailboxes import Filled, InMemory, OnDovecot


class Enquiries:
    """Files what it is given; the references in `away` cannot be asked for just now."""

    def __init__(self) -> None:
        self.filed: list[str] = []
        self.keys: list[str] = []
        self.away: set[str] = set()

    def call(self, _service: str, operation: str, **arguments: Any) -> Any:
        if arguments["reference"] in self.away:
            raise Refused("unavailable", "Enquiries is not running.")
        if operation == "get_enquiry":
            return {"contact": {"email": "hana.rees@risley.example"}}
        if arguments["idempotency_key"] not in self.keys:
            self.keys.append(arguments["idempotency_key"])
            self.filed.append(arguments["words"])
        return {}


@pytest.fixture
def store(tmp_path):
    database = Database(make_url(f"sqlite:///{tmp_path / 'notifications.sqlite3'}"))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: dt.datetime.now(dt.UTC), "notifications")
    database.close()


@pytest.fixture
def enquiries() -> Enquiries:
    return Enquiries()


@pytest.fixture(params=["memory", "dovecot"])
def mailbox(request) -> Filled:
    if request.param == "memory":
        return InMemory()
    return OnDovecot(request.getfixturevalue("mailbox_server"), f"Answers {uuid4().hex[:8]}")


@pytest.fixture
def reader(mailbox, store, enquiries) -> Reader:
    return reader_of(mailbox, store, enquiries)


def reader_of(mailbox: Filled, store: Store, enquiries: Enquiries) -> Reader:
    desk = Desk(store, enquiries.call, ("a key of many characters",), "ops@mail.example.org")
    return Reader(mailbox.read_by(), desk, message_of, OURS)


def letter(number: int, reference: str = "KT-7F3K-92") -> bytes:
    return reply(
        f"Number {number}.", answers="", to=f"ops+{reference}@mail.example.org", message_id=f"<{number}@x.example>"
    )


def position(store: Store) -> tuple[int, int] | None:
    with store.database.reading() as connection:
        row = connection.execute(select(mailbox_positions)).first()
    return None if row is None else (row.uid_validity, row.last_uid)


def numbers(enquiries: Enquiries) -> list[int]:
    return [int(words.split(".")[0].removeprefix("Number ")) for words in enquiries.filed]


def test_new_mail_is_read_in_order_and_once(mailbox, reader, enquiries):
    mailbox.deliver(letter(1), letter(2))
    assert reader.read_new() == {"filed": 2}
    assert reader.read_new() == {}

    mailbox.deliver(letter(3))
    assert reader.read_new() == {"filed": 1}
    assert numbers(enquiries) == [1, 2, 3]


def test_a_mailbox_without_mail_is_well(mailbox, reader, enquiries):
    assert reader.read_new() == {}

    mailbox.deliver(letter(1))
    assert reader.read_new() == {"filed": 1}


def test_of_a_mailbox_that_is_read_for_the_first_time_only_the_last_day_counts(mailbox, reader, enquiries):
    now = dt.datetime.now(dt.UTC)
    mailbox.deliver(letter(1), at=now - dt.timedelta(days=9))
    mailbox.deliver(letter(2), letter(3))

    assert reader.read_new() == {"filed": 2}
    assert reader.read_new() == {}
    assert numbers(enquiries) == [2, 3]


def test_what_comes_after_the_first_reading_counts_however_late_it_is_read(mailbox, reader, enquiries, store):
    mailbox.deliver(letter(1), at=dt.datetime.now(dt.UTC) - dt.timedelta(days=9))
    assert reader.read_new() == {}

    mailbox.deliver(letter(2))
    later = replace(store, clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=5))
    assert reader_of(mailbox, later, enquiries).read_new() == {"filed": 1}
    assert numbers(enquiries) == [2]


def test_more_than_a_batch_is_read(mailbox, reader, enquiries):
    mailbox.deliver(*(letter(number) for number in range(120)))

    assert reader.read_new() == {"filed": 120}
    assert numbers(enquiries) == list(range(120))


def test_where_the_server_numbers_its_mails_anew_nothing_takes_effect_twice(mailbox, reader, enquiries, store):
    mailbox.deliver(letter(1), letter(2))
    reader.read_new()
    before = position(store)

    mailbox.number_anew()
    mailbox.deliver(letter(3))

    assert reader.read_new() == {"filed": 1}
    assert numbers(enquiries) == [1, 2, 3]
    assert position(store)[0] != before[0]


def test_where_it_numbers_them_anew_while_nobody_reads_nothing_is_passed_over(mailbox, reader, enquiries, store):
    now = dt.datetime.now(dt.UTC)
    mailbox.deliver(letter(1))
    reader.read_new()
    with store.work() as work:
        work.connection.execute(mailbox_positions.update().values(read_at=now - dt.timedelta(days=5)))

    mailbox.deliver(letter(2), at=now - dt.timedelta(days=4))
    mailbox.number_anew()

    assert reader.read_new() == {"filed": 1}
    assert numbers(enquiries) == [1, 2]


def test_a_mail_that_waits_holds_up_none_after_it(mailbox, reader, enquiries, store):
    enquiries.away = {"KT-4444-44"}
    mailbox.deliver(letter(1), letter(2, "KT-4444-44"), letter(3))
    assert reader.read_new() == {"filed": 2, "waiting": 1}

    mailbox.deliver(letter(4))
    assert reader.read_new() == {"filed": 1, "waiting": 1}

    enquiries.away = set()
    assert reader.read_new() == {"filed": 1}
    assert reader.read_new() == {}
    assert sorted(numbers(enquiries)) == [1, 2, 3, 4]


def test_where_the_first_mail_of_all_waits_the_next_reading_begins_with_it(mailbox, reader, enquiries):
    now = dt.datetime.now(dt.UTC)
    mailbox.deliver(letter(1), at=now - dt.timedelta(days=9))
    mailbox.deliver(letter(2))
    enquiries.away = {"KT-7F3K-92"}
    assert reader.read_new() == {"waiting": 1}

    enquiries.away = set()
    assert reader.read_new() == {"filed": 1}
    assert numbers(enquiries) == [2]


def test_where_the_first_mail_of_all_waits_for_days_a_person_is_asked_to_read_it(mailbox, reader, enquiries, store):
    enquiries.away = {"KT-7F3K-92"}
    mailbox.deliver(letter(1))
    assert reader.read_new() == {"waiting": 1}

    later = replace(store, clock=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=3))
    assert reader_of(mailbox, later, enquiries).read_new() == {"not_filed": 1}


def test_while_enquiries_is_away_a_reading_ends_soon_and_loses_nothing(mailbox, reader, enquiries):
    enquiries.away = {"KT-7F3K-92"}
    mailbox.deliver(*(letter(number) for number in range(10)))
    assert reader.read_new() == {"waiting": reading.MOST_WAITING}

    enquiries.away = set()
    assert reader.read_new() == {"filed": 10}
    assert numbers(enquiries) == list(range(10))


def test_a_reading_that_is_told_to_stop_is_gone_on_with(mailbox, reader, enquiries):
    mailbox.deliver(*(letter(number) for number in range(5)))
    answers = iter([False, True])

    with pytest.raises(NotFinished):
        reader.read_new(lambda: next(answers))
    assert numbers(enquiries) == [0, 1]

    assert reader.read_new() == {"filed": 3}
    assert numbers(enquiries) == list(range(5))


def test_a_reading_that_takes_too_long_is_gone_on_with(mailbox, reader, enquiries, monkeypatch):
    mailbox.deliver(*(letter(number) for number in range(3)))
    monkeypatch.setattr(reading, "ENOUGH", -1.0)

    assert [reader.read_new() for _ in range(4)] == [{"filed": 1}, {"filed": 1}, {"filed": 1}, {}]
    assert numbers(enquiries) == [0, 1, 2]


def test_the_same_mail_in_two_copies_takes_effect_once(mailbox, reader, enquiries):
    mailbox.deliver(letter(1), b"Delivered-To: somebody@mail.example.org\r\n" + letter(1))

    reader.read_new()

    assert numbers(enquiries) == [1]


def test_a_mail_without_a_message_id_takes_effect_once(mailbox, reader, enquiries, store):
    bare = reply("Number 7.", answers="", message_id="")
    mailbox.deliver(bare, bare)

    reader.read_new()
    with store.work() as work:
        work.connection.execute(mailbox_positions.delete())
    reader.read_new()

    assert numbers(enquiries) == [7]


def test_two_who_read_at_once_take_each_mail_once(mailbox, store, enquiries):
    one, other = (reader_of(mailbox, store, enquiries) for _ in range(2))
    mailbox.deliver(*(letter(number) for number in range(6)))
    read_by_the_other = []

    def interrupting() -> bool:
        if not read_by_the_other:
            read_by_the_other.append(other.read_new())
        return False

    one.read_new(interrupting)

    assert sorted(numbers(enquiries)) == list(range(6))
    assert one.read_new() == {}


def test_nothing_of_a_mail_but_its_beginning_is_fetched(mailbox, reader, enquiries):
    whole = letter(1) + b"x" * 2_000_000
    mailbox.deliver(whole)

    assert reader.read_new() == {"filed": 1}
    [words] = enquiries.filed
    assert len(words) <= 10_000


def test_mail_that_nobody_can_read_holds_up_nothing(mailbox, reader, enquiries, store):
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(3_000))
    mailbox.deliver(nested.encode(), b"\x80\xff\r\n", letter(2))

    reader.read_new()

    assert numbers(enquiries) == [2]
    with store.database.reading() as connection:
        kinds = set(connection.scalars(select(answers_read.c.kind)))
    assert "unreadable" in kinds


def test_a_mailbox_that_is_away_is_read_when_it_is_back(store, enquiries):
    mailbox = InMemory()
    reader = reader_of(mailbox, store, enquiries)
    mailbox.deliver(letter(1))
    mailbox.is_away = True
    with pytest.raises(MailboxAway):
        reader.read_new()

    mailbox.is_away = False
    assert reader.read_new() == {"filed": 1}


def test_why_a_mailbox_could_not_be_read_is_told_until_it_can(store, enquiries):
    mailbox = InMemory()
    doors = AnswerDoors()
    doors.store, doors.reading_room = store, reader_of(mailbox, store, enquiries)
    mailbox.is_away = True
    doors.read_mailbox([""], lambda: False)
    fault = doors.get_mailbox()["fault"]

    mailbox.is_away = False
    doors.read_mailbox([""], lambda: False)

    assert fault["why"] == "nobody listens at its port"
    assert dt.datetime.fromisoformat(fault["at"]) <= dt.datetime.now(dt.UTC)
    assert doors.get_mailbox()["fault"] is None


def test_a_first_reading_that_comes_to_nothing_is_begun_again(store, enquiries):
    mailbox = InMemory()
    reader = reader_of(mailbox, store, enquiries)
    mailbox.deliver(letter(1), at=dt.datetime.now(dt.UTC) - dt.timedelta(days=9))
    mailbox.deliver(letter(2))
    mailbox.breaks_off = True
    with pytest.raises(MailboxAway):
        reader.read_new()

    mailbox.breaks_off = False
    assert reader.read_new() == {"filed": 1}
    assert numbers(enquiries) == [2]


def test_what_was_read_is_not_fetched_again_while_another_mail_waits(store, enquiries):
    mailbox = InMemory()
    reader = reader_of(mailbox, store, enquiries)
    enquiries.away = {"KT-4444-44"}
    mailbox.deliver(letter(1, "KT-4444-44"), letter(2), letter(3))
    reader.read_new()
    fetched = mailbox.fetched

    reader.read_new()

    assert mailbox.fetched == fetched + 1


def test_on_a_real_server_nothing_is_marked_moved_or_deleted(mailbox_server, store, enquiries):
    folder = f"Answers {uuid4().hex[:8]}"
    mailbox = OnDovecot(mailbox_server, folder)
    mailbox.deliver(letter(1), letter(2))

    reader_of(mailbox, store, enquiries).read_new()

    assert [mail.flags for mail in mailbox_server.mails(folder)] == [frozenset(), frozenset()]


def test_a_real_server_that_was_restarted_is_read_again(mailbox_server, store, enquiries):
    mailbox = OnDovecot(mailbox_server, f"Answers {uuid4().hex[:8]}")
    reader = reader_of(mailbox, store, enquiries)
    mailbox.deliver(letter(1))
    reader.read_new()

    mailbox_server.stop()
    try:
        with pytest.raises(MailboxAway):
            reader.read_new()
    finally:
        mailbox_server.start()
    mailbox.deliver(letter(2))

    assert reader.read_new() == {"filed": 1}


def test_over_tls_only_a_certificate_that_is_trusted_will_do(mailbox_server, monkeypatch):
    address = parse_imap_url(mailbox_server.tls_url)
    with pytest.raises(MailboxAway, match="SSLCertVerificationError at connecting"), Mailbox(address).open():
        pass

    monkeypatch.setenv("SSL_CERT_FILE", str(mailbox_server.certificate))
    with Mailbox(address).open() as folder:
        assert folder.validity


@pytest.mark.parametrize("option", ["", "?starttls=required", "?starttls=off"])
def test_starttls_is_taken_where_it_is_wanted(mailbox_server, monkeypatch, option):
    monkeypatch.setenv("SSL_CERT_FILE", str(mailbox_server.certificate))

    with Mailbox(parse_imap_url(mailbox_server.url + option)).open() as folder:
        assert folder.validity


def test_a_certificate_that_nobody_trusts_is_refused_where_starttls_is_required(mailbox_server):
    address = parse_imap_url(f"{mailbox_server.url}?starttls=required")

    with pytest.raises(MailboxAway, match="SSLCertVerificationError at logging in"), Mailbox(address).open():
        pass


def test_a_wrong_password_is_told_without_it(mailbox_server):
    address = parse_imap_url(mailbox_server.url.replace(mailbox_server.password, "wr0ng-password"))

    with pytest.raises(MailboxAway, match="LoginError at logging in") as away, Mailbox(address).open():
        pass
    assert "wr0ng" not in str(away.value)
    assert "answers@" not in str(away.value)


def test_a_folder_that_is_not_there_is_told(mailbox_server):
    with (
        pytest.raises(MailboxAway, match="at opening the folder"),
        Mailbox(parse_imap_url(f"{mailbox_server.url}/Nowhere")).open(),
    ):
        pass
