"""A plain nameko service and a plain RPC proxy, in processes that import nothing of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.examples import risley_enquiry
from tests.servers.keytalk import Keytalk
from tests.servers.processes import Child
from tests.waiting import eventually

LISTENER = """
    import eventlet
    eventlet.monkey_patch()
    import sys
    from nameko.events import event_handler
    from nameko.runners import ServiceRunner

    class Listener:
        name = "listener"

        @event_handler("enquiries", "enquiry_received")
        def hear(self, payload):
            print("heard", payload["type"], payload["data"]["reference"], flush=True)

    runner = ServiceRunner({"AMQP_URI": sys.argv[1]})
    runner.add_service(Listener)
    runner.start()
    print("listening", flush=True)
    runner.wait()
"""

CALLER = """
    import sys
    from nameko.standalone.rpc import ServiceRpcProxy

    with ServiceRpcProxy("enquiries", {"AMQP_URI": sys.argv[1]}, timeout=20) as enquiries:
        try:
            print(enquiries.get_enquiry(sys.argv[2])["contact"]["name"])
        except Exception as error:
            print(type(error).__name__, error.exc_type, error.value)
"""


def _call(uri: str, reference: str, tmp_path) -> str:
    script = tmp_path / "caller.py"
    script.write_text(textwrap.dedent(CALLER))
    command = [sys.executable, "-W", "ignore", str(script), uri, reference]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.fixture
def heard(real_environment, tmp_path):
    """What the stock listener has printed."""
    script, log = tmp_path / "listener.py", tmp_path / "listener.log"
    script.write_text(textwrap.dedent(LISTENER))
    command = [sys.executable, "-W", "ignore", str(script), real_environment["KEYTALK_AMQP_URI"]]
    child = Child(command, log=log, env=dict(os.environ), cwd=tmp_path)
    child.wait_until(lambda: "listening" in log.read_text(), what="the listener", within=30)
    yield log.read_text
    child.end()


def test_a_stock_listener_hears_the_event(real: Keytalk, heard):
    reference = real.post(risley_enquiry()).json()["reference"]

    assert eventually(lambda: f"heard enquiry_received {reference}" in heard())


def test_a_stock_proxy_gets_the_enquiry(real: Keytalk, real_environment, tmp_path):
    reference = real.post(risley_enquiry()).json()["reference"]

    assert _call(real_environment["KEYTALK_AMQP_URI"], reference, tmp_path) == "Alex Morgan"


def test_a_stock_proxy_hears_why_an_unknown_reference_is_refused(real: Keytalk, real_environment, tmp_path):
    told = _call(real_environment["KEYTALK_AMQP_URI"], "KT-2222-22", tmp_path)

    assert told.startswith("RemoteError Refused")
    assert "There is no enquiry KT-2222-22" in told
