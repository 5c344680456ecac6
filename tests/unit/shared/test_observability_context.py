"""What the work in hand is about: set for a block, restored after it, and never seen by work beside it."""

from __future__ import annotations

import greenlet
import pytest

from shared.observability import context
from shared.observability.context import about


def _ids():
    return tuple(
        variable.get()
        for variable in (context.service, context.correlation_id, context.causation_id, context.traceparent)
    )


def test_nothing_is_said_until_somebody_says_it():
    assert greenlet.greenlet(_ids).switch() == (None, None, None, None)


def test_a_block_says_what_it_is_about_and_the_words_before_it_come_back():
    with about(correlation_id="call-1", causation_id="event-1", traceparent="00-a-b-01", service="enquiries"):
        with about(causation_id="event-2"):
            inner = _ids()
        outer = _ids()

    assert inner == ("enquiries", "call-1", "event-2", "00-a-b-01")
    assert outer == ("enquiries", "call-1", "event-1", "00-a-b-01")
    assert _ids() == (None, None, None, None)


def test_an_error_of_the_block_restores_them_too():
    with pytest.raises(RuntimeError), about(correlation_id="call-1"):
        raise RuntimeError

    assert _ids() == (None, None, None, None)


def test_work_that_runs_side_by_side_does_not_see_anothers_ids():
    seen = []

    def work(name):
        with about(correlation_id=name):
            greenlet.getcurrent().parent.switch()
            seen.append(context.correlation_id.get())

    one, two = greenlet.greenlet(work), greenlet.greenlet(work)
    one.switch("one")
    two.switch("two")
    one.switch()
    two.switch()

    assert seen == ["one", "two"]
    assert context.correlation_id.get() is None
