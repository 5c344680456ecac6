"""Which headers of a call are sent, and which are believed."""

from __future__ import annotations

import pytest

from shared.doors.rpc.headers import believed, headers_to_send
from shared.observability.context import about

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_the_work_is_about_is_sent_and_believed():
    with about(correlation_id="c-1", causation_id="e-1", traceparent=TRACE):
        sent = headers_to_send(["enquiries.get_enquiry.1"])

    assert believed(sent) == {
        "call_id_stack": ["enquiries.get_enquiry.1"],
        "correlation_id": "c-1",
        "causation_id": "e-1",
        "traceparent": TRACE,
    }


def test_what_the_work_is_not_about_is_not_sent():
    assert headers_to_send(["a"]) == {"nameko.call_id_stack": ["a"]}


@pytest.mark.parametrize(
    "headers",
    [
        {"user_id": "admin", "auth_token": "forged", "nameko.user_id": "admin", "x-death": []},
        {"correlation_id": "c-1", "call_id_stack": ["a"], "nameko.correlationid": "c-1"},
        {"nameko.call_id_stack": 5},
        {"nameko.call_id_stack": "enquiries.get_enquiry.1"},
        {"nameko.call_id_stack": ["a", 5]},
        {"nameko.call_id_stack": ["a"] * 21},
        {"nameko.call_id_stack": ["a" * 301]},
        {"correlationid": 5},
        {"correlationid": ""},
        {"correlationid": "a" * 201},
        {"causationid": "a b"},
        {"causationid": "a\n"},
        {"traceparent": TRACE + "\n"},
        {"traceparent": TRACE.upper()},
        {b"\xff": "not even text"},
    ],
)
def test_what_is_not_listed_or_does_not_fit_is_dropped(headers):
    assert believed(headers) == {}
