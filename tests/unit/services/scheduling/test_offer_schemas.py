"""What callers send about cover and offers: each argument at fault is named, with its mend."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.scheduling.domain.commands import MakeOffer
from services.scheduling.offer_schemas import OfferListSchema, OfferSchema, WithdrawalSchema
from services.scheduling.schemas import read
from shared.errors import Refused

ONE, TWO, LEE = (str(UUID(int=number)) for number in (1, 2, 3))


def test_an_offer_is_read_with_each_session_once_and_as_cover_unless_said():
    assert read(OfferSchema(), sessions=[ONE, TWO, ONE], facilitator=LEE) == MakeOffer(
        (UUID(ONE), UUID(TWO)), UUID(LEE), "cover", None
    )


def test_a_withdrawal_is_read_by_the_handlers_names():
    read_ = read(WithdrawalSchema(), sessions=[ONE], facilitator=LEE)

    assert read_ == {"session_ids": (UUID(ONE),), "facilitator_id": UUID(LEE)}


@pytest.mark.parametrize(
    ("schema", "said", "at_fault"),
    [
        (OfferSchema, {"sessions": [], "facilitator": LEE}, "sessions"),
        (OfferSchema, {"sessions": ONE, "facilitator": LEE}, "sessions"),
        (OfferSchema, {"sessions": None, "facilitator": LEE}, "sessions"),
        (OfferSchema, {"sessions": ["x"], "facilitator": LEE}, "sessions"),
        (OfferSchema, {"sessions": [ONE] * 61, "facilitator": LEE}, "sessions"),
        (OfferSchema, {"sessions": [ONE]}, "facilitator"),
        (OfferSchema, {"sessions": [ONE], "facilitator": "Lee"}, "facilitator"),
        (OfferSchema, {"sessions": [ONE], "facilitator": LEE, "role": "observer"}, "role"),
        (OfferSchema, {"sessions": [ONE], "facilitator": LEE, "instead_of": 7}, "instead_of"),
        (WithdrawalSchema, {"sessions": [ONE], "facilitator": LEE, "reason": "unwell"}, "reason"),
        (OfferListSchema, {"run": "x"}, "run"),
        (OfferListSchema, {"session": "x"}, "session"),
        (OfferListSchema, {"state": "lost"}, "state"),
    ],
)
def test_what_is_at_fault_is_named_with_its_mend(schema, said, at_fault):
    with pytest.raises(Refused) as refused:
        read(schema(), **said)

    assert refused.value.code == "invalid"
    assert list(refused.value.fields) == [at_fault]
    assert refused.value.fields[at_fault][0].endswith(".")
