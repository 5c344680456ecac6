"""What callers may say of memos, kit and sessions: what is at fault has a sentence, and no field takes a story."""

from __future__ import annotations

import pytest

from services.scheduling.delivery_schemas import AttendanceSchema, FeedbackSchema, PartSchema
from services.scheduling.paper_schemas import (
    ApprovalSchema,
    CountsSchema,
    ItemsSchema,
    KitApprovalSchema,
    LeaveOutSchema,
    MemoSchema,
)
from services.scheduling.schemas import read
from shared.errors import Refused

CAME = {"expected": 12, "attended": 9}


def fields_of(schema, **arguments):
    with pytest.raises(Refused) as caught:
        read(schema(), **arguments)
    assert caught.value.code == "invalid"
    return set(caught.value.fields)


@pytest.mark.parametrize(
    ("schema", "arguments", "field"),
    [
        (MemoSchema, {"host": "Hub\nBcc: x"}, "host"),
        (MemoSchema, {"host": ""}, "host"),
        (MemoSchema, {"purpose": "x" * 201}, "purpose"),
        (MemoSchema, {"purpose": "Visit to A1234BC"}, "purpose"),
        (MemoSchema, {"purpose": "visit to a1234bc"}, "purpose"),
        (MemoSchema, {"host": 5}, "host"),
        (ApprovalSchema, {"approval": "yes\nno"}, "approval"),
        (ApprovalSchema, {"approval": "A1234BC"}, "approval"),
        (ApprovalSchema, {"approval": "x" * 101}, "approval"),
        (KitApprovalSchema, {"item": "needles", "until": "soon"}, "until"),
        (KitApprovalSchema, {"item": None}, "item"),
        (KitApprovalSchema, {}, "item"),
        (ItemsSchema, {"items": []}, "items"),
        (ItemsSchema, {"items": "needles"}, "items"),
        (LeaveOutSchema, {"item": "needles", "instead": "x" * 101}, "instead"),
        (CountsSchema, {"counts": {}}, "counts"),
        (CountsSchema, {"counts": {"needles": -1}}, "counts"),
        (CountsSchema, {"counts": {"needles": 1.5}}, "counts"),
        (CountsSchema, {"counts": {"needles": True}}, "counts"),
        (CountsSchema, {"counts": ["needles"]}, "counts"),
        (PartSchema, {"cause": "they were late", "party": "prison", "minutes": 9}, "cause"),
        (PartSchema, {"cause": "late_unlock", "party": "officer", "minutes": 9}, "party"),
        (PartSchema, {"cause": "late_unlock", "party": "prison", "minutes": 0}, "minutes"),
        (PartSchema, {"cause": "late_unlock", "party": "prison", "minutes": "90"}, "minutes"),
        (AttendanceSchema, {"expected": -1, "attended": 9}, "expected"),
        (AttendanceSchema, {"expected": 201, "attended": 9}, "expected"),
        (AttendanceSchema, {"expected": None, "attended": 9}, "expected"),
        (AttendanceSchema, {"attended": 9}, "expected"),
        (AttendanceSchema, {**CAME, "late": "two"}, "late"),
        (AttendanceSchema, {**CAME, "absent": {"in_segregation": 1}}, "absent"),
        (AttendanceSchema, {**CAME, "absent": {"unwell": -1}}, "absent"),
        (AttendanceSchema, {**CAME, "seats": {"17": "attended"}}, "seats"),
        (AttendanceSchema, {**CAME, "seats": {"0": "attended"}}, "seats"),
        (AttendanceSchema, {**CAME, "seats": {"Smith": "attended"}}, "seats"),
        (AttendanceSchema, {**CAME, "seats": {"1": "Smith"}}, "seats"),
        (FeedbackSchema, {"audience": "wing", "answers": 1, "scores": {"felt_safe": {"5": 1}}}, "audience"),
        (FeedbackSchema, {"audience": "host", "answers": 1, "scores": {}}, "scores"),
        (FeedbackSchema, {"audience": "host", "answers": 1, "scores": {"Smith": {"5": 1}}}, "scores"),
        (FeedbackSchema, {"audience": "host", "answers": 1, "scores": {"felt_safe": {"6": 1}}}, "scores"),
        (FeedbackSchema, {"audience": "host", "answers": 1, "scores": {"felt_safe": {"5": "all"}}}, "scores"),
        (FeedbackSchema, {"audience": "host", "answers": 1, "scores": {"felt_safe": "good"}}, "scores"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(schema, arguments, field):
    assert fields_of(schema, **arguments) == {field}


def test_a_word_that_is_not_asked_for_is_refused():
    assert fields_of(AttendanceSchema, **CAME, notes="Smith left early") == {"notes"}


def test_what_can_be_is_read():
    counts = read(AttendanceSchema(), **CAME, absent={"unwell": 3}, seats={"1": "attended", "16": "absent"})
    given = read(FeedbackSchema(), audience="host", answers=1, scores={"felt_safe": {"5": 1}})

    assert (counts.seats, counts.absent) == ({1: "attended", 16: "absent"}, {"unwell": 3})
    assert given.scores == {"felt_safe": {5: 1}}
    assert read(MemoSchema(), purpose=None, host="Pennaeth Addysg, Ŵyn") == {
        "purpose": None,
        "host": "Pennaeth Addysg, Ŵyn",
    }
    assert read(ApprovalSchema(), approval="SEC-2027/14") == {"approval": "SEC-2027/14"}
