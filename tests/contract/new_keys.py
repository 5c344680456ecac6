"""For schemathesis: a new idempotency key for each enquiry, as a client draws one.

A key that was used with other answers is refused, as the document says; that is not what is looked for here.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import schemathesis

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Put something new before a key that is one; what is no key stays as it is."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and _KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{uuid.uuid4()}-{key}"[:200]
