"""The doors to papers and to what became of sessions: dry runs, names of memos, papers, and what they refuse."""

from __future__ import annotations

import base64
import io
from types import SimpleNamespace

import pytest
from pypdf import PdfReader

from services.scheduling.doors.delivery import DeliveryDoors
from services.scheduling.doors.papers import PaperDoors
from services.scheduling.tables import gate_memos, kit_approvals, left_out_kit
from shared.contracts.scheduling import GateMemoChanged, TaskNeeded
from shared.errors import Refused
from tests.unit.services.scheduling.papers_cast import (
    NEEDLES,
    RUN,
    at,
    furnished,
    new_database,
    rows,
    session_id,
    told,
)

NOBODY = "0192f0c8-0000-7000-8000-00000000dead"


class Doors(PaperDoors, DeliveryDoors):
    """Both rooms, as the service has them."""


@pytest.fixture(scope="module")
def database(request, tmp_path_factory):
    database = new_database("sqlite", tmp_path_factory.mktemp("doors"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return furnished(database)


def doors(store):
    opened = Doors()
    opened.store = store
    opened.settings = SimpleNamespace(org_name="Open Gate Trust", ops_mailbox="ops@opengate.example")
    return opened


def test_a_dry_run_of_sending_shows_it_sent_and_sends_nothing(store):
    made = doors(store).make_memo(run=str(RUN), actor="priya")

    assert doors(store).send_memo(memo=made["memo"], dry_run=True)["state"] == "sent"

    assert [row.state for row in rows(store, gate_memos)] == ["draft"]
    assert told(store, GateMemoChanged) == []


def test_dry_runs_of_kit_show_what_would_be_and_change_nothing(store):
    shown = doors(store).refuse_kit(establishment="RSI", item=NEEDLES, dry_run=True)
    left = doors(store).leave_out_kit(run=str(RUN), item=NEEDLES, dry_run=True)

    assert [each["run"] for each in shown["needing"]] == [str(RUN)]
    assert [each["item"] for each in left["left_out"]] == [NEEDLES]
    assert rows(store, kit_approvals) == rows(store, left_out_kit) == []
    assert told(store, TaskNeeded) == []


def test_a_memo_goes_by_its_run_too_and_has_our_name_and_our_address_on_its_paper(store):
    doors(store).make_memo(run=str(RUN))
    doors(store).send_memo(memo=str(RUN))

    letter = doors(store).get_memo_letter(memo=str(RUN))

    assert (letter["state"], letter["name"]) == ("sent", "gate-memo-KT-7F3K-92-version-1.pdf")
    paper = base64.b64decode(letter["pdf"])
    text = " ".join(PdfReader(io.BytesIO(paper)).pages[0].extract_text().split())
    for said in ("Open Gate Trust", "ops@opengate.example", "Tom Okafor"):
        assert said in text
    assert doors(store).get_memo_pdf(memo=str(RUN)) == {"name": letter["name"], "pdf": letter["pdf"]}


def test_a_replaced_memo_has_no_letter(store):
    first = doors(store).make_memo(run=str(RUN))["memo"]
    doors(store).make_memo(run=str(RUN))

    with pytest.raises(Refused, match="replaced by a newer one"):
        doors(store).get_memo_letter(memo=first)


def test_the_daily_look_asks_for_the_kit_list_and_the_memo(store):
    doors(at(store, "2026-12-24T05:00")).find_due_papers([""], lambda: False)

    assert [task.kind for task in told(store, TaskNeeded)] == ["gate_memo_due", "kit_list_due"]


@pytest.mark.parametrize(
    ("call", "arguments", "field"),
    [
        ("make_memo", {"run": "RSI"}, "run"),
        ("make_memo", {"run": str(RUN), "session": "3"}, "session"),
        ("make_memo", {"run": str(RUN), "host": "Visit A1234BC"}, "host"),
        ("send_memo", {"memo": "x"}, "memo"),
        ("approve_memo", {"memo": str(RUN), "approval": "\n"}, "approval"),
        ("list_memos", {"state": "lost"}, "state"),
        ("get_kit_list", {"run": "x"}, "run"),
        ("count_kit_out", {"session": str(session_id(1)), "counts": {"needles": -1}}, "counts"),
        ("record_delivered", {"session": "x"}, "session"),
        ("submit_attendance", {"session": str(session_id(1)), "expected": 1, "attended": "all"}, "attended"),
        (
            "record_feedback",
            {"run": str(RUN), "audience": "all", "answers": 1, "scores": {"felt_safe": {}}},
            "audience",
        ),
        ("run_report", {"run": "x"}, "run"),
    ],
)
def test_what_cannot_be_is_refused_at_the_door_by_its_name(store, call, arguments, field):
    with pytest.raises(Refused) as caught:
        getattr(doors(store), call)(**arguments)

    assert caught.value.code == "invalid"
    assert field in caught.value.fields


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("get_memo", {"memo": NOBODY}),
        ("get_kit_list", {"run": NOBODY}),
        ("get_delivery", {"session": NOBODY}),
        ("run_report", {"run": NOBODY}),
        ("list_kit_approvals", {"establishment": "ZZZ"}),
        ("undo_outcome", {"session": NOBODY}),
    ],
)
def test_what_is_not_there_is_said_to_be_unknown(store, call, arguments):
    with pytest.raises(Refused) as caught:
        getattr(doors(store), call)(**arguments)

    assert caught.value.code == "not_found"


def test_a_session_is_put_down_counted_and_reported_through_the_doors(store):
    then = doors(at(store, "2027-01-12T17:00"))
    then.record_part_delivered(
        session=str(session_id(1)), cause="late_unlock", party="prison", minutes=120, actor="tom"
    )
    then.submit_attendance(session=str(session_id(1)), expected=3, attended=2, absent={"unwell": 1}, actor="tom")
    report = then.record_feedback(run=str(RUN), audience="host", answers=1, scores={"well_led": {"5": 1}})

    assert then.get_delivery(session=str(session_id(1)))["outcome"]["recorded_by"] == "tom"
    assert (report["part_delivered"], report["attendance"]["attended"], report["external"]) == (1, 2, False)
    assert then.run_report(run=str(RUN), external=True)["attendance"]["attended"] is None
    assert then.undo_outcome(session=str(session_id(1)))["state"] == "planned"
