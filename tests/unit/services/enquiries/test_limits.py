"""How many enquiries one address may post."""

from __future__ import annotations

from werkzeug.test import Client
from werkzeug.wrappers import Response

from services.enquiries.web.limits import limited


def _client(**settings) -> Client:
    app = limited(Response("taken"), settings.get("trusted", ()), posts_a_minute=3)
    return Client(app)


def _post(client: Client, address: str = "192.0.2.7", forwarded: str | None = None) -> int:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client.post("/", environ_base={"REMOTE_ADDR": address}, headers=headers).status_code


def test_more_posts_than_the_limit_are_asked_to_wait():
    client = _client()

    assert [_post(client) for _ in range(4)] == [200, 200, 200, 429]
    answer = client.post("/", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.headers["Retry-After"] == "60"
    assert "Nothing is lost" in answer.text


def test_another_address_and_reading_pages_are_not_limited():
    client = _client()
    for _ in range(4):
        _post(client)

    assert _post(client, "192.0.2.8") == 200
    assert client.get("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200


def test_the_client_behind_a_trusted_proxy_is_counted_and_not_the_proxy():
    client = _client(trusted=("10.0.0.0/8",))

    codes = [_post(client, "10.1.1.1", f"203.0.113.{host}") for host in range(5)]

    assert codes == [200] * 5


def test_a_forwarded_address_from_an_untrusted_peer_counts_for_nothing():
    client = _client()

    codes = [_post(client, "192.0.2.7", f"203.0.113.{host}") for host in range(4)]

    assert codes[-1] == 429
