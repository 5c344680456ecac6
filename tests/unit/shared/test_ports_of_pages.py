"""On which port a service's pages are served: together on the public one, alone on one of their own."""

from __future__ import annotations

import pytest

from shared.config import read_settings
from shared.runtime.running import WEB, Running


@pytest.mark.parametrize(
    ("services", "port"),
    [
        (("enquiries", "scheduling", "notifications", "ops"), (8000, "public")),
        (("enquiries",), (8000, "public")),
        (("scheduling",), (8003, "calendar")),
        (("notifications",), (8004, "messages")),
    ],
)
def test_pages_lie_together_on_the_public_port_and_alone_on_one_of_their_own(tmp_path, services, port):
    settings = read_settings({"KEYTALK_HOME": str(tmp_path)})

    assert Running(settings, services, None, lambda *_: None)._port_of("public") == port


def test_no_two_services_have_their_pages_at_one_place():
    assert len(set(WEB.values())) == len(WEB)
