"""`keytalk establishments import` and `regimes`."""

import json

import pytest

from ops.cli import catching_up

IMPORT, COUNT = "scheduling.import_establishments", "enquiries.count_establishments_at"
VERSIONS = {"RSI": 1, "ACI": 1}
TAKEN = {"added": 2, "changed": 0, "unchanged": 0, "refused": [], "versions": VERSIONS}


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "prisons.csv"
    path.write_bytes("\ufeffprison_id,name\nRSI,Môn\n".encode())
    return str(path)


def test_an_import_waits_until_enquiries_has_caught_up(keytalk, gateway, csv):
    gateway.will_answer(IMPORT, TAKEN)
    gateway.will_answer(COUNT, {"caught_up": 1, "of": 2}, {"caught_up": 2, "of": 2})

    result = keytalk("establishments", "import", csv)

    assert result.exit_code == 0
    assert result.stdout == "2 added, 0 changed, 0 unchanged, 0 refused.\n"
    assert result.stderr == ""
    assert gateway.asked == [
        (IMPORT, {"csv_text": "prison_id,name\nRSI,Môn\n", "dry_run": False}),
        (COUNT, {"versions": VERSIONS}),
        (COUNT, {"versions": VERSIONS}),
    ]


def test_an_import_in_json_prints_the_result_alone(keytalk, gateway, csv):
    gateway.will_answer(IMPORT, TAKEN)
    gateway.will_answer(COUNT, {"caught_up": 2, "of": 2})

    assert json.loads(keytalk("establishments", "import", csv, "--json").stdout) == TAKEN


def test_a_dry_run_does_not_wait(keytalk, gateway, csv):
    gateway.will_answer(IMPORT, TAKEN)

    result = keytalk("establishments", "import", csv, "--dry-run")

    assert result.exit_code == 0
    assert "nothing is stored" in result.stdout
    assert gateway.times_asked(COUNT) == 0
    assert gateway.asked[0][1]["dry_run"] is True


def test_an_import_without_news_does_not_wait(keytalk, gateway, csv):
    gateway.will_answer(IMPORT, {**TAKEN, "added": 0, "unchanged": 2, "versions": {}})

    assert keytalk("establishments", "import", csv).exit_code == 0
    assert gateway.times_asked(COUNT) == 0


def test_refused_lines_are_named_and_end_in_exit_1_once_the_rest_has_arrived(keytalk, gateway, csv):
    refused = [{"line": 3, "id": "ZZZ", "why": "There is no name."}]
    gateway.will_answer(IMPORT, {**TAKEN, "refused": refused})
    gateway.will_answer(COUNT, {"caught_up": 2, "of": 2})

    result = keytalk("establishments", "import", csv)

    assert result.exit_code == 1
    assert "1 refused." in result.stdout
    assert "ZZZ" in result.stdout
    assert "There is no name." in result.stdout
    assert gateway.times_asked(COUNT) == 1


def test_when_patience_ends_the_import_is_still_stored_and_the_exit_is_0(keytalk, gateway, csv, monkeypatch):
    monkeypatch.setattr(catching_up, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(catching_up, "PAUSE_SECONDS", 0.05)
    gateway.will_answer(IMPORT, TAKEN)
    gateway.will_answer(COUNT, {"caught_up": 1, "of": 2})

    result = keytalk("establishments", "import", csv)

    assert result.exit_code == 0
    assert "The import is stored." in result.stderr
    assert "1 of 2 so far" in result.stderr
    assert gateway.times_asked(COUNT) > 1


def test_a_service_that_is_away_for_a_moment_is_asked_again(keytalk, gateway, csv):
    gateway.will_answer(IMPORT, TAKEN)
    gateway.will_refuse(COUNT, 503, "Enquiries is not answering just now.")
    gateway.will_answer(COUNT, {"caught_up": 2, "of": 2})

    result = keytalk("establishments", "import", csv)

    assert (result.exit_code, result.stderr) == (0, "")
    assert gateway.times_asked(COUNT) == 2


@pytest.mark.parametrize("command", ["import", "regimes"])
def test_a_file_that_is_not_utf_8_is_bad_usage_and_nothing_is_sent(keytalk, gateway, tmp_path, command):
    path = tmp_path / "latin.csv"
    path.write_bytes("prison_id,name\nRSI,Môn\n".encode("latin-1"))

    result = keytalk("establishments", command, str(path))

    assert result.exit_code == 2
    assert "is not UTF-8" in result.stderr
    assert gateway.asked == []


def test_a_file_that_is_not_there_is_bad_usage(keytalk, gateway, tmp_path):
    result = keytalk("establishments", "import", str(tmp_path / "none.csv"))

    assert result.exit_code == 2
    assert "none.csv" in result.stderr
    assert gateway.asked == []


@pytest.mark.parametrize(("refused", "code"), [([], 0), ([{"line": 2, "id": "RSI", "why": "No hours."}], 1)])
def test_regimes_are_taken_in_without_waiting(keytalk, gateway, csv, refused, code):
    gateway.will_answer("scheduling.import_regimes", {"added": 1, "changed": 0, "unchanged": 0, "refused": refused})

    result = keytalk("establishments", "regimes", csv)

    assert result.exit_code == code
    assert [call for call, _ in gateway.asked] == ["scheduling.import_regimes"]


def test_establishments_are_searched(keytalk, gateway):
    gateway.will_answer("scheduling.list_establishments", [{"id": "RSI", "name": "Risley", "active": False}])

    result = keytalk("establishments", "list", "--search", "ris")

    assert gateway.asked[0][1] == {"search": "ris", "limit": 50}
    assert "RSI" in result.stdout
    assert "no" in result.stdout.splitlines()[-2]


def test_establishments_are_listed_by_nation_and_use(keytalk, gateway):
    gateway.will_answer("scheduling.list_establishments", [])

    keytalk("establishments", "list", "--nation", "wales", "--inactive")

    asked = gateway.asked[0][1]
    assert (asked["nation"], asked["active"]) == ("wales", False)
