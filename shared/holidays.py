"""Bank holidays, from the list that GOV.UK publishes and `govuk-bank-holidays` carries with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from govuk_bank_holidays.bank_holidays import BankHolidays

from shared.nations import Division


@lru_cache(maxsize=3)
def bank_holidays_of(division: Division) -> Mapping[dt.date, str]:
    """Give the bank holidays of a division by date, with their titles. Reads the copy in the package, no network."""
    listed = BankHolidays(use_cached_holidays=True).get_holidays(division=division)
    return MappingProxyType({each["date"]: str(each["title"]) for each in listed})
