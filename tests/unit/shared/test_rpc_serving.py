"""A refusal reaches whoever asked as it was said, however special it is where it was raised."""

from __future__ import annotations

import json

import pytest

from shared.doors.rpc.calling import _told
from shared.doors.rpc.serving import _answer
from shared.errors import Refused


class OfAMoreSpecialKind(Refused):
    """A refusal that only one service knows."""


def test_a_refusal_of_a_more_special_kind_is_told_as_a_refusal():
    raised = OfAMoreSpecialKind("refused", "The address turned it down.", {"email": ["Put it right."]})

    (_type, _encoding, sent), *_ = _answer(None, (OfAMoreSpecialKind, raised, None))

    with pytest.raises(Refused, match="turned it down") as told:
        _told("notifications.resend_message", json.loads(sent))
    assert (told.value.code, told.value.fields) == ("refused", {"email": ["Put it right."]})
