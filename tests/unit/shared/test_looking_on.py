"""Who looks on hears what is new: gathered, bounded, and never in anybody's way."""

from __future__ import annotations

import pytest

from shared.messaging import broadcast
from shared.messaging.broadcast import Hub, News, NoRoom

NEWS = News("enquiries", "enquiry_received", "KT-1")
OTHER = News("scheduling", "run_confirmed", "run-1")


def test_what_is_told_while_one_looks_on_is_heard_together():
    hub = Hub()
    with hub.listening() as listener:
        hub.tell(NEWS)
        hub.tell(OTHER)

        assert listener.wait(1, gather=0) == [NEWS, OTHER]
        assert listener.wait(0, gather=0) == []


def test_what_was_told_before_is_not_heard():
    hub = Hub()
    hub.tell(NEWS)
    with hub.listening() as listener:
        assert listener.wait(0, gather=0) == []


def test_everybody_hears_it():
    hub = Hub()
    with hub.listening() as one, hub.listening() as another:
        hub.tell(NEWS)

        assert one.wait(1, gather=0) == another.wait(1, gather=0) == [NEWS]


def test_one_who_does_not_listen_is_in_nobodys_way(monkeypatch):
    monkeypatch.setattr(broadcast, "MOST_UNHEARD", 3)
    hub = Hub()
    with hub.listening() as listener:
        for _ in range(10):
            hub.tell(NEWS)

        assert listener.wait(1, gather=0) == [NEWS] * 3


def test_at_the_end_everybody_is_sent_home_even_one_who_has_not_heard_all(monkeypatch):
    monkeypatch.setattr(broadcast, "MOST_UNHEARD", 1)
    hub = Hub()
    with hub.listening() as idle, hub.listening() as behind:
        behind.tell(NEWS)
        hub.close()

        assert idle.wait(1, gather=0) is None
        assert behind.wait(1, gather=0) is None
        assert idle.wait(0, gather=0) is None


def test_there_is_room_for_so_many_and_no_room_once_it_ends(monkeypatch):
    monkeypatch.setattr(broadcast, "MOST_LISTENERS", 1)
    hub = Hub()
    with hub.listening(), pytest.raises(NoRoom), hub.listening():
        pass
    with hub.listening():
        pass
    hub.close()
    with pytest.raises(NoRoom), hub.listening():
        pass
