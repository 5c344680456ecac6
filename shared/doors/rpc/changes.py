"""`@change`: a method that changes something, and does so once for each idempotency key."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import re
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar, cast

from shared.doors.rpc.serving import Operation
from shared.errors import Refused
from shared.persistence.commands import Answer, Command, current_command, stored_answer

_log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

KEY = "idempotency_key"

_key = re.compile(r"[\x21-\x7e]{1,200}")


class Change(Operation):
    """An operation that changes something."""


def change(method: F) -> F:
    """Offer a method that changes something, to be called by RPC with an `idempotency_key` if the caller has one.

    The key (1 to 200 visible ASCII characters) is not passed on. Called again with the same key and arguments, the
    method is not run: its first answer is given again. The same key with other arguments is refused as "invalid". A
    refusal or a crash leaves no answer, so the same key runs again.

    The method makes its whole change in one unit of work of `self.store` and ends it with `return
    work.answer(result)`, inside the block: the answer is then kept in the transaction of the effect.
    """
    signature = inspect.signature(method)

    @wraps(method)
    def once(service: Any, *args: Any, idempotency_key: str | None = None, **kwargs: Any) -> Any:
        act = partial(method, service, *args, **kwargs)
        if idempotency_key is None:
            return act()
        arguments = signature.bind(service, *args, **kwargs).arguments
        command = Command(_checked(idempotency_key), f"{service.name}.{method.__name__}", _digest(arguments))
        return _run_once(service.store, command, act)

    key = inspect.Parameter(KEY, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="str | None")
    # nameko checks a call against the signature it finds here.
    once.__signature__ = signature.replace(parameters=[*signature.parameters.values(), key])  # type: ignore[attr-defined]
    return cast(F, Change.decorator(once))


def _checked(key: Any) -> str:
    if not isinstance(key, str) or not _key.fullmatch(key):
        why = "An idempotency key is 1 to 200 visible ASCII characters, such as a UUID."
        raise Refused("invalid", why, {KEY: [why]})
    return key


def _digest(arguments: Mapping[str, Any]) -> str:
    """Digest the arguments as they came, the service itself left out."""
    _service, *rest = arguments.items()
    said = json.dumps(dict(rest), sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _run_once(store: Any, command: Command, act: Callable[[], Any]) -> Any:
    known = _look_up(store, command)
    if known is not None:
        return known.result
    token = current_command.set(command)
    try:
        result = act()
    except Exception:
        # Whatever went wrong: another that came with this key may have been quicker, and its answer is the answer.
        known = _look_up(store, command)
        if known is None:
            raise
        return known.result
    finally:
        current_command.reset(token)
    if not command.answered:
        _log.error("a change kept no answer: a repeat of it would run again", extra={"call": command.operation})
    return result


def _look_up(store: Any, command: Command) -> Answer | None:
    with store.database.reading() as connection:
        return stored_answer(connection, store.tables.answers, command)
