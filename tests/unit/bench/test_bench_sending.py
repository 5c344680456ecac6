from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bench.figures import due, exactly_once, sending
from tests.faults.desk import reminders
from tests.faults.once import Plan, Told, judge


@pytest.mark.parametrize(
    ("ours", "peer", "limit", "met"),
    [(400, 399, 1000, True), (399, 100, 1000, False), (400, 400, 1000, False)],
)
def test_sending_is_held_against_the_limit_and_the_peer(ours, peer, limit, met):
    row, beside, tasks = sending.rows_of(ours, peer, 50, 40, limit)

    assert [row.name, beside.name, tasks.name] == list(sending.NAMES)
    assert (row.ours, row.peer, row.limit) == (ours, peer, limit)
    assert row.goal.met is met
    assert (beside.ours, beside.peer, beside.goal) == (ours, 50, None)
    assert (tasks.ours, tasks.peer, tasks.goal) == (ours, 40, None)


def test_a_rate_counts_only_where_every_mail_came_once():
    once = {f"<{number}>": 1 for number in range(sending.COUNT)}

    sending.expect_once_each(SimpleNamespace(taken=Counter(once)), sending.COUNT)
    for taken, said in ((once | {"<1>": 2}, sending.COUNT), (once, sending.COUNT - 1), ({}, sending.COUNT)):
        with pytest.raises(sending.NotOnceEach):
            sending.expect_once_each(SimpleNamespace(taken=Counter(taken)), said)


@pytest.mark.parametrize(("slow", "met"), [(19.9, True), (20.0, False)])
def test_the_due_query_is_held_against_its_p95(slow, met):
    [row] = due.rows_of([1.0] * 90 + [slow] * 10)

    assert row.ours == slow
    assert row.goal.met is met


def test_told_once_counts_what_went_wrong():
    told = Told(Plan(10, 1), kills=1)
    assert exactly_once.rows_of(told)[0].goal.met
    told.doubles, told.silent = ["<1>"], ["<2>", "<3>"]

    [row] = exactly_once.rows_of(told)

    assert row.ours == 3
    assert not row.goal.met


PLAN = Plan(1, 0)
[MESSAGE] = reminders(1)
MARK = MESSAGE.message_id


def judged(state, log, *, told_of=False, broken_off=False):
    """What is found of one message in this state, where the mail server's log has these words for it."""
    sink = SimpleNamespace(
        taken=Counter(MARK for word in log if word in {"taken", "lost"}),
        marked=lambda wanted: {MARK} if wanted in log else set(),
    )
    ended = replace(MESSAGE, state=state)
    told = judge(PLAN, [ended], Counter({str(MESSAGE.id): int(told_of)}), sink, {MARK} if broken_off else set())
    return len(told.doubles), len(told.silent), len(told.untrue)


@pytest.mark.parametrize(
    ("state", "log", "known", "found"),
    [
        ("accepted", ["taken"], {}, (0, 0, 0)),
        ("accepted", ["taken", "taken"], {}, (1, 0, 0)),
        ("accepted", [], {}, (0, 1, 0)),
        ("accepted", ["lost"], {}, (0, 0, 1)),
        ("scheduled", ["later"], {}, (0, 1, 0)),
        ("sending", [], {}, (0, 1, 0)),
        ("unknown", ["lost"], {"told_of": True}, (0, 0, 0)),
        ("unknown", ["dropped"], {"told_of": True}, (0, 0, 0)),
        ("unknown", ["lost"], {}, (0, 1, 0)),
        ("unknown", ["taken"], {"told_of": True}, (0, 0, 1)),
        ("unknown", ["taken"], {"told_of": True, "broken_off": True}, (0, 0, 0)),
        ("unknown", ["lost", "taken"], {"told_of": True}, (1, 0, 0)),
        ("failed", [], {"told_of": True}, (0, 0, 0)),
        ("missed", [], {}, (0, 1, 0)),
    ],
)
def test_a_message_is_held_against_the_log_of_the_mail_server(state, log, known, found):
    assert judged(state, log, **known) == found
