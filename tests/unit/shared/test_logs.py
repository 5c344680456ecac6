"""One JSON object a line, whatever is logged, with the ids of the work in hand."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.observability.context import about
from shared.runtime import logs
from shared.runtime.logs import JsonLines, log_to_file, write_past_logging

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def log():
    """A logger whose lines stay here: `log.lines()` gives the text of each."""
    logger = logging.getLogger("keytalk.test")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.lines = lambda: stream.getvalue().split("\n")[:-1]
    yield logger
    logger.removeHandler(handler)


@pytest.fixture
def root_log():
    """The root of all loggers, put back afterwards as it was."""
    root = logging.getLogger()
    handlers, levels = (
        root.handlers[:],
        {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict},
    )
    level = root.level
    yield root
    for handler in root.handlers:
        if handler not in handlers:
            with contextlib.suppress(OSError):
                handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def _only(log):
    [line] = log.lines()
    return json.loads(line)


def test_a_line_says_when_in_utc_how_grave_where_and_what(log):
    before = datetime.now(UTC)
    log.warning("relay will try again", extra={"pause": 2.0})
    line = _only(log)

    told = datetime.fromisoformat(line.pop("timestamp"))
    assert told.utcoffset().total_seconds() == 0
    assert before <= told <= datetime.now(UTC)
    assert line == {"levelname": "WARNING", "name": "keytalk.test", "message": "relay will try again", "pause": 2.0}


def test_a_line_carries_the_ids_of_the_work_in_hand(log):
    with about(service="scheduling", correlation_id="call-1", causation_id="event-1", traceparent=TRACE):
        log.info("handled")
    line = _only(log)

    assert line["service"] == "scheduling"
    assert line["correlation_id"] == "call-1"
    assert line["causation_id"] == "event-1"
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_line_of_no_work_in_particular_carries_none(log):
    log.info("ready")

    assert not {"service", "correlation_id", "causation_id", "trace_id"} & _only(log).keys()


def test_what_the_caller_says_goes_before_what_the_work_is_about(log):
    with about(service="scheduling"):
        log.info("inbox unavailable", extra={"service": "notifications"})

    assert _only(log)["service"] == "notifications"


def test_a_trace_context_that_cannot_be_read_is_left_out(log):
    with about(traceparent="nonsense"):
        log.info("handled")

    assert "trace_id" not in _only(log)


def test_no_text_breaks_out_of_its_line_or_commands_a_terminal(log):
    unkind = "a\nb\r\x00\x1b[2J\x7f\x85\x9b\u2028\u202e\ud800 Siân"
    log.info(unkind, extra={"error": unkind})
    [line] = log.lines()

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == json.loads(line)["error"] == unkind


def test_an_exception_is_one_field(log):
    try:
        raise RuntimeError("the diary\ncannot be read")
    except RuntimeError:
        log.exception("fault")
    line = _only(log)

    assert line["message"] == "fault"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("the diary\ncannot be read")


def test_the_file_takes_what_is_logged_and_what_goes_past_logging(root_log, tmp_path):
    path = tmp_path / "home" / "keytalk.log"
    log_to_file(path)
    logging.getLogger("shared.any").info("one")
    write_past_logging("shared.watchdog", "two\n", stack=["three"])
    logging.getLogger("kombu.any").info("too much detail")
    logging.getLogger("shared.any").info("four")
    root_log.handlers[0].close()

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["message"] for line in lines] == ["one", "two\n", "four"]
    assert lines[1]["stack"] == ["three"]
    assert lines[0].keys() == {"timestamp", "levelname", "name", "message"} == lines[1].keys() - {"stack"}


def test_what_goes_past_a_log_without_a_descriptor_goes_to_standard_error(root_log, capfd):
    root_log.handlers[:] = [logging.StreamHandler(io.StringIO())]

    write_past_logging("shared.watchdog", "the event loop stands still")

    assert json.loads(capfd.readouterr().err)["message"] == "the event loop stands still"


def test_a_log_that_is_full_does_not_end_who_writes_past_it(root_log):
    log_to_file(Path("/dev/full"))

    write_past_logging("shared.watchdog", "the event loop stands still")


def test_a_full_log_file_is_put_aside_and_the_oldest_goes(root_log, tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 1_000)
    log_to_file(tmp_path / "keytalk.log")

    for number in range(100):
        logging.getLogger("tests").info("line", extra={"number": number})
    root_log.handlers[0].close()

    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["keytalk.log", *(f"keytalk.log.{kept}" for kept in range(1, 6))]
    assert all(file.stat().st_size <= 1_000 for file in files)
    newest = json.loads((tmp_path / "keytalk.log").read_text().splitlines()[-1])
    assert newest["number"] == 99
