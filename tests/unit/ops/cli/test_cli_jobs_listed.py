"""`keytalk jobs list`: the scheduled work of all services in one list."""

import json


def job(subject, due_at, **more):
    rest = {"state": "waiting", "attempts": 0, "late_by_s": 0, "error": None}
    return {"kind": "reminder", "subject": subject, "due_at": due_at, **rest, **more}


def test_jobs_of_all_services_are_one_list_with_the_next_due_first(keytalk, gateway):
    later = job("session-2", "2027-01-11T15:00:00+00:00")
    sooner = job("session-1", "2027-01-07T15:00:00+00:00", attempts=2, late_by_s=95, error="OSError: away")
    gateway.will_answer("enquiries.list_jobs", [])
    gateway.will_answer("scheduling.list_jobs", [later])
    gateway.will_answer("notifications.list_jobs", [sooner])

    rows = json.loads(keytalk("jobs", "list", "--json").stdout)
    printed = keytalk("jobs", "list")

    assert rows == [{"service": "notifications", **sooner}, {"service": "scheduling", **later}]
    assert gateway.asked[0] == ("enquiries.list_jobs", {"limit": 100})
    first = next(line for line in printed.stdout.splitlines() if "session-1" in line)
    assert first.split()[0] == "notifications"
    assert first.split()[-4:] == ["2", "95", "OSError:", "away"]
    assert printed.stderr == ""


def test_jobs_that_were_given_up_come_after_those_that_are_still_to_be_done(keytalk, gateway):
    gateway.will_answer("enquiries.list_jobs", [job("failed", "2027-01-07T15:00:00+00:00", state="failed")])
    gateway.will_answer("scheduling.list_jobs", [job("waiting", "2027-01-11T15:00:00+00:00")])
    gateway.will_answer("notifications.list_jobs", [])

    rows = json.loads(keytalk("jobs", "list", "--json").stdout)

    assert [row["subject"] for row in rows] == ["waiting", "failed"]


def test_jobs_of_one_service_are_asked_of_it_alone(keytalk, gateway):
    gateway.will_answer("notifications.list_jobs", [])

    result = keytalk("jobs", "list", "--service", "notifications")

    assert result.stdout == "No job to show.\n"
    assert gateway.asked == [("notifications.list_jobs", {"limit": 100})]


def test_a_service_that_cannot_be_asked_for_its_jobs_is_named(keytalk, gateway):
    gateway.will_answer("enquiries.list_jobs", [job("enquiry-1", "2027-01-07T15:00:00+00:00")])
    gateway.will_answer("scheduling.list_jobs", [])
    gateway.will_refuse("notifications.list_jobs", 503, "The notifications service is not running.")

    result = keytalk("jobs", "list")

    assert result.exit_code == 3
    assert "enquiry-1" in result.stdout
    assert "notifications: The notifications service is not running." in result.stderr.splitlines()
