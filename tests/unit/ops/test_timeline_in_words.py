"""What happened to an enquiry is said in sentences, in the console and on the command line."""

from __future__ import annotations

import pytest

from ops.timeline import sentence, told


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"kind": "moved", "actor": "priya", "from": "new", "to": "next_steps"},
            "priya moved it from new to next steps",
        ),
        ({"kind": "proposed", "actor": "priya", "to": "draft"}, "priya made a proposal"),
        ({"kind": "proposed", "actor": "priya", "from": "draft", "to": "sent"}, "priya sent the proposal"),
        ({"kind": "task_added", "actor": "playbook", "to": "reply"}, "Keytalk added something to do"),
        ({"kind": "reminded", "actor": "clock", "to": "late"}, "Keytalk reminded our team"),
        ({"kind": "something_new", "actor": None}, "Somebody something new"),
    ],
)
def test_an_entry_is_a_sentence(entry, said):
    assert sentence(entry) == said


def test_a_task_that_is_open_is_named():
    entries = [
        {"kind": "task_added", "actor": "clock", "about": "t1"},
        {"kind": "noted", "actor": "sam", "about": "t2"},
    ]

    done = told(entries, [{"id": "t1", "title": "Write the first reply"}])

    assert [each["sentence"] for each in done] == [
        "Keytalk added something to do: Write the first reply",
        "sam added a note",
    ]
