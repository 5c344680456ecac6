"""Bank holidays, from the list that GOV.UK publishes and `govuk-bank-holidays` carries with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from govuk_bank_holidays.bank_holidays import BankHolidays

from shared.nations import Division, division_of


@lru_cache(maxsize=3)
def bank_holidays_of(division: Division) -> Mapping[dt.date, str]:
    """Give the bank holidays of a division by date, with their titles. Reads the copy in the package, no network."""
    listed = BankHolidays(use_cached_holidays=True).get_holidays(division=division)
    return MappingProxyType({each["date"]: str(each["title"]) for each in listed})


def bank_holidays_in(nation: str | None) -> Mapping[dt.date, str]:
    """Give the bank holidays that a nation keeps, by date, with their titles; England's where it is not known."""
    return bank_holidays_of(division_of(nation))
