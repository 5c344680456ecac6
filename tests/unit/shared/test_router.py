"""Several apps on one port, with health on every port and metrics only where asked for."""

from __future__ import annotations

import json

import pytest

from shared.web.router import router

READY = {"status": "ready", "checks": {"database": "ok"}}


def _app(name):
    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{name} {environ['PATH_INFO']}".encode()]

    return answer


def _get(app, path):
    told = {}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
    body = b"".join(app(environ, lambda status, headers: told.update(status=status, headers=dict(headers))))
    return told["status"], told["headers"], body.decode()


@pytest.fixture
def app():
    return router({"/": _app("form"), "/rpc": _app("gateway"), "/rpc/files": _app("files")}, lambda: READY)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "form"),
        ("/enquire", "form"),
        ("/rpc", "gateway"),
        ("/rpc/enquiries/list_enquiries", "gateway"),
        ("/rpc/files", "files"),
        ("/rpc/files/7", "files"),
        ("/rpc/filesystem", "gateway"),
        ("/rpcs", "form"),
    ],
)
def test_the_longest_path_that_fits_has_the_request(app, path, name):
    assert _get(app, path)[2] == f"{name} {path}"


def test_where_no_path_fits_there_is_nothing():
    status, headers, body = _get(router({"/rpc": _app("gateway")}, lambda: READY), "/enquire")

    assert status == "404 Not Found"
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 404


def test_a_live_process_says_so_without_asking_anything():
    def unasked():
        raise AssertionError("liveness asks nobody")

    status, headers, body = _get(router({}, unasked), "/health/live")

    assert (status, json.loads(body)) == ("200 OK", {"status": "live"})
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("state", "status"),
    [("ready", "200 OK"), ("degraded", "200 OK"), ("unavailable", "503 Service Unavailable")],
)
def test_only_an_unavailable_process_is_not_ready(state, status):
    said = {"status": state, "checks": {"broker": "away"}}

    answer = _get(router({"/": _app("form")}, lambda: said), "/health/ready")

    assert (answer[0], json.loads(answer[2])) == (status, said)


def test_metrics_are_given_only_where_asked_for(app):
    status, _headers, body = _get(router({}, lambda: READY, metrics=True), "/metrics")

    assert status == "200 OK"
    assert "python_info" in body
    assert _get(app, "/metrics")[2] == "form /metrics"
