"""The channels in a process as it runs: while one waits for an answer, every other green thread goes on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripted_smtp import HANG, LATE, scripted

ROOT = Path(__file__).parents[5]

IN_A_GREEN_PROCESS = """
import shared.runtime.green
import datetime as dt, json, sys
import eventlet
from services.notifications.channels.alerts import AlertChannel
from services.notifications.channels.base import Mail
from services.notifications.channels.smtp import SmtpChannel, SmtpServer

NOW = dt.datetime.now(dt.UTC)
MAIL = Mail("<a@mail.example.org>", "keytalk@mail.example.org", sys.argv[3], "Hello", "Hello", "", NOW)
ticks = 0

def tick():
    global ticks
    while True:
        eventlet.sleep(0.02)
        ticks += 1

def deliver(channel):
    try:
        channel.deliver(MAIL)
    except Exception as failure:
        return type(failure).__name__
    return "taken"

port = int(sys.argv[2])
if sys.argv[1] == "mail":
    channel = SmtpChannel(SmtpServer("127.0.0.1", port, "off"), read_timeout=5.0, at_once=2, idle=0.1)
else:
    channel = AlertChannel([f"json://127.0.0.1:{port}/"], read_timeout=0.5, patience=5.0)
eventlet.spawn(tick)
pool = eventlet.GreenPool()
outcomes = list(pool.starmap(deliver, [(channel,)] * 6))
seen = ticks
eventlet.sleep(0.5)
print(json.dumps({"ticks": seen, "outcomes": outcomes}))
"""


def in_a_green_process(kind: str, port: int, recipient: str) -> dict[str, Any]:
    command = [sys.executable, "-c", IN_A_GREEN_PROCESS, kind, str(port), recipient]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_mails_of_many_green_threads_share_the_connections_and_nothing_stands_still() -> None:
    with scripted(content=LATE + "250 taken") as server:
        seen = in_a_green_process("mail", server.port, "sam@prison.example")
        assert seen["outcomes"] == ["taken"] * 6
        assert len(server.connections) == 2
        # Left by themselves in the end, by a timer that is green as well.
        assert server.asked["QUIT"] == 2
    assert seen["ticks"] > 20


def test_a_mail_server_that_never_answers_stops_no_other_green_thread() -> None:
    with scripted(RCPT=[HANG, "250 ok"]) as server:
        seen = in_a_green_process("mail", server.port, "sam@prison.example")
    assert sorted(seen["outcomes"]) == ["TemporaryFailure"] + ["taken"] * 5
    assert seen["ticks"] > 20


def test_a_chat_room_that_never_answers_stops_no_other_green_thread() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        seen = in_a_green_process("alerts", silent.getsockname()[1], "team:1")
    assert seen["outcomes"] == ["TemporaryFailure"] * 6
    assert seen["ticks"] > 10
