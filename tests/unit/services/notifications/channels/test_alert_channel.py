from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.notifications.channels.alerts import AlertChannel
from services.notifications.channels.base import (
    Channel,
    Mail,
    OutcomeUnknown,
    PermanentFailure,
    TemporaryFailure,
)
from tests.servers.chat_room import ChatRoom, chat_room


@pytest.fixture
def room() -> Iterator[ChatRoom]:
    with chat_room() as opened:
        yield opened


@pytest.fixture
def alert(mail: Mail) -> Mail:
    """What cannot wait, to the first address."""
    return replace(mail, recipient="team:1", subject="Dim ymholiad: tŷ gwag", text="Edrychwch.\n", attachments=())


def test_an_alert_is_its_title_and_its_words(room: ChatRoom, alert: Mail) -> None:
    channel: Channel = AlertChannel([room.url("taken")])
    channel.deliver(alert)
    [told] = room.told
    assert (told["title"], told["message"]) == ("Dim ymholiad: tŷ gwag", "Edrychwch.")
    assert alert.sender not in json.dumps(told)


def test_each_address_is_told_on_its_own(room: ChatRoom, alert: Mail) -> None:
    channel = AlertChannel([room.url("refused"), room.url("taken")])
    assert channel.places == 2
    channel.deliver(replace(alert, recipient="team:2"))
    with pytest.raises(TemporaryFailure):
        channel.deliver(alert)
    assert [told["door"] for told in room.told] == ["taken", "refused"]


@pytest.mark.parametrize("door", ["refused", "silent"])
def test_what_a_service_did_not_take_may_be_tried_again(room: ChatRoom, alert: Mail, door: str) -> None:
    with pytest.raises(TemporaryFailure, match=r"^the service for alerts did not take it$"):
        AlertChannel([room.url(door)], read_timeout=0.2).deliver(alert)


def test_a_service_that_is_not_there_may_be_later(alert: Mail) -> None:
    with pytest.raises(TemporaryFailure):
        AlertChannel(["json://127.0.0.1:1/"]).deliver(alert)


def test_a_service_that_is_still_at_work_may_have_told_them(room: ChatRoom, alert: Mail) -> None:
    with pytest.raises(OutcomeUnknown, match="did not answer in time"):
        AlertChannel([room.url("endless")], patience=0.3).deliver(alert)


def test_an_address_that_left_the_settings_is_told_nothing(alert: Mail) -> None:
    with pytest.raises(PermanentFailure, match="no such address for alerts any more"):
        AlertChannel([]).deliver(alert)


def test_nobody_can_say_what_a_chat_room_was_told(alert: Mail) -> None:
    assert AlertChannel([]).settle(alert.message_id) is None


@pytest.mark.parametrize("bad", ["not an address", "nosuch://secret", "slack://secret", "json://"])
def test_an_address_that_cannot_be_used_is_refused_by_its_place_and_kept_secret(
    bad: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(ValueError, match=r"^KEYTALK_ALERT_URLS: address 2 of 3 ") as no:
        AlertChannel(["json://127.0.0.1/one", bad, "json://127.0.0.1/three"])
    printed = capsys.readouterr()
    assert "secret" not in f"{no.value}{caplog.text}{printed.out}{printed.err}"


def test_a_secret_in_an_address_is_not_written_down_when_it_fails(
    room: ChatRoom, alert: Mail, caplog: pytest.LogCaptureFixture
) -> None:
    url = room.url("refused").replace("json://", "json://user:secret@")
    with caplog.at_level(logging.INFO), pytest.raises(TemporaryFailure) as failure:
        AlertChannel([url]).deliver(alert)
    assert "secret" not in f"{failure.value}{caplog.text}"
