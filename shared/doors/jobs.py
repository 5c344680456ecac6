"""`@runs("send_messages")`: the method of a service that does what a kind of job asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint, SharedExtension

from shared.doors.backing import Backing
from shared.doors.binding import bound_method
from shared.messaging.jobs import Kind, Scheduler


class Jobs(SharedExtension):
    """The scheduler of a service: everything that is done at a time is a kind of job that was added here."""

    backing = Backing()

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[str, Kind] = {}
        self._scheduler: Scheduler | None = None
        self._in_hand: set[Any] = set()

    def add(self, kind: Kind) -> None:
        """Have jobs of this kind run. Call it before the service starts, or while it does."""
        self._kinds[kind.name] = kind
        if self._scheduler is not None:
            self._scheduler.kinds = tuple(self._kinds.values())
            self._scheduler.wake()

    def begin(self) -> None:
        """Start the scheduler, unless it runs already."""
        if self._scheduler is not None:
            return
        self._scheduler = Scheduler(self.backing.store(), tuple(self._kinds.values()), spawn=self._spawn)
        self.container.spawn_managed_thread(self._scheduler.run, identifier="jobs")

    def _spawn(self, run: Callable[[], None]) -> None:
        thread = self.container.spawn_managed_thread(run, identifier="job")
        self._in_hand.add(thread)
        thread.link(self._in_hand.discard)

    def finish(self) -> None:
        """Stop, and wait for what is in hand: it may have to ask another service, so this comes before calls end."""
        self.stop()
        for thread in list(self._in_hand):
            thread.wait()

    def stop(self) -> None:
        """Take no more jobs; one that is broken off is claimed again once its lease is over."""
        if self._scheduler is not None:
            self._scheduler.stop()
        super().stop()


class Runs(Entrypoint):
    """An entrypoint for one kind of job. Its method gets what `run` of `shared.messaging.jobs.Kind` gets.

    With `every`, such as `daily(3)`, the kind is a clock.
    """

    jobs = Jobs()

    def __init__(
        self,
        kind: str,
        lease: timedelta = timedelta(minutes=1),
        every: Callable[[datetime], datetime] | None = None,
        **kwargs: Any,
    ) -> None:
        self._kind = kind
        self._lease = lease
        self._every = every
        super().__init__(**kwargs)

    def start(self) -> None:
        """Take part in the service's scheduler."""
        self.jobs.add(self.kind_done_by(bound_method(self)))

    def kind_done_by(self, method: Callable[..., Any]) -> Kind:
        """Give the kind of job, done by a method."""
        return Kind(self._kind, method, lease=self._lease, every=self._every)

    def stop(self) -> None:
        """Let the job in hand come to a good end."""
        self.jobs.finish()


runs = Runs.decorator


def kinds_of(service: Any) -> tuple[Kind, ...]:
    """Give the kinds of job that an instance of a service class does, by name."""
    methods = (getattr(service, name) for name in dir(type(service)))
    found = (
        each.kind_done_by(method)
        for method in methods
        for each in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ())
        if isinstance(each, Runs)
    )
    return tuple(sorted(found, key=lambda kind: kind.name))
