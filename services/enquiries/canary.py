"""Test enquiries that we send ourselves, through the address that people use: the way in is open when they arrive.

They come through everything that a real one passes, up to where it would be stored: there they are noted apart, so
nobody is thanked and no list shows them. What tells them from others is a signed mark that nobody outside can make.
`KEYTALK_CANARY=on` sends one every `KEYTALK_CANARY_EVERY` minutes. Source: peers notes, section 3, "Enquiry ledger".
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import requests
from itsdangerous import BadData, URLSafeTimedSerializer

from services.enquiries.handlers import upkeep
from shared.errors import Refused
from shared.observability import metrics
from shared.persistence.work import Store

HEADER = "Keytalk-Canary"
PATH = "/api/enquiries"
CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 15.0
MARK_LASTS = 600
"""Seconds for which a mark is good, so that one seen by a proxy is of no use later."""

ANSWERS = {
    "programme": "many-faces-of-trauma",
    "establishment": "Nowhere: a test of the way in",
    "contact_name": "Keytalk canary",
    "contact_email": "canary@example.org",
    "message": "This is a test that we send ourselves. It is no enquiry.",
}


class Marks:
    """Signs the marks with the first of `keys` and accepts all of them, so that they can be rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._serializer = URLSafeTimedSerializer(list(reversed(keys)), salt="canary")

    def sign(self, canary_id: UUID) -> str:
        """Give the mark of a canary."""
        signed = self._serializer.dumps(str(canary_id))
        return signed if isinstance(signed, str) else signed.decode()

    def read(self, mark: str) -> UUID:
        """Give the canary of a mark. Raises `Refused("invalid")` for one that is not ours, or too old."""
        try:
            return UUID(self._serializer.loads(mark, max_age=MARK_LASTS))
        except (BadData, ValueError, TypeError, AttributeError):
            why = f"The header {HEADER} is for our own tests. Send an enquiry without it."
            raise Refused("invalid", why, {HEADER: [why]}) from None


class Canary:
    """Sends canaries and notes what becomes of each."""

    def __init__(self, store: Store, public_url: str, marks: Marks) -> None:
        self._store = store
        self._url = f"{public_url}{PATH}"
        self._marks = marks

    def send(self) -> UUID:
        """Send one and give its id; what came of it is in its row. In no transaction: it waits for an answer."""
        with self._store.work() as work:
            canary_id = upkeep.canary_sent(work)
        failed = self._post(canary_id)
        with self._store.work() as work:
            state = upkeep.canary_answered(work, canary_id, failed)
        metrics.canary_ended(state)
        return canary_id

    def _post(self, canary_id: UUID) -> tuple[str, str] | None:
        """Post one; give what went wrong as a state and a reason, or None where it was taken."""
        try:
            answer = requests.post(
                self._url,
                json=ANSWERS,
                headers={HEADER: self._marks.sign(canary_id)},
                timeout=(CONNECT_WITHIN, ANSWER_WITHIN),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return upkeep.LOST, f"no answer: {type(error).__name__}"
        if answer.status_code == requests.codes.created:
            return None
        return upkeep.REFUSED, f"it was answered {answer.status_code}"
