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
from shared.persistence.rehearsal import rehearsing

_log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

KEY, DRY_RUN, NEWS = "idempotency_key", "dry_run", "news"

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

    With `dry_run` it is run all the same and then undone: it is refused what it would be refused. An answer that is an
    object then has the events that would be published as well, as `news`: envelopes with their sources' own words.
    """
    return _offer(method, rehearse)


def change_at_once(method: F) -> F:
    """Offer a change as `change` does that reaches beyond its service's own database: it refuses a dry run."""
    return _offer(method, _refuse_to_rehearse)


def _offer(method: F, try_out: Callable[[Callable[[], Any]], Any]) -> F:
    signature = inspect.signature(method)

    @wraps(method)
    def once(service: Any, *args: Any, idempotency_key: str | None = None, dry_run: bool = False, **kwargs: Any) -> Any:
        act = partial(method, service, *args, **kwargs)
        if _is_dry_run(dry_run):
            return try_out(act)
        if idempotency_key is None:
            return act()
        arguments = signature.bind(service, *args, **kwargs).arguments
        command = Command(_checked(idempotency_key), f"{service.name}.{method.__name__}", _digest(arguments))
        return _run_once(service.store, command, act)

    # nameko checks a call against the signature it finds here.
    once.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *_ADDED])  # type: ignore[attr-defined]
    return cast(F, Change.decorator(once))


_ADDED = (
    inspect.Parameter(KEY, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="str | None"),
    inspect.Parameter(DRY_RUN, inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool"),
)


def rehearse(act: Callable[[], Any]) -> Any:
    """Run a change, undo it, and give its answer with its `news`. Raises what it raises."""
    with rehearsing() as news:
        result = act()
    return {**result, NEWS: [each.as_dict() for each in news]} if isinstance(result, dict) else result


def _refuse_to_rehearse(_act: Callable[[], Any]) -> Any:
    why = "This cannot be tried without doing it: it reaches beyond what can be undone. Leave dry_run out to do it."
    raise Refused("invalid", why, {DRY_RUN: [why]})


def _is_dry_run(given: Any) -> bool:
    """Read `dry_run`: whoever means one and writes it otherwise must not have the change made."""
    if type(given) is not bool:
        why = "Write dry_run as true or false."
        raise Refused("invalid", why, {DRY_RUN: [why]})
    return given


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
