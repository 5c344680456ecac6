"""The reports against counting it all by hand over the rows, on both databases."""

from __future__ import annotations

import itertools
import random
import statistics
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.enquiries.domain.reporting import NOT_LISTED
from services.enquiries.doors.reports import ReportDoors
from services.enquiries.tables import agreements, enquiries, establishments, proposals, timeline
from shared.clock import LONDON, day_in_london
from shared.errors import Refused
from shared.persistence.bulk import insert_all
from tests.enquiry_store import emptied, new_database, rows

NOW = datetime(2027, 9, 1, 9, 0, tzinfo=UTC)
START, UNTIL = date(2026, 9, 17), date(2027, 4, 3)
ALONG = ("new", "availability", "suitability", "next_steps", "agreement", "won")
LOST = ("declined", "withdrawn", "lapsed")
PLACES = (
    ("RSI", "Risley (HMP)", "england"),
    ("BLI", "Barlinnie (HMP)", "scotland"),
    ("MGI", "Maghaberry", "northern-ireland"),
)


class Doors(ReportDoors):
    def __init__(self, store):
        self.store = store


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("reports"), request)
    yield database
    database.close()


@pytest.fixture(params=[1, 2, 3])
def store(database, request):
    """A store with whatever chance made of half a year."""
    store = emptied(database, NOW)
    made = _Chance(request.param)
    with store.database.writing() as connection:
        for table in (establishments, enquiries, timeline, proposals, agreements):
            insert_all(connection, table, made.rows[table.name])
    return store


class _Chance:
    """Enquiries at odd moments, around midnights and clock changes, with lives that the pipeline allows."""

    def __init__(self, seed):
        self.chance = random.Random(seed)  # noqa: S311 - the same for everybody, on purpose
        self.rows = {"establishments": [], "enquiries": [], "timeline": [], "proposals": [], "agreements": []}
        for id_, name, nation in PLACES:
            known = {"id": id_, "name": name, "bare_name": name.lower(), "nation": nation}
            self.rows["establishments"].append({**known, "active": True, "version": 1})
        self.ids = itertools.count(1)
        for number in range(220):
            self._enquiry(f"KT-{number:04}-00")

    def _id(self):
        return UUID(int=next(self.ids))

    def _moment(self):
        day = START + timedelta(days=self.chance.randrange(-3, (UNTIL - START).days + 3))
        hour, minute = self.chance.choice([(0, 0), (23, 59), (0, 30), (9, 0), (16, 59), (self.chance.randrange(24), 7)])
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)

    def _later(self, moment, most):
        return moment + timedelta(minutes=self.chance.randrange(most * 24 * 60))

    def _enquiry(self, reference):
        at = self._moment()
        place = self.chance.choice([*PLACES, None])
        standing = self.chance.choices(("filed", "quarantined", "merged"), (80, 12, 8))[0]
        stage = {"filed": "new", "quarantined": self.chance.choice(["new", "spam"]), "merged": "duplicate"}[standing]
        if standing == "filed":
            stage = self._life(reference, at)
        self.rows["enquiries"].append(
            {
                "id": self._id(),
                "reference": reference,
                "stage": stage,
                "version": 1,
                "channel": self.chance.choice(["form", "api", "phone"]),
                "programme": self.chance.choice(["many-faces-of-trauma", "unlocking-the-key-to-compassion"]),
                "establishment": "As written",
                "establishment_id": place[0] if place else None,
                "contact_name": "Alex Morgan",
                "received_at": at,
                "standing": standing,
                "first_reply_at": self._later(at, 9) if self.chance.random() < 0.7 else None,
            }
        )

    def _life(self, reference, at):
        """Walk along the pipeline, back at times, and end anywhere; give the stage."""
        here = 0
        for _ in range(self.chance.randrange(9)):
            at = self._later(at, 5)
            there = here - 1 if here > 1 and self.chance.random() < 0.25 else here + 1
            self._move(reference, at, ALONG[here], ALONG[there])
            here = there
            if ALONG[here] == "won":
                return "won"
        self._offer(reference, at)
        if self.chance.random() < 0.5:
            ending = self.chance.choice([*LOST, "duplicate", "spam"] if here == 0 else LOST)
            self._move(reference, self._later(at, 5), ALONG[here], ending)
            if self.chance.random() < 0.2:
                self._move(reference, self._later(at, 5), ending, "new")
                return "new"
            return ending
        return ALONG[here]

    def _move(self, reference, at, was, now):
        step = {"id": self._id(), "reference": reference, "at": at, "actor": "sam", "kind": "moved"}
        self.rows["timeline"] += [
            {**step, "was": was, "now": now},
            {**step, "id": self._id(), "kind": "noted", "was": None, "now": "won"},
        ]

    def _offer(self, reference, at):
        for version in range(1, self.chance.randrange(1, 4)):
            sent_at = self._later(at, 20) if self.chance.random() < 0.8 else None
            offer = {"id": self._id(), "reference": reference, "version": version, "state": "sent", "lines": "[]"}
            dates = {"valid_until": day_in_london(at), "created_at": at, "sent_at": sent_at, "created_by": "sam"}
            self.rows["proposals"].append({**offer, **dates, "total_pence": 1, "cancellation_terms": "As agreed."})
            signed_at = self._later(sent_at, 20) if sent_at and self.chance.random() < 0.6 else None
            agreed = {"id": self._id(), "proposal_id": offer["id"], "reference": reference, "state": "signed"}
            more = {"cancellation_terms": "As agreed.", "unit": "session", "agreed_units": 16, "created_at": at}
            self.rows["agreements"].append({**agreed, **more, "signed_at": signed_at})


def received(store):
    """Give the rows of what was received in the period, by looking at each day in London."""
    return [row for row in rows(store, enquiries) if START <= day_in_london(row.received_at) < UNTIL]


def group_of(row, by):
    return {"month": f"{day_in_london(row.received_at):%Y-%m}", "source": row.channel, "all": "all"}[by]


def ask(door, by):
    return door(start=START.isoformat(), until=UNTIL.isoformat(), by=by)


@pytest.mark.parametrize("by", ["month", "source", "all"])
def test_the_funnel_counts_what_one_counts_by_hand(store, by):
    report = ask(Doors(store).report_funnel, by)
    moved = {(row.reference, row.now) for row in rows(store, timeline) if row.kind == "moved"}
    mine = received(store)

    for shown in (*report["rows"], report["total"]):
        of_group = [row for row in mine if shown is report["total"] or group_of(row, by) == shown["group"]]
        screened = [row for row in of_group if row.standing != "quarantined"]
        by_stage = Counter(row.stage for row in screened)
        assert (shown["received"], shown["screened"]) == (len(of_group), len(screened))
        assert shown["kept_aside"] == len(of_group) - len(screened)
        for stage in ALONG[1:-1]:
            assert shown[f"reached_{stage}"] == sum((row.reference, stage) in moved for row in screened)
        for stage in ("won", *LOST, "duplicate", "spam"):
            assert shown[stage] == by_stage[stage]
        assert shown["open"] == sum(by_stage[stage] for stage in ALONG[:-1])
        ended = ("open", "won", *LOST, "duplicate", "spam")
        assert sum(shown[name] for name in ended) == shown["screened"]
    assert sum(row["received"] for row in report["rows"]) == report["total"]["received"] == len(mine) > 100
    assert all(list(row) == report["columns"] for row in (*report["rows"], report["total"]))


def test_what_was_lost_is_told_by_how_and_by_how_far_it_had_come(store):
    report = ask(Doors(store).report_funnel, "month")
    furthest = Counter()
    for row in rows(store, timeline):
        if row.kind == "moved" and row.now in ALONG:
            furthest[row.reference] = max(furthest[row.reference], ALONG.index(row.now))

    expected = Counter(
        (group_of(row, "month"), row.stage, ALONG[furthest[row.reference]])
        for row in received(store)
        if row.standing == "filed" and row.stage in LOST
    )

    assert expected
    assert {(each["group"], each["outcome"], each["came_to"]): each["count"] for each in report["lost"]} == expected


def test_every_month_of_a_period_has_its_row_also_an_empty_one(store):
    report = Doors(store).report_funnel(start="2030-01-15", until="2030-03-01")

    assert [(row["group"], row["received"]) for row in report["rows"]] == [("2030-01", 0), ("2030-02", 0)]
    assert (report["start"], report["until"], report["by"]) == ("2030-01-15", "2030-03-01", "month")
    times = Doors(store).report_times(start="2030-01-15", until="2030-03-01")["rows"]
    assert [(row["group"], row["count"], row["median"]) for row in times] == [
        *([("2030-01", 0, None)] * 3),
        *([("2030-02", 0, None)] * 3),
    ]


@pytest.mark.parametrize("by", ["month", "source", "all"])
def test_the_days_to_a_proposal_and_an_agreement_are_counted_from_the_first_of_each(store, by):
    report = ask(Doors(store).report_times, by)
    first = {"proposal": {}, "agreement": {}}
    for measure, table, column in (("proposal", proposals, "sent_at"), ("agreement", agreements, "signed_at")):
        for row in rows(store, table):
            if (moment := getattr(row, column)) is not None:
                first[measure][row.reference] = min(moment, first[measure].get(row.reference, moment))

    assert all(list(row) == report["columns"] for row in report["rows"])
    for shown in report["rows"]:
        filed = [row for row in received(store) if row.standing == "filed" and group_of(row, by) == shown["group"]]
        if shown["measure"] == "first_reply":
            had = {row.reference: row.first_reply_at for row in filed if row.first_reply_at}
        else:
            had = first[shown["measure"]]
        took = [
            (day_in_london(had[row.reference]) - day_in_london(row.received_at)).days
            for row in filed
            if row.reference in had
        ]
        waiting = [row for row in filed if row.reference not in had and row.stage in ALONG[:-1]]
        assert (shown["count"], shown["not_yet"]) == (len(took), len(waiting))
        if shown["measure"] != "first_reply" and took:
            assert shown["median"] == round(statistics.median(took), 1)
            assert shown["p90"] == sorted(took)[-(-len(took) * 9 // 10) - 1]


def test_working_hours_to_a_first_reply_keep_the_bank_holidays_of_the_place(database):
    store = emptied(database, NOW)
    monday, tuesday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC), datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
    made = _Chance(1)
    for number, place in enumerate(("RSI", "BLI", None)):
        made.rows["enquiries"][number] |= {"received_at": monday, "first_reply_at": tuesday, "standing": "filed"}
        made.rows["enquiries"][number] |= {"establishment_id": place, "channel": str(place)}
    with store.database.writing() as connection:
        insert_all(connection, establishments, made.rows["establishments"])
        insert_all(connection, enquiries, made.rows["enquiries"][:3])

    report = Doors(store).report_times(start="2026-11-30", until="2026-12-01", by="source")

    # St Andrew's Day is kept in Scotland alone.
    replies = {row["group"]: row["median"] for row in report["rows"] if row["measure"] == "first_reply"}
    assert replies == {"RSI": 9.0, "BLI": 1.0, "None": 9.0}


@pytest.mark.parametrize("by", ["source", "programme", "establishment"])
def test_the_sources_count_what_one_counts_by_hand_the_most_first(store, by):
    report = ask(Doors(store).report_sources, by)
    names = {row.id: row.name for row in rows(store, establishments)}
    sent = {row.reference for row in rows(store, proposals) if row.sent_at}
    signed = {row.reference for row in rows(store, agreements) if row.signed_at}

    def group(row):
        return {"source": row.channel, "programme": row.programme}.get(by) or names.get(
            row.establishment_id, NOT_LISTED
        )

    for shown in report["rows"]:
        of_group = [row for row in received(store) if group(row) == shown["group"]]
        screened = [row for row in of_group if row.standing != "quarantined"]
        assert shown["received"] == len(of_group)
        assert shown["proposals"] == sum(row.reference in sent for row in screened)
        assert shown["agreements"] == sum(row.reference in signed for row in screened)
        assert shown["lost"] == sum(row.stage in LOST for row in screened)
        asked = [row for row in screened if row.stage not in ("duplicate", "spam")]
        won = sum(row.stage == "won" for row in asked)
        assert shown["won_percent"] == (round(100 * won / len(asked), 1) if asked else None)
    assert all(list(row) == report["columns"] for row in report["rows"])
    counts = [row["received"] for row in report["rows"]]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == report["total"]["received"] == len(received(store))


def test_a_report_that_cannot_be_read_is_refused_by_field(database):
    doors = Doors(emptied(database, NOW))

    for door, asked, field in (
        (doors.report_funnel, {"start": "x", "until": "2027-01-01"}, "start"),
        (doors.report_times, {"start": "2027-01-01", "until": "2027-02-01", "by": "owner"}, "by"),
        (doors.report_sources, {"start": "2027-01-01", "until": "2027-02-01", "by": "month"}, "by"),
    ):
        with pytest.raises(Refused) as refused:
            door(**asked)
        assert list(refused.value.fields) == [field]
