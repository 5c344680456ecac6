"""`keytalk dead`: what it asks of which service, what it prints, and how it ends."""

import json

import pytest

ENQUIRIES, SCHEDULING, NOTIFICATIONS = SERVICES = ("enquiries", "scheduling", "notifications")
ID = "5b0f2a4e-0000-4000-8000-000000000001"
OTHER = "5b0f2a4e-0000-4000-8000-000000000002"
THIRD = "5b0f2a4e-0000-4000-8000-000000000003"
SUBJECT = "3f0c9a4e-5d58-4f4e-8f57-0d5a4f5f8c11"


def entry(event=ID, since="2026-11-24T09:00:00+00:00", **more):
    return {
        "id": event,
        "way": "in",
        "type": "run_confirmed",
        "subject": SUBJECT,
        "state": "dead",
        "error": "KeyError: 'template'",
        "attempts": 8,
        "since": since,
        "held_up": 3,
        **more,
    }


def detailed(event=ID, envelope=None, **more):
    return {**entry(event, **more), "envelope": envelope}


def has_nothing(gateway, *services):
    for service in services:
        gateway.will_answer(f"{service}.list_dead", [])
        gateway.will_refuse(f"{service}.get_dead", 404, f"Nothing dead in {service} has that id.")


def is_away(gateway, *services):
    for service in services:
        for method in ("list_dead", "get_dead"):
            gateway.will_refuse(f"{service}.{method}", 503, f"The {service} service did not answer in time.")


def asked(gateway):
    return [call for call, _ in gateway.asked]


# list


def test_the_three_services_are_one_list_with_the_oldest_first(keytalk, gateway):
    newest = entry(ID, since="2026-11-24T10:00:00Z")
    oldest = entry(OTHER, since="2026-11-24T10:30:00+01:00")
    gateway.will_answer("enquiries.list_dead", [])
    gateway.will_answer("scheduling.list_dead", [newest])
    gateway.will_answer("notifications.list_dead", [oldest])

    result = keytalk("dead", "list", "--json")

    assert result.exit_code == 0
    assert result.stderr == ""
    assert json.loads(result.stdout) == [
        {"service": "notifications", **oldest},
        {"service": "scheduling", **newest},
    ]
    assert gateway.asked == [(f"{service}.list_dead", {"limit": 200}) for service in SERVICES]


def test_the_table_names_the_service_and_the_event_and_says_what_to_do_next(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES, NOTIFICATIONS)
    gateway.will_answer("scheduling.list_dead", [entry(way="out", state="parked", type=None, subject=None)])

    result = keytalk("dead", "list")

    heading, row = (line for line in result.stdout.splitlines() if "Held up" in line or ID in line)
    assert heading.split()[:4] == ["Service", "Id", "Way", "State"]
    assert row.split()[:4] == ["scheduling", ID, "out", "parked"]
    assert "keytalk dead show ID" in result.stderr


def test_one_service_is_asked_alone(keytalk, gateway):
    gateway.will_answer("scheduling.list_dead", [entry()])

    assert keytalk("dead", "list", "--service", "scheduling").exit_code == 0
    assert asked(gateway) == ["scheduling.list_dead"]


def test_no_more_are_listed_than_asked_for_and_a_note_says_that_there_may_be_more(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES)
    gateway.will_answer("scheduling.list_dead", [entry(OTHER, since="2026-11-24T10:00:00+00:00")])
    gateway.will_answer("notifications.list_dead", [entry(ID)])

    result = keytalk("dead", "list", "--limit", "1")

    assert ID in result.stdout
    assert OTHER not in result.stdout
    assert "--limit" in result.stderr
    assert gateway.asked[0][1] == {"limit": 1}


def test_an_empty_list_is_good_news_in_a_sentence(keytalk, gateway):
    has_nothing(gateway, *SERVICES)

    result = keytalk("dead", "list")

    assert (result.stdout, result.stderr) == ("No event waits for a person.\n", "")


def test_a_service_that_cannot_be_asked_is_named_and_the_others_are_still_listed(keytalk, gateway):
    has_nothing(gateway, NOTIFICATIONS)
    is_away(gateway, ENQUIRIES)
    gateway.will_answer("scheduling.list_dead", [entry()])

    result = keytalk("dead", "list", "--json")

    assert result.exit_code == 3
    assert [row["id"] for row in json.loads(result.stdout)] == [ID]
    assert "enquiries: The enquiries service did not answer in time." in result.stderr.splitlines()


def test_nothing_listed_is_no_good_news_while_a_service_could_not_be_asked(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES, SCHEDULING)
    is_away(gateway, NOTIFICATIONS)

    result = keytalk("dead", "list")

    assert result.exit_code == 3
    assert result.stdout == "The services that could be asked have none.\n"


def test_a_reason_that_all_services_share_is_said_once(keytalk, gateway):
    for service in SERVICES:
        gateway.will_refuse(f"{service}.list_dead", 503, "The message broker cannot be reached.")

    result = keytalk("dead", "list")

    assert result.exit_code == 3
    assert (result.stdout, result.stderr) == ("", "The message broker cannot be reached.\n")


def test_services_that_are_away_for_reasons_of_their_own_are_each_named(keytalk, gateway):
    is_away(gateway, *SERVICES)

    result = keytalk("dead", "list")

    assert result.exit_code == 3
    assert [line.partition(":")[0] for line in result.stderr.splitlines()[1:]] == list(SERVICES)


# show


def test_an_event_is_found_where_it_is_dead_and_shown_whole(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES, SCHEDULING)
    found = detailed(envelope={"id": ID, "data": {"run": SUBJECT}})
    gateway.will_answer("notifications.get_dead", found)

    shown = keytalk("dead", "show", ID)

    assert shown.exit_code == 0
    assert "Service: notifications" in shown.stdout
    assert "Error: KeyError: 'template'" in shown.stdout
    assert f'"run": "{SUBJECT}"' in shown.stdout
    assert "Notifications could not handle this event" in shown.stdout
    assert "3 later events of the same subject wait behind it." in shown.stdout
    assert f"keytalk dead replay {ID} --service notifications" in shown.stdout
    assert f"keytalk dead drop {ID} --service notifications --reason TEXT" in shown.stdout
    assert gateway.asked == [(f"{service}.get_dead", {"event_id": ID}) for service in SERVICES]


def test_an_event_in_json_is_the_entry_with_its_service_and_nothing_else(keytalk, gateway):
    gateway.will_answer("scheduling.get_dead", detailed())

    result = keytalk("dead", "show", ID, "--service", "scheduling", "--json")

    assert json.loads(result.stdout) == {"service": "scheduling", **detailed()}
    assert asked(gateway) == ["scheduling.get_dead"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"way": "out", "state": "parked"}, "This event of scheduling could not be sent"),
        ({"held_up": 0}, "Nothing waits behind it."),
        ({"held_up": 1}, "1 later event of the same subject waits behind it."),
        ({"envelope": None}, "Its envelope was not kept."),
        ({"envelope": "{half \x1b[2J"}, "It could not be read. As it came:\n{half \N{REPLACEMENT CHARACTER}[2J"),
    ],
)
def test_what_is_shown_is_said_in_words(keytalk, gateway, more, words):
    gateway.will_answer("scheduling.get_dead", {**detailed(), **more})

    assert words in keytalk("dead", "show", ID, "--service", "scheduling").stdout


@pytest.mark.parametrize("line", ["show", "replay --yes", "drop --yes --reason because"])
def test_an_event_dead_in_two_services_needs_the_service_named(keytalk, gateway, line):
    has_nothing(gateway, ENQUIRIES)
    gateway.will_answer("scheduling.get_dead", detailed())
    gateway.will_answer("notifications.get_dead", detailed())

    result = keytalk("dead", *line.split(), ID)

    assert result.exit_code == 1
    assert "scheduling and in notifications" in result.stderr
    assert "--service scheduling or --service notifications" in result.stderr
    assert not [call for call in asked(gateway) if "get_dead" not in call]


@pytest.mark.parametrize("line", ["show", "replay --yes", "drop --yes --reason because"])
def test_an_event_that_may_be_dead_elsewhere_too_is_left_alone_until_the_service_is_named(keytalk, gateway, line):
    has_nothing(gateway, ENQUIRIES)
    gateway.will_answer("scheduling.get_dead", detailed())
    is_away(gateway, NOTIFICATIONS)

    result = keytalk("dead", *line.split(), ID)

    assert result.exit_code == 3
    assert f"{ID} is dead in scheduling." in result.stderr
    assert "--service scheduling" in result.stderr
    assert "notifications: The notifications service did not answer in time." in result.stderr.splitlines()
    assert "enquiries" not in result.stderr
    assert not [call for call in asked(gateway) if "get_dead" not in call]


def test_an_event_that_no_service_has_is_exit_1_in_their_words_once_when_all_say_the_same(keytalk, gateway):
    for service in SERVICES:
        gateway.will_refuse(f"{service}.get_dead", 404, f"There is no dead letter {ID} here.")

    result = keytalk("dead", "show", ID)

    assert result.exit_code == 1
    assert result.stderr == f"There is no dead letter {ID} here.\n"


def test_an_event_that_no_service_has_is_exit_1_with_what_each_said(keytalk, gateway):
    has_nothing(gateway, *SERVICES)

    result = keytalk("dead", "show", ID)

    assert result.exit_code == 1
    assert f"No service has a dead event {ID}." in result.stderr
    assert "scheduling: Nothing dead in scheduling has that id." in result.stderr.splitlines()


def test_an_event_not_found_while_a_service_is_away_is_exit_3(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES, SCHEDULING)
    is_away(gateway, NOTIFICATIONS)

    result = keytalk("dead", "show", ID)

    assert result.exit_code == 3
    assert "The services that could be asked have no dead event" in result.stderr


@pytest.mark.parametrize("line", ["show run-7", "replay run-7", "drop run-7 --reason because"])
def test_an_id_that_is_none_is_bad_usage_and_nothing_is_asked(keytalk, gateway, line):
    result = keytalk("dead", *line.split())

    assert result.exit_code == 2
    assert "is not an event's id" in " ".join(result.stderr.split())
    assert gateway.asked == []


# replay


def test_a_replay_goes_to_the_service_where_the_event_is_dead(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES, NOTIFICATIONS)
    gateway.will_answer("scheduling.get_dead", detailed())
    gateway.will_answer("scheduling.replay_dead", {"id": ID, "state": "waiting"})

    result = keytalk("dead", "replay", ID.upper(), "--yes")

    assert result.exit_code == 0
    assert "Scheduling tries it again now, under the same id." in result.stdout
    assert gateway.asked[-1] == ("scheduling.replay_dead", {"event_id": ID})


def test_a_replay_with_its_service_named_asks_no_other(keytalk, gateway):
    gateway.will_answer("scheduling.replay_dead", {"id": ID, "state": "waiting"})

    result = keytalk("dead", "replay", ID, "--yes", "--service", "scheduling", "--json")

    assert json.loads(result.stdout) == {"service": "scheduling", "id": ID, "state": "waiting"}
    assert asked(gateway) == ["scheduling.replay_dead"]


def test_a_replay_that_cannot_be_is_a_sentence_and_exit_1(keytalk, gateway):
    gateway.will_refuse("scheduling.replay_dead", 409, "It cannot be read, so it cannot be tried again.")

    result = keytalk("dead", "replay", ID, "--yes", "--service", "scheduling")

    assert result.exit_code == 1
    assert result.stderr == "It cannot be read, so it cannot be tried again.\n"


@pytest.mark.parametrize("words", [[], [ID, "--all"]])
def test_a_replay_is_of_one_event_or_of_all(keytalk, gateway, words):
    result = keytalk("dead", "replay", *words)

    assert result.exit_code == 2
    assert gateway.asked == []


def test_all_are_replayed_and_counted_and_what_cannot_be_is_listed(keytalk, gateway):
    has_nothing(gateway, ENQUIRIES)
    gateway.will_answer("scheduling.list_dead", [entry(ID)], [])
    gateway.will_answer("scheduling.replay_dead", {"id": ID, "state": "waiting"})
    gateway.will_answer("notifications.list_dead", [entry(OTHER), entry(THIRD)], [entry(THIRD)])
    gateway.will_answer("notifications.replay_dead", {"id": OTHER, "state": "waiting"})
    gateway.will_refuse("notifications.replay_dead", 409, "It cannot be read.")

    result = keytalk("dead", "replay", "--all", "--yes")

    assert result.exit_code == 1
    assert result.stdout.startswith("2 events are tried again now")
    (row,) = (line for line in result.stdout.splitlines() if THIRD in line)
    assert row.split() == ["notifications", THIRD, "It", "cannot", "be", "read."]
    assert "stay where they are" in result.stderr


def test_an_event_that_fails_again_at_once_is_not_replayed_for_ever(keytalk, gateway):
    gateway.will_answer("scheduling.list_dead", [entry(ID)], [entry(ID), entry(OTHER)])
    gateway.will_answer("scheduling.replay_dead", {"id": ID, "state": "waiting"}, {"id": OTHER, "state": "waiting"})

    result = keytalk("dead", "replay", "--all", "--yes", "--service", "scheduling", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "replayed": [{"service": "scheduling", "id": one, "state": "waiting"} for one in (ID, OTHER)],
        "refused": [],
    }
    assert gateway.asked[0] == ("scheduling.list_dead", {"limit": 1000})
    assert gateway.times_asked("scheduling.list_dead") == 3


def test_one_event_and_none_are_counted_in_words(keytalk, gateway):
    gateway.will_answer("scheduling.list_dead", [entry(ID)], [])
    gateway.will_answer("scheduling.replay_dead", {"id": ID, "state": "waiting"})
    line = ["dead", "replay", "--all", "--yes", "--service", "scheduling"]

    assert keytalk(*line).stdout.startswith("1 event is tried again now")
    assert keytalk(*line).stdout == "No event was replayed.\n"


def test_replaying_all_goes_on_without_a_service_that_goes_away_and_counts_what_was_done(keytalk, gateway):
    gateway.will_answer("enquiries.list_dead", [entry(ID), entry(OTHER)])
    gateway.will_answer("enquiries.replay_dead", {"id": ID, "state": "waiting"})
    gateway.will_refuse("enquiries.replay_dead", 503, "The enquiries service did not answer in time.")
    gateway.will_answer("scheduling.list_dead", [entry(THIRD)], [])
    gateway.will_answer("scheduling.replay_dead", {"id": THIRD, "state": "waiting"})
    has_nothing(gateway, NOTIFICATIONS)

    result = keytalk("dead", "replay", "--all", "--yes")

    assert result.exit_code == 3
    assert result.stdout.startswith("2 events are tried again now")
    assert "enquiries: The enquiries service did not answer in time." in result.stderr.splitlines()
    assert "give the command again" in result.stderr


def test_what_one_service_replayed_before_it_went_away_is_counted(keytalk, gateway):
    gateway.will_answer("enquiries.list_dead", [entry(ID), entry(OTHER)])
    gateway.will_answer("enquiries.replay_dead", {"id": ID, "state": "waiting"})
    gateway.will_refuse("enquiries.replay_dead", 503, "The enquiries service did not answer in time.")

    result = keytalk("dead", "replay", "--all", "--yes", "--service", "enquiries")

    assert result.exit_code == 3
    assert result.stdout.startswith("1 event is tried again now")


def test_what_is_replayed_is_shown_first_and_a_no_replays_nothing(keytalk, gateway):
    gateway.will_answer("scheduling.list_dead", [entry(ID), entry(OTHER)])
    line = ["dead", "replay", "--all", "--service", "scheduling"]

    said_no, dry = keytalk(*line, typed="n\n"), keytalk(*line, "--dry-run", "--json")

    assert (said_no.exit_code, dry.exit_code) == (1, 0)
    assert ID in said_no.stdout
    assert "people are told of by mail" in said_no.stdout
    assert [row["id"] for row in json.loads(dry.stdout)] == [ID, OTHER]
    assert set(asked(gateway)) == {"scheduling.list_dead"}


def test_replaying_all_with_nobody_to_ask_says_why_once(keytalk, gateway):
    for service in SERVICES:
        gateway.will_refuse(f"{service}.list_dead", 503, "The message broker cannot be reached.")

    result = keytalk("dead", "replay", "--all", "--yes")

    assert result.exit_code == 3
    assert (result.stdout, result.stderr) == ("", "The message broker cannot be reached.\n")


# drop


@pytest.fixture
def droppable(gateway):
    """One event that is dead in scheduling."""
    has_nothing(gateway, ENQUIRIES, NOTIFICATIONS)
    gateway.will_answer("scheduling.get_dead", detailed())
    gateway.will_answer("scheduling.drop_dead", {"id": ID, "state": "dropped"})
    return gateway


def test_a_drop_says_what_it_drops_and_takes_the_reason_along(keytalk, droppable):
    result = keytalk("dead", "drop", ID, "--reason", "  Confirmed twice by hand ", "--yes")

    assert result.exit_code == 0
    assert f"Scheduling has dropped run_confirmed of {SUBJECT} and keeps your reason." in result.stdout
    sent = {"event_id": ID, "reason": "Confirmed twice by hand"}
    assert droppable.asked[-1] == ("scheduling.drop_dead", sent)


def test_a_drop_in_json_prints_the_result_alone(keytalk, droppable):
    result = keytalk("dead", "drop", ID, "--reason", "Confirmed by hand", "--yes", "--json")

    assert json.loads(result.stdout) == {"service": "scheduling", "id": ID, "state": "dropped"}


def test_a_drop_of_what_could_not_be_read_says_so(keytalk, gateway):
    gateway.will_answer("scheduling.get_dead", detailed(type=None, subject=None))
    gateway.will_answer("scheduling.drop_dead", {"id": ID, "state": "dropped"})

    result = keytalk("dead", "drop", ID, "--service", "scheduling", "--reason", "Not ours", "--yes")

    assert "has dropped what could not be read and" in result.stdout


def test_a_person_is_asked_before_a_drop_and_a_yes_drops(keytalk, droppable):
    result = keytalk("dead", "drop", ID, "--reason", "Confirmed by hand", typed="y\n")

    assert result.exit_code == 0
    assert f"run_confirmed of {SUBJECT}, dead since Tue 24 Nov 2026 09:00" in result.stdout
    assert "3 later events of the same subject wait behind it." in result.stdout
    assert "Drop it?" in result.stderr
    assert droppable.times_asked("scheduling.drop_dead") == 1


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_anything_but_a_yes_drops_nothing(keytalk, droppable, answer):
    result = keytalk("dead", "drop", ID, "--reason", "Confirmed by hand", typed=answer)

    assert result.exit_code == 1
    assert result.stderr.endswith("Nothing was changed.\n")
    assert droppable.times_asked("scheduling.drop_dead") == 0


def test_with_nobody_to_ask_a_drop_needs_yes(keytalk, droppable):
    result = keytalk("dead", "drop", ID, "--reason", "Confirmed by hand")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert droppable.times_asked("scheduling.drop_dead") == 0


@pytest.mark.parametrize("words", [[], ["--reason", " no "], ["--reason", "x" * 501]])
def test_a_drop_without_a_reason_of_3_to_500_characters_is_bad_usage(keytalk, gateway, words):
    result = keytalk("dead", "drop", ID, "--yes", *words)

    assert result.exit_code == 2
    assert "reason" in result.stderr
    assert gateway.asked == []


@pytest.mark.parametrize("reason", ["yes", "x" * 500])
def test_the_shortest_and_the_longest_reason_are_taken(keytalk, droppable, reason):
    assert keytalk("dead", "drop", ID, "--yes", "--reason", reason).exit_code == 0
