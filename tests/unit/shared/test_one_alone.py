"""A port and a home belong to one process: whoever comes second is told so, and what to do."""

from __future__ import annotations

import pytest

from shared.runtime import one_alone
from shared.runtime.running import CannotStart, _listen
from shared.web.server import WebServer
from tests.servers.processes import free_port


def nothing(_environ, _start_response):
    return []


def test_a_port_that_is_listened_on_already_is_refused_and_its_setting_named():
    first = WebServer("127.0.0.1", free_port(), nothing)
    try:
        with pytest.raises(CannotStart, match=rf"Port {first.port} on 127\.0\.0\.1 is taken.*KEYTALK_PUBLIC_PORT"):
            _listen("127.0.0.1", first.port, nothing, "public")
    finally:
        first.stop()


def test_a_home_that_is_held_already_is_refused_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(one_alone, "_held", held := [])
    one_alone.hold(tmp_path)

    with pytest.raises(CannotStart, match=r"already \(process \d+\).*KEYTALK_HOME"):
        one_alone.hold(tmp_path)

    held.pop().close()
    one_alone.hold(tmp_path)
    held.pop().close()
