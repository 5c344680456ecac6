"""Which role may do what, walked for every operation there is."""

from __future__ import annotations

import pytest

from ops.gateway.permissions import CHANGE, OPERATIONS, PERSONAL_READS, READ, READ_BY_NAME
from ops.gateway.roles import AREAS, GRANTS, ITS_OWN, OWN, Area, Role, area_of, may, narrowed

STAFF = tuple(role for role in Role if role not in OWN)

MAY = {
    # area: who may read it, who may change it
    Area.ENQUIRIES: ("coordinator scheduler viewer data_protection", "coordinator"),
    Area.TASKS: ("coordinator scheduler viewer data_protection admin", "coordinator scheduler data_protection admin"),
    Area.MONEY: ("coordinator viewer", "coordinator"),
    Area.PEOPLE: ("coordinator scheduler data_protection", "coordinator data_protection"),
    Area.CALENDAR: ("coordinator scheduler viewer", "coordinator scheduler"),
    Area.CLEARANCES: ("coordinator scheduler viewer", "coordinator scheduler"),
    Area.MESSAGES: ("coordinator scheduler viewer data_protection admin", "coordinator"),
    Area.WORDS: ("coordinator viewer admin", "coordinator"),
    Area.PRIVACY: ("data_protection", "data_protection"),
    Area.UPKEEP: ("coordinator admin", "admin"),
}
"""Written out a second time on purpose: a slip in the table is a door left open."""


@pytest.mark.parametrize(("service", "method"), OPERATIONS)
def test_each_operation_is_open_to_the_roles_of_its_area_and_to_no_other(service, method):
    readers, changers = MAY[area_of(service, method)]
    expected = set((changers if OPERATIONS[service, method] == CHANGE else readers).split())

    assert {role for role in STAFF if may({role}, service, method)} == expected


@pytest.mark.parametrize(("service", "method"), OPERATIONS)
def test_each_operation_lies_in_one_area(service, method):
    areas = [area for area, by_service in AREAS.items() if method in by_service.get(service, "").split()]

    assert len(areas) == 1


def test_no_area_names_an_operation_that_there_is_not():
    named = {
        (service, method) for area in AREAS.values() for service, methods in area.items() for method in methods.split()
    }

    assert named - OPERATIONS.keys() == set()


@pytest.mark.parametrize(("service", "method"), OPERATIONS)
@pytest.mark.parametrize("role", sorted(OWN))
def test_who_stands_for_somebody_is_asked_for_that_ones_things_alone(role, service, method):
    its_own = ITS_OWN[role].get((service, method))

    assert may({role}, service, method) == (its_own is not None)
    if its_own:
        filled_in = narrowed({role}, "theirs", service, method)
        assert filled_in[its_own.argument] in ("theirs", ["theirs"])
        assert its_own.argument in ("facilitator", "facilitators", "organisation")


def test_who_stands_for_nobody_named_sees_nothing():
    with pytest.raises(LookupError):
        narrowed({Role.FACILITATOR}, None, "scheduling", "get_facilitator")


def test_staff_may_ask_for_anybodys_things():
    assert narrowed({Role.COORDINATOR}, None, "scheduling", "get_facilitator") == {}


def test_what_there_is_not_is_open_to_nobody():
    assert not any(may({role}, "enquiries", "drop_tables") for role in Role)


def test_every_role_has_its_grants_or_its_own():
    assert GRANTS.keys() | ITS_OWN.keys() == set(Role)


def test_reads_that_are_written_down_or_done_by_name_are_reads():
    changes_that_export = {("enquiries", "export_person")}

    assert {OPERATIONS[one] for one in PERSONAL_READS | READ_BY_NAME} == {READ}
    assert not changes_that_export & PERSONAL_READS
