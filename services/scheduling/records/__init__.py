"""How things lie in the tables: loading them as domain values, and saving them. One module a noun."""

from services.scheduling.records.facts import facts_about, load_bookings, load_facts
from services.scheduling.records.people import load_clearances, load_facilitators, load_who_might_enter
from services.scheduling.records.places import (
    load_blackouts,
    load_calendar,
    load_establishment,
    load_rooms,
    load_timetables,
    load_travel,
    names_in,
)
from services.scheduling.records.runs import book, free, load_programme, load_run, save_draft, save_run

__all__ = [
    "book",
    "facts_about",
    "free",
    "load_blackouts",
    "load_bookings",
    "load_calendar",
    "load_clearances",
    "load_establishment",
    "load_facilitators",
    "load_facts",
    "load_programme",
    "load_rooms",
    "load_run",
    "load_timetables",
    "load_travel",
    "load_who_might_enter",
    "names_in",
    "save_draft",
    "save_run",
]
