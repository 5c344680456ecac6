"""What calls and answers travel on: the exchange, publishing that cannot hang, and messages that cannot be read.

Two of the libraries' own habits are changed here, for the whole process: both would let one message end it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import eventlet
import kombu.compression
from amqp import serialization, spec
from kombu import Exchange
from kombu.serialization import dumps
from nameko.amqp.publish import Publisher
from nameko.constants import AMQP_SSL_CONFIG_KEY, AMQP_URI_CONFIG_KEY, LOGIN_METHOD_CONFIG_KEY

from shared.messaging.broker import CONNECT_WITHIN
from shared.messaging.topology import RPC_EXCHANGE

T = TypeVar("T")


class NotInTime(Exception):
    """Something did not end within the time it was given."""


class _Publisher(Publisher):
    """A publisher that does not wait for ever for a broker; nameko takes this as a class attribute only.

    What is sent on the connection is bounded by the transport that `shared.messaging.broker` brings.
    """

    transport_options = {"confirm_publish": True, "connect_timeout": CONNECT_WITHIN}  # noqa: RUF012 - nameko amends it


Encoded = tuple[str, str, Any]
"""Content type, content encoding and data of a message."""


def publish(config: Mapping[str, Any], body: Encoded, **how: Any) -> None:
    """Publish an encoded message on the exchange for calls, and wait until the broker has it.

    Raises `UndeliverableMessage` when no queue takes it, and what kombu raises when the broker cannot be reached.
    """
    content_type, content_encoding, data = body
    publisher = _Publisher(
        config[AMQP_URI_CONFIG_KEY],
        ssl=config.get(AMQP_SSL_CONFIG_KEY),
        login_method=config.get(LOGIN_METHOD_CONFIG_KEY),
    )
    publisher.publish(
        data,
        content_type=content_type,
        content_encoding=content_encoding,
        exchange=rpc_exchange(config),
        mandatory=True,
        **how,
    )


def encode(body: Any) -> Encoded:
    """Write a message in JSON. Raises kombu's `EncodeError`, or what the encoder met, when JSON has no form for it."""
    encoded: Encoded = dumps(body, "json")
    return encoded


def is_embedded(config: Mapping[str, Any]) -> bool:
    """Say whether calls stay inside this process."""
    return str(config[AMQP_URI_CONFIG_KEY]).startswith("keytalk-memory")


def rpc_exchange(config: Mapping[str, Any]) -> Exchange:
    """Give the exchange for calls. On RabbitMQ a queue does not declare it anew: services have no right to."""
    return Exchange(RPC_EXCHANGE.name, type=RPC_EXCHANGE.type, durable=True, no_declare=not is_embedded(config))


def within(seconds: float, act: Callable[[], T]) -> T:
    """Give what `act` gives, or raise what it raises, or `NotInTime` after so many seconds.

    It runs in a green thread of its own, which is left to end by itself then: what closes a broken connection may
    itself wait for an answer that never comes.
    """
    outcome = eventlet.event.Event()
    thread = eventlet.spawn(_report, act, outcome)
    try:
        with eventlet.Timeout(seconds, NotInTime(f"no end within {seconds:g} s")):
            result, error = outcome.wait()
    finally:
        thread.kill()
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def _report(act: Callable[[], Any], outcome: Any) -> None:
    try:
        outcome.send((act(), None))
    except Exception as error:
        outcome.send((None, error))


def _properties(buffer: Any, offset: int) -> Any:
    """Read a message's properties, or none where they cannot be read.

    py-amqp raises in the middle of reading a frame (text that is not UTF-8, a time beyond the calendar), which no
    handler of the message hears of: its connection breaks, and the message waits at the head of the queue.
    """
    try:
        return serialization.decode_properties_basic(buffer, offset)
    except Exception:
        return {}, offset


serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID] = _properties


def _refuse_compressed(_body: Any) -> NoReturn:
    raise ValueError("compressed messages are not taken")


for _name in kombu.compression.encoders():
    # A header alone makes kombu unpack a body, however large it then is; nothing here ever packs one.
    kombu.compression.register(kombu.compression.get_encoder(_name)[0], _refuse_compressed, _name)
