"""A peer of our sender: a job of a Django site that sends the reminders that are due, in one of two ways.

Every row holds all that its mail needs, the address too. The text is rendered by Django's templates; there is no HTML.

`mass` reads all rows that are due, sends them by `send_mass_mail` on one connection, and marks them in one statement at
the end: killed on its way, it sends all of them again. `each` takes one row after another, sends it on the same
connection and marks it, in one transaction each: killed on its way, it sends one of them again.

    python -m bench.peers.django_mail declare DATABASE COUNT
    python -m bench.peers.django_mail mass|each DATABASE PORT WARMUP
"""

import json
import sys
import time
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.mail import EmailMessage, get_connection, send_mass_mail
from django.db import connection, transaction
from django.template import engines

_TABLE = """
CREATE TABLE reminders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text NOT NULL, facts jsonb NOT NULL, due_at timestamptz NOT NULL, sent_at timestamptz
);
CREATE INDEX ON reminders (due_at) WHERE sent_at IS NULL
"""
_FILL = """
INSERT INTO reminders (address, facts, due_at)
SELECT 'f' || n || '@facilitators.example', %s, now() FROM generate_series(1, %s) AS n
"""
_DUE = """
SELECT id, address, facts FROM reminders WHERE sent_at IS NULL AND due_at <= now()
ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_SENT = "UPDATE reminders SET sent_at = now() WHERE id = ANY(%s)"
_FACTS = {
    "name": "Tomos Bevan",
    "number": 3,
    "of": 16,
    "date": "2027-01-14",
    "start": "1.45pm",
    "end": "4.45pm",
    "arrive": "12.45pm",
    "establishment": "Risley (HMP)",
    "reference": "KT-7F3K-92",
}
_SUBJECT = "Session {{ number }} of {{ of }}, {{ day|date:'l j F Y' }}"
_TEXT = """{% autoescape off %}Dear {{ name }},

This is a reminder of session {{ number }} of {{ of }}.

When:   {{ day|date:'l j F Y' }}
        {{ start }} to {{ end }}
Where:  {{ establishment }}
Arrive: by {{ arrive }}, 60 minutes before

What to bring
- Photo ID: your passport or driving licence.
- Only the kit on the approved list.
- Leave your phone, smart watch and anything else that connects or
  records in a locker at the gate, or at home.

What happens next
Give your name at the gate and say that you are here for the session.
If you cannot make it, tell us when you can. You need not give a
reason, and we will look for cover.

Any questions? Reply to this message.
Please mention {{ reference }}, so that we find your sessions.

Kind regards,
Keytalk
{% endautoescape %}"""
_FROM = "Keytalk <keytalk@keytalk.example>"


def set_up(database: str, port: int) -> None:
    """Configure Django as a site would."""
    parts = urlsplit(database)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path[1:],
                "USER": parts.username,
                "PASSWORD": parts.password,
                "HOST": parts.hostname,
                "PORT": parts.port,
            }
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        USE_TZ=True,
    )
    django.setup()


def declare(count: int) -> None:
    """Make the table, and rows that are due."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute(_FILL, [json.dumps(_FACTS), count])
        cursor.execute("ANALYZE reminders")


def mass(most: int) -> int:
    """Send what is due, up to so many, all in one; give how many those were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DUE, [most])
        rows = cursor.fetchall()
        sent = send_mass_mail([mail(address, facts) for _, address, facts in rows])
        cursor.execute(_SENT, [[number for number, _, _ in rows]])
    return int(sent or 0)


def each(most: int) -> int:
    """Send what is due, up to so many, one after another; give how many those were."""
    sent = 0
    with get_connection() as smtp:
        while sent < most and _one(smtp):
            sent += 1
    return sent


def _one(smtp: Any) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DUE, [1])
        row = cursor.fetchone()
        if row is None:
            return False
        number, address, facts = row
        EmailMessage(*mail(address, facts), connection=smtp).send()
        cursor.execute(_SENT, [[number]])
    return True


def mail(address: str, facts: Any) -> tuple[str, str, str, list[str]]:
    """One mail as `send_mass_mail` takes it."""
    known = json.loads(facts) if isinstance(facts, str) else facts
    known |= {"day": date.fromisoformat(known["date"])}
    subject, text = (words.render(known) for words in _templates())
    return subject, text, _FROM, [address]


@cache
def _templates() -> tuple[Any, Any]:
    return tuple(engines["django"].from_string(words) for words in (_SUBJECT, _TEXT))


def main() -> None:
    what, database, *numbers = sys.argv[1:]
    if what == "declare":
        set_up(database, 25)
        declare(int(numbers[0]))
        return
    port, warmup = map(int, numbers)
    set_up(database, port)
    send = {"mass": mass, "each": each}[what]
    send(warmup)
    begin = time.perf_counter()
    sent = send(1_000_000)
    print(json.dumps({"count": warmup + sent, "rate": sent / (time.perf_counter() - begin)}))


if __name__ == "__main__":
    main()
