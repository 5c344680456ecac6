"""Connections to RabbitMQ that cannot hang for ever, and the two ways in which a broker is not to be had.

eventlet's sockets do not heed the deadlines that py-amqp sets on them (`SO_RCVTIMEO` means nothing to a socket that
never blocks). The transports below, registered with kombu as `amqp://` and `amqps://`, set them where both kinds of
socket heed them: for our connections and nameko's alike.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import amqp
from amqp import spec
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES, pyamqp

HEARTBEAT = 20
"""Seconds between heartbeats; a peer that is silent for two of them is taken for gone."""
CONNECT_WITHIN = 5.0
"""Seconds that a broker has to take a connection, and again to greet."""
ANSWER_WITHIN = 10.0
"""Seconds that a broker has for each answer, and that a packet may wait to be taken."""
PROBE_WITHIN = 1.0
"""The same, in seconds, for a question that somebody waits for."""


class BrokerAway(ConnectionError):
    """No broker answers at the address. It may come back: wait and try again."""


class BrokerRefused(Exception):
    """The broker answers and will not have us; waiting mends nothing. The words say what it refused, and the mend."""


class _Connection(pyamqp.Connection):
    """A connection on which no single wait is endless, and which hands on why the broker takes no messages."""

    # py-amqp leaves out the one argument of this method, which is the broker's reason.
    _METHODS = {**pyamqp.Connection._METHODS, spec.Connection.Blocked: spec.method(spec.Connection.Blocked, "s")}  # noqa: RUF012

    def connect(self, callback: Any = None) -> Any:
        """Connect, and from then on wait `read_timeout` seconds at most, or `ANSWER_WITHIN`."""
        greeted = super().connect(callback)
        self.transport.sock.settimeout(self.read_timeout or ANSWER_WITHIN)
        return greeted

    def _on_blocked(self, reason: str = "") -> Any:
        return self.on_blocked(reason) if self.on_blocked else None


class Transport(pyamqp.Transport):
    """`amqp://`."""

    Connection = _Connection


class TlsTransport(pyamqp.SSLTransport):
    """`amqps://`. The certificate must be trusted by this machine (or by `SSL_CERT_FILE`) and name the host."""

    Connection = _Connection

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        if client.ssl is True:
            # kombu puts the address's own host here; without the key the certificate of any host would do.
            client.ssl = {"server_hostname": None}


TRANSPORT_ALIASES["amqp"] = f"{__name__}:Transport"
TRANSPORT_ALIASES["amqps"] = f"{__name__}:TlsTransport"


def open_connection(uri: str) -> Any:
    """Open a connection with heartbeats. Raises `BrokerAway` or `BrokerRefused`."""
    return _connect(Connection(uri, heartbeat=HEARTBEAT, connect_timeout=CONNECT_WITHIN))


def is_refusal(error: BaseException) -> bool:
    """Say whether an error means that the broker will not, rather than that it cannot be reached."""
    if isinstance(error, ssl.SSLError):
        untrusted = isinstance(error, ssl.SSLCertVerificationError)
        return untrusted or getattr(error, "reason", None) == "WRONG_VERSION_NUMBER"
    refusals = (BrokerRefused, amqp.AccessRefused, amqp.NotAllowed, amqp.NotFound, amqp.PreconditionFailed)
    return isinstance(error, refusals)


class QueueDepth(NamedTuple):
    """How many messages lie ready in a queue, and how many readers it has."""

    ready: int
    readers: int


def depth_of(connection: Any, queue: str) -> QueueDepth | None:
    """Ask how full a queue is, or give None where it is not there. It needs no rights, and makes nothing."""
    channel = connection.channel()
    try:
        _name, ready, readers = channel.queue_declare(queue, passive=True)
    except amqp.NotFound:
        return None  # the broker has closed the channel
    channel.close()
    return QueueDepth(ready, readers)


class BrokerProbe:
    """Asks whether a broker answers, on one connection kept for that: a new one for each question costs far more."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._connection: Any = None
        self._channel: Any = None
        self._one_at_a_time = threading.Lock()

    def answers(self) -> bool:
        """Say whether a broker answers at this address now."""
        with self._one_at_a_time:
            was_open = self._channel is not None
            return self._ask() or (was_open and self._ask())

    def depths(self, queues: Sequence[str]) -> dict[str, QueueDepth | None] | None:
        """Ask how full queues are, None for one that is not there; None altogether where no broker answers now."""
        if not self.answers():
            return None
        with self._one_at_a_time:
            try:
                return {queue: depth_of(self._connection, queue) for queue in queues}
            except Exception:
                self._forget()
                return None

    def _ask(self) -> bool:
        try:
            if self._channel is None:
                options = {"read_timeout": PROBE_WITHIN}
                connection = Connection(self._uri, connect_timeout=PROBE_WITHIN, transport_options=options)
                self._connection = _connect(connection)
                self._channel = self._connection.channel()
            self._channel.basic_qos(0, 1, False)  # any question will do: this one needs no rights
        except Exception:
            self._forget()
            return False
        return True

    def _forget(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()


def _connect(connection: Any) -> Any:
    try:
        # One more try, without a pause, reaches the second host of an address that names two.
        connection.ensure_connection(
            max_retries=1, interval_start=0, timeout=connection.connect_timeout, reraise_as_library_errors=False
        )
    except (OSError, amqp.AMQPError) as error:
        connection.collect()
        if is_refusal(error):
            raise BrokerRefused(_refusal(error, connection)) from error
        raise BrokerAway(f"No broker answers at {connection.host}: {error}") from error
    return connection


def _refusal(error: BaseException, connection: Any) -> str:
    if isinstance(error, ssl.SSLError):
        return (
            f"The connection to {connection.host} cannot be trusted: {error}. Check that this port speaks TLS, that "
            "its certificate names this host, and that this machine (or the file that SSL_CERT_FILE names) trusts "
            "who signed it."
        )
    user, vhost = connection.userid, connection.virtual_host
    if isinstance(error, amqp.AccessRefused):
        mend = f"check the name and the password in the address, or set it anew: rabbitmqctl change_password '{user}'"
        return f"The broker at {connection.host} refused the user '{user}'; {mend}. It said: {_said(error)}"
    mend = (
        f"check both in the address, make the one (rabbitmqctl add_vhost '{vhost}') or let the other in "
        f"(rabbitmqctl set_permissions -p '{vhost}' '{user}' ...)"
    )
    refused = f"The broker at {connection.host} refused the user '{user}' the virtual host '{vhost}'"
    return f"{refused}; {mend}. It said: {_said(error)}"


def _said(error: BaseException) -> str:
    return f"{getattr(error, 'reply_code', '')} {getattr(error, 'reply_text', error)}"
