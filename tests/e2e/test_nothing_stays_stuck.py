"""A message whose alarm was lost, as after a restore, goes out once Keytalk is started."""

from __future__ import annotations

import sqlite3

from tests.examples import STORY_BEGINS, risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.waiting import eventually


def states(keytalk: Keytalk) -> list[str]:
    return [row["state"] for row in keytalk.cli("messages", "list")]


def test_a_message_that_nothing_would_wake_goes_out_after_a_start(tmp_path):
    with Keytalk(home=tmp_path, began_at=STORY_BEGINS) as keytalk:
        keytalk.post(risley_enquiry())
        eventually(lambda: states(keytalk) == ["accepted"] * 2, within=30)
        keytalk.stop()
        with sqlite3.connect(tmp_path / "notifications.sqlite3") as ledger:
            ledger.execute("UPDATE messages SET state = 'scheduled', attempts = 0, accepted_at = NULL")
            ledger.execute("DELETE FROM jobs")
        ledger.close()

        keytalk.start()

        eventually(lambda: states(keytalk) == ["accepted"] * 2, within=30)
        assert len(keytalk.cli("mail", "list")) == 2
