from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from services.notifications.channels.mime import ADDR_SPEC
from services.notifications.channels.verp import message_of, return_path


def test_the_return_path_of_a_message_names_it() -> None:
    message = uuid4()
    path = return_path("bounces@mail.example.org", message)
    assert path == f"bounces+{message.hex}@mail.example.org"
    assert ADDR_SPEC.fullmatch(path)
    assert message_of(path) == message


@pytest.mark.parametrize(
    "address",
    [
        "BOUNCES+0000000000000000000000000000002A@MAIL.EXAMPLE.ORG",
        "<bounces+0000000000000000000000000000002a@mail.example.org>",
        " bounces+0000000000000000000000000000002a@mail.example.org\r\n",
        "bounces+more+0000000000000000000000000000002a@mail.example.org",
    ],
)
def test_a_server_on_the_way_may_write_it_its_own_way(address: str) -> None:
    assert message_of(address) == UUID(int=42)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bounces@mail.example.org",
        "bounces+42@mail.example.org",
        "bounces+zz00000000000000000000000000002a@mail.example.org",
        "bounces+0000000000000000000000000000002a0@mail.example.org",
        "bounces+0000000000000000000000000000002a@mail.example.org, x@x.example",
        "+0000000000000000000000000000002a@mail.example.org",
        "0000000000000000000000000000002a@mail.example.org",
    ],
)
def test_any_other_address_names_no_message(address: str) -> None:
    assert message_of(address) is None


def test_an_address_with_no_room_for_it_is_refused_by_the_name_of_its_setting() -> None:
    assert return_path("b" * 31 + "@x.example", UUID(int=1))
    with pytest.raises(ValueError, match="KEYTALK_BOUNCE_ADDRESS") as refusal:
        return_path("b" * 32 + "@x.example", UUID(int=1))
    assert "x.example" not in str(refusal.value)
