"""When a place is open, and which place a name means."""

from __future__ import annotations

import datetime as dt

import pytest
from scheduling_cast import TUESDAY, at, calendar, hours, window

from services.scheduling.domain.calendar import Blackout, Regime, default_blackouts
from services.scheduling.domain.establishments import Establishment
from shared.establishment_names import matching_establishment, same_establishment
from shared.nations import division_of


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        ("2026-12-20", False),
        ("2026-12-21", True),
        ("2026-12-31", True),
        ("2027-01-01", True),
        ("2031-01-03", True),
        ("2031-01-04", False),
        ("2028-02-29", False),
    ],
)
def test_the_default_closure_runs_over_new_year_every_year(day, closed):
    (blackout,) = default_blackouts()

    assert blackout.covers(dt.date.fromisoformat(day)) is closed


def test_a_yearly_closure_over_the_leap_day_holds_in_every_year():
    late_winter = Blackout(dt.date(2024, 2, 28), dt.date(2024, 3, 1), "works", yearly=True)

    assert late_winter.covers(dt.date(2028, 2, 29))
    assert late_winter.covers(dt.date(2027, 3, 1))
    assert not late_winter.covers(dt.date(2027, 3, 2))


def test_a_yearly_closure_of_one_day_is_that_day_alone():
    open_day = Blackout(dt.date(2027, 7, 14), dt.date(2027, 7, 14), "family day", yearly=True)

    assert open_day.covers(dt.date(2028, 7, 14))
    assert not open_day.covers(dt.date(2028, 7, 15))


def test_a_closure_of_one_year_does_not_come_again():
    refit = Blackout(dt.date(2027, 2, 1), dt.date(2027, 2, 5), "refit")

    assert refit.covers(dt.date(2027, 2, 5))
    assert not refit.covers(dt.date(2028, 2, 3))


def test_a_closure_that_ends_before_it_begins_is_refused_naming_the_mend():
    with pytest.raises(ValueError, match=r"last: .*2027-02-05 or later"):
        Blackout(dt.date(2027, 2, 5), dt.date(2027, 2, 4), "refit")


def test_a_yearly_closure_of_a_whole_year_is_refused():
    with pytest.raises(ValueError, match="shorter than a year"):
        Blackout(dt.date(2027, 1, 1), dt.date(2027, 12, 31), "refit", yearly=True)


@pytest.mark.parametrize("text", ["11:30-11:30", "11:30-08:30"])
def test_a_window_that_does_not_end_after_its_start_is_refused(text):
    with pytest.raises(ValueError, match=r"end: .*later than 11:30"):
        window(text)


def test_a_window_knows_its_minutes():
    assert window("13:45-16:30").minutes == 165


def test_the_whole_day_is_from_morning_start_to_afternoon_finish():
    assert hours().window(TUESDAY, "day") == window("08:30-16:45")
    assert hours(pm="").window(TUESDAY, "day") is None
    assert Regime({}).window(TUESDAY, "am") is None


def test_a_bank_holiday_gives_its_title_before_the_closure_it_falls_in():
    open_days = calendar()

    assert open_days.closed_on(dt.date(2026, 12, 25)) == "Christmas Day"
    assert open_days.closed_on(dt.date(2027, 12, 25)) == "Christmas and New Year closure"
    assert open_days.closed_on(dt.date(2027, 1, 12)) is None


@pytest.mark.parametrize(
    "text", ["HMP Risley", "Risley (HMP)", "risley", " RSI ", "rsi", "Risley Prison", "HM Prison, Risley"]
)
def test_a_name_means_its_establishment_however_it_is_written(text):
    assert same_establishment(text, "RSI", "Risley (HMP)")


@pytest.mark.parametrize("text", ["", "HMP", "Risley Hall", "Styal", "RS"])
def test_another_name_does_not(text):
    assert not same_establishment(text, "RSI", "Risley (HMP)")


def test_words_for_a_kind_of_place_alone_mean_no_place():
    assert not same_establishment("HMP", "XXI", "The Prison")


def test_the_kind_of_place_accents_and_apostrophes_make_no_difference():
    assert same_establishment("HMP/YOI Drake Hall", "DHI", "Drake Hall (HMP & YOI)")
    assert same_establishment("Carchar Caerdŷdd", "CFI", "Caerdydd")
    assert same_establishment("hmp the mount", "MTI", "Mount, The (HMP)")
    assert same_establishment("St Mary's", "SMI", "St Mary’s (HMP)")


def test_a_bare_name_two_places_share_means_neither_until_written_out():
    names = {"PRI": "Parc (HMP & YOI)", "PYI": "Parc (HMYOI)", "RSI": "Risley (HMP)"}

    assert matching_establishment("Parc", names) is None
    assert matching_establishment("parc (hmyoi)", names) == "PYI"
    assert matching_establishment("pri", names) == "PRI"
    assert matching_establishment("hmp risley", names) == "RSI"
    assert matching_establishment("Nowhere", names) is None


@pytest.mark.parametrize(
    ("nation", "division"),
    [
        ("england", "england-and-wales"),
        ("wales", "england-and-wales"),
        ("scotland", "scotland"),
        ("northern-ireland", "northern-ireland"),
    ],
)
def test_england_and_wales_share_their_bank_holidays(nation, division):
    assert division_of(nation) == division


def test_an_establishment_that_asks_for_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match=r"level: .*'gold'"):
        Establishment("RSI", "Risley (HMP)", True, "england", "Warrington", required_level="gold")


def test_windows_of_a_weekday_come_earliest_first():
    evening = Regime(
        {(1, "ed"): window("17:30-19:15"), (1, "am"): window("08:30-11:30"), (2, "am"): window("09:00-11:00")}
    )

    assert [each.start for each in evening.on(TUESDAY)] == [at("08:30"), at("17:30")]
