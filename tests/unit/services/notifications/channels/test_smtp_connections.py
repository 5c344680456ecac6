"""Connections are kept for many mails; one that is gone is found out before DATA, and never after it."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from scripted_smtp import DROP, HANG, LATE, THEN_DROP, TOGETHER, USUAL, Answers, ScriptedServer, scripted

from services.notifications.channels.base import (
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    RecipientRefused,
    TemporaryFailure,
)
from services.notifications.channels.smtp import SmtpChannel, SmtpServer
from tests.waiting import eventually


@pytest.fixture(autouse=True, params=["one by one", "together"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Servers take commands one by one, or several together (RFC 2920)."""
    if request.param == "together":
        monkeypatch.setitem(USUAL, "EHLO", TOGETHER)
    return str(request.param)


@contextmanager
def channel_to(server: ScriptedServer, **options: Any) -> Iterator[SmtpChannel]:
    with closing(SmtpChannel(SmtpServer("127.0.0.1", server.port, "off"), **options)) as channel:
        yield channel


@pytest.fixture
def mails(mail: Mail) -> list[Mail]:
    """Five mails, told apart by their Message-ID."""
    return [replace(mail, message_id=f"<mail-{number}@mail.example.org>") for number in range(1, 6)]


def taken(server: ScriptedServer) -> list[str]:
    """The numbers of the mails that the server took whole, in their order."""
    return [content.partition(b"<mail-")[2][:1].decode() for content in server.content]


def test_several_mails_go_over_one_connection(mails: list[Mail]) -> None:
    with scripted() as server, channel_to(server) as channel:
        for mail in mails:
            channel.deliver(mail)
    assert taken(server) == ["1", "2", "3", "4", "5"]
    assert len(server.connections) == 1
    assert server.asked["EHLO"] == 1


def test_a_connection_that_carried_its_number_of_mails_is_left_with_a_goodbye(mails: list[Mail]) -> None:
    with scripted() as server, channel_to(server, mails_each=2) as channel:
        for mail in mails:
            channel.deliver(mail)
        assert server.asked["QUIT"] == 2
    assert taken(server) == ["1", "2", "3", "4", "5"]
    assert len(server.connections) == 3


def test_a_connection_that_nobody_uses_is_left_by_itself(mails: list[Mail]) -> None:
    with scripted() as server, channel_to(server, idle=0.1) as channel:
        channel.deliver(mails[0])
        eventually(lambda: server.asked["QUIT"] == 1)
        channel.deliver(mails[1])
    assert len(server.connections) == 2


@pytest.mark.parametrize(
    "answers",
    [
        {"content": ["250 taken" + THEN_DROP, "250 taken"]},
        {"content": ["250 taken\r\n421 4.4.2 idle for too long" + THEN_DROP, "250 taken"]},
        {"MAIL": ["250 ok", "421 4.7.0 too many mails", "250 ok"]},
        {"MAIL": ["250 ok", DROP, "250 ok"]},
        {"MAIL": ["250 ok", HANG, "250 ok"]},
        {"MAIL": ["250 ok", "what?", "250 ok"]},
    ],
    ids=str,
)
def test_a_kept_connection_that_is_gone_costs_no_mail_and_no_second_attempt(
    mails: list[Mail], answers: dict[str, Answers]
) -> None:
    with scripted(**answers) as server, channel_to(server, read_timeout=0.3) as channel:
        channel.deliver(mails[0])
        channel.deliver(mails[1])
    assert taken(server) == ["1", "2"]
    assert len(server.connections) == 2


@pytest.mark.parametrize("answer", ["421 4.4.2 closing", "502 what?", DROP, HANG], ids=str)
def test_a_connection_that_rested_is_asked_first_and_a_silent_one_is_not_waited_for(
    mails: list[Mail], answer: str
) -> None:
    with scripted(RSET=answer) as server, channel_to(server, resting=0.0, probe=0.2) as channel:
        channel.deliver(mails[0])
        channel.deliver(mails[1])
    assert taken(server) == ["1", "2"]
    assert len(server.connections) == 2
    assert server.asked["MAIL"] == 2
    eventually(lambda: server.walked_out == (1 if answer == HANG else 0))


def test_a_server_that_has_gone_for_good_is_a_matter_of_a_later_attempt(mails: list[Mail]) -> None:
    with scripted(content="250 taken" + THEN_DROP) as server, channel_to(server) as channel:
        channel.deliver(mails[0])
        server.stop()
        with pytest.raises(TemporaryFailure, match="refuses connections"):
            channel.deliver(mails[1])
    assert taken(server) == ["1"]


def test_a_server_that_is_away_is_told_to_the_log_once(mails: list[Mail], caplog: pytest.LogCaptureFixture) -> None:
    with scripted() as server, channel_to(server) as channel:
        server.stop()
        for mail in mails[:2]:
            with pytest.raises(TemporaryFailure):
                channel.deliver(mail)
    assert [record.message for record in caplog.records].count("mail waits, for the mail server is away") == 1


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_once_the_sender_was_taken_a_lost_line_is_a_matter_of_a_later_attempt(
    mails: list[Mail], step: str, how: str
) -> None:
    usual = "354 go on" if step == "DATA" else "250 ok"
    with scripted(**{step: [usual, DROP, usual]}) as server, channel_to(server) as channel:
        channel.deliver(mails[0])
        if how == "one by one":
            with pytest.raises(TemporaryFailure, match=f"at {step}"):
                channel.deliver(mails[1])
            assert len(server.connections) == 1
        # Where all was said together, nobody knows when the line was lost; it was before the content.
        channel.deliver(mails[1])
        assert len(server.connections) == 2
    assert taken(server) == ["1", "2"]


def test_a_recipient_that_is_refused_costs_no_connection(mails: list[Mail]) -> None:
    with scripted(RCPT=["550 5.1.1 no such user", "250 ok"]) as server, channel_to(server) as channel:
        with pytest.raises(RecipientRefused):
            channel.deliver(mails[0])
        channel.deliver(mails[1])
        assert len(server.connections) == 1
    assert taken(server) == ["2"]


def test_where_a_server_waits_for_the_content_of_a_mail_it_refused_it_is_left_without_any(mails: list[Mail]) -> None:
    answers = {"MAIL": ["451 4.3.0 later", "250 ok"], "EHLO": TOGETHER}
    with scripted(**answers) as server, channel_to(server) as channel:
        with pytest.raises(TemporaryFailure, match="451"):
            channel.deliver(mails[0])
        channel.deliver(mails[1])
        assert len(server.connections) == 2
    assert taken(server) == ["2"]


def test_where_the_server_takes_commands_together_they_are_said_together(
    mails: list[Mail], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    send = smtplib.SMTP.send

    def noting(self: smtplib.SMTP, content: Any) -> None:
        if isinstance(content, str):
            said.append(content)
        send(self, content)

    monkeypatch.setattr(smtplib.SMTP, "send", noting)
    with scripted() as server, channel_to(server) as channel:
        channel.deliver(mails[0])
    [begun] = [each for each in said if each.startswith("MAIL FROM")]
    assert begun.count("\r\n") == (3 if how == "together" else 1)


@pytest.mark.parametrize("answer", [DROP, HANG, LATE + "250 taken", "what?"], ids=str)
def test_an_answer_lost_after_data_on_a_kept_connection_is_never_followed_by_another_try(
    mails: list[Mail], answer: str
) -> None:
    answers: dict[str, Answers] = {"content": ["250 taken", answer, "250 taken"]}
    with scripted(**answers) as server, channel_to(server, read_timeout=0.2) as channel:
        channel.deliver(mails[0])
        with pytest.raises(OutcomeUnknown):
            channel.deliver(mails[1])
        assert taken(server) == ["1", "2"]
        channel.deliver(mails[2])
    assert taken(server) == ["1", "2", "3"]
    assert len(server.connections) == 2


def test_an_answer_that_comes_late_is_never_taken_for_that_to_the_next_mail(mails: list[Mail]) -> None:
    answers: dict[str, Answers] = {"content": [LATE + "250 taken", "552 5.3.4 too big"]}
    with scripted(**answers) as server, channel_to(server, read_timeout=0.2) as channel:
        with pytest.raises(OutcomeUnknown):
            channel.deliver(mails[0])
        with pytest.raises(PermanentFailure, match=r"552 5\.3\.4"):
            channel.deliver(mails[1])


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ({"RCPT": ["550 5.1.1 nobody", "250 ok"]}, RecipientRefused),
        ({"RCPT": ["450 4.2.1 later", "250 ok"]}, TemporaryFailure),
        ({"content": ["451 later", "250 taken"]}, TemporaryFailure),
    ],
    ids=str,
)
def test_a_mail_that_is_turned_down_leaves_the_connection_clean_for_the_next(
    mails: list[Mail], answers: dict[str, Answers], failure: type[Exception]
) -> None:
    with scripted(**answers) as server, channel_to(server) as channel:
        with pytest.raises(failure):
            channel.deliver(mails[0])
        channel.deliver(mails[1])
    assert taken(server)[-1] == "2"
    assert len(server.connections) == 1
    assert server.asked["RSET"] == 1


@pytest.mark.parametrize(
    "answers",
    [{"greeting": "421 4.3.2 not now"}, {"greeting": LATE + "220 ready"}, {"EHLO": LATE + "250 scripted"}],
    ids=str,
)
def test_a_server_that_is_not_ready_has_nothing_and_may_be_later(mails: list[Mail], answers: dict[str, str]) -> None:
    options = {"connect_timeout": 0.2, "read_timeout": 0.2}
    with scripted(**answers) as server, channel_to(server, **options) as channel:
        with pytest.raises(TemporaryFailure):
            channel.deliver(mails[0])
        assert len(server.connections) == 1
    assert server.asked["MAIL"] == 0


def test_no_content_goes_out_after_the_patience_for_what_comes_before_it(mails: list[Mail]) -> None:
    answers: dict[str, Answers] = {"RCPT": [LATE + "250 ok", "250 ok"]}
    with scripted(**answers) as server, channel_to(server, patience=0.3) as channel:
        with pytest.raises(TemporaryFailure, match="too slow before the content"):
            channel.deliver(mails[0])
        channel.deliver(mails[1])
    assert taken(server) == ["2"]
    assert len(server.connections) == 2


def test_no_more_connections_are_open_at_once_than_may_be(mails: list[Mail]) -> None:
    with scripted(content=LATE + "250 taken") as server, channel_to(server, at_once=2) as channel:
        threads = [threading.Thread(target=channel.deliver, args=(mail,)) for mail in mails]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(taken(server)) == ["1", "2", "3", "4", "5"]
    assert len(server.connections) == 2


def test_a_mail_that_finds_no_free_connection_waits_for_a_later_attempt(mails: list[Mail]) -> None:
    with scripted(content=HANG) as server, channel_to(server, at_once=1, patience=0.2, read_timeout=1.0) as channel:
        first = threading.Thread(target=_lost, args=(channel, mails[0]))
        first.start()
        eventually(lambda: server.asked["content"] == 1)
        with pytest.raises(TemporaryFailure, match="every connection to the mail server is in use"):
            channel.deliver(mails[1])
        first.join()
    assert taken(server) == ["1"]


def _lost(channel: SmtpChannel, mail: Mail) -> None:
    with pytest.raises(OutcomeUnknown):
        channel.deliver(mail)


def test_the_envelope_names_where_bounces_go_and_the_header_who_wrote(mails: list[Mail]) -> None:
    bounces = "bounces+0000000000000000000000000000002a@mail.example.org"
    with scripted() as server, channel_to(server) as channel:
        channel.deliver(replace(mails[0], return_path=bounces))
    assert f"MAIL FROM:<{bounces}>" in server.heard
    assert b"<keytalk@mail.example.org>\r\n" in server.content[0]


@pytest.mark.parametrize("field", ["recipient", "return_path"])
def test_a_line_break_in_an_address_never_reaches_the_server(mails: list[Mail], field: str) -> None:
    broken = replace(mails[0], **{field: "a@x.example>\r\nRCPT TO:<b@x.example"})
    with scripted() as server, channel_to(server) as channel:
        with pytest.raises(PermanentFailure) as refusal:
            channel.deliver(broken)
        channel.deliver(mails[1])
    assert "x.example" not in str(refusal.value)
    assert taken(server) == ["2"]
