"""A peer of our sender: Celery, with a task for each reminder, as most Python sites send them.

One worker in one process takes the tasks from RabbitMQ, which were put there before. Each task reads its row, sends its
mail on a connection that is kept, marks the row, and is acknowledged after that (`acks_late`), all as
`django_mail.each` does it: killed on its way, it sends one of them again.

    python -m bench.peers.celery_mail declare DATABASE PORT URI
    python -m bench.peers.celery_mail work DATABASE PORT URI WARMUP COUNT
"""

import json
import sys
import time
from contextlib import suppress
from typing import Any

from celery import Celery
from celery.exceptions import WorkerShutdown
from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction

from bench.peers.django_mail import mail, set_up

app = Celery("reminders")
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="reminders",
    worker_send_task_events=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
)
_WANTED = "SELECT address, facts FROM reminders WHERE id = %s AND sent_at IS NULL FOR UPDATE"
_SENT = "UPDATE reminders SET sent_at = now() WHERE id = %s"


class Seen:
    """When the first ones were done, how many are wanted, and the connection that is kept."""

    smtp: Any = None
    done = 0
    warmup = 0
    count = 0
    began = 0.0
    rate = 0.0


@app.task(name="send")  # type: ignore[untyped-decorator]
def send(number: int) -> None:
    """Send one reminder and mark it; the last one ends the worker."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WANTED, [number])
        row = cursor.fetchone()
        if row is not None:
            EmailMessage(*mail(*row), connection=Seen.smtp).send()
            cursor.execute(_SENT, [number])
    Seen.done += 1
    if Seen.done == Seen.warmup:
        Seen.began = time.perf_counter()
    if Seen.done == Seen.count:
        Seen.rate = (Seen.count - Seen.warmup) / (time.perf_counter() - Seen.began)
        raise WorkerShutdown


def main() -> None:
    what, database, port, uri, *numbers = sys.argv[1:]
    set_up(database, int(port))
    app.conf.broker_url = uri
    if what == "declare":
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM reminders ORDER BY id")
            for (number,) in cursor.fetchall():
                send.delay(number)
        return
    Seen.warmup, Seen.count = map(int, numbers)
    with get_connection() as Seen.smtp, suppress(SystemExit):
        app.worker_main(["worker", "--pool", "solo", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])
    print(json.dumps({"count": Seen.done, "rate": Seen.rate}))


if __name__ == "__main__":
    main()
