"""The last word before a session asks, as it goes out, whether there is a gate memo to speak of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.services.notifications.sending_house import MONDAY, RUN, SESSION, reminder


@pytest.mark.parametrize(
    ("memos", "says"), [([{"state": "approved"}], "named on the gate memo"), ([], "ring us before")]
)
def test_the_brief_says_what_is_true_of_the_gate_memo_as_it_goes_out(house, memos, says):
    house.owners.memos = memos
    facts = {**RUN, "session": SESSION, "of": 16}
    house.enter(replace(reminder(), template="session_brief_facilitator", facts=facts))
    house.send(MONDAY)

    [mail] = house.mails
    assert says in " ".join(mail.text.split())
