"""What every answer of the gateway carries, and what it takes in."""

from __future__ import annotations

import pytest

from ops.gateway.app import MOST_BYTES
from shared.errors import TITLES, Refused
from tests.unit.ops.gateway_cast import PASSWORD, TOKEN, Visitor

ANSWERED = ("/sign-in", "/account", "/rpc/ops/whoami", "/nowhere", "/static/console.css")
PROBLEM = "application/problem+json"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("path", ANSWERED)
def test_every_answer_says_what_a_browser_may_do_with_it(visitor, path):
    headers = visitor.get(path).headers
    policy = headers["Content-Security-Policy"]

    assert "unsafe-" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self'" in policy
    assert "base-uri 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in headers


def test_pages_are_kept_nowhere(add, visitor):
    add()
    visitor.sign_in()

    assert [visitor.get(path).headers["Cache-Control"] for path in ("/account", "/sign-in")] == ["no-store"] * 2


def test_no_page_has_script_or_style_within(add, visitor):
    add("ada", "admin")
    visitor.sign_in("ada")

    for path in ("/sign-in", "/account", "/account/second-factor", "/operators", "/audit"):
        page = visitor.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick" not in page


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(visitor):
    cookie = visitor.get("/sign-in").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("settings", [{"KEYTALK_CONSOLE_URL": "https://ops.example.org"}])
def test_behind_tls_the_cookie_and_the_browser_stay_there(visitor):
    answer = visitor.get("/sign-in", base_url="https://ops.example.org")
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith("__Host-keytalk=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_without_tls_nothing_is_promised_of_it(visitor):
    answer = visitor.get("/sign-in")

    assert "Strict-Transport-Security" not in answer.headers
    assert "Secure" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path",
    ["/sign-in", "/sign-out", "/account/tokens", "/account/password", "/account/second-factor", "/operators",
     "/operators/dan/disable", "/operators/dan/roles", "/account/sign-out-elsewhere"],
)  # fmt: skip
@pytest.mark.parametrize("token", [None, "", "made-up"])
def test_a_form_that_we_did_not_give_out_changes_nothing(add, visitor, ask, audit, path, token):
    add("ada", "admin")
    add("dan")
    visitor.sign_in("ada")
    before = audit()

    form = {"name": "eve", "email": "e@example.org", "roles": "admin", "reason": "forged", "label": "x"}
    answer = visitor.client.post(path, data=form | ({} if token is None else {"csrf_token": token}))

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert audit() == before
    assert visitor.is_in()
    assert {one["name"]: one["state"] for one in ask("ops.list_operators").json["result"]} == {
        "ada": "active",
        "dan": "active",
    }


def test_a_token_of_anothers_form_does_not_do(add, visitor, another):
    add("ada", "admin")
    visitor.sign_in("ada")
    theirs = another.get("/sign-in").text.partition('name="csrf_token" value="')[2].partition('"')[0]

    answer = visitor.client.post("/account/tokens", data={"label": "x", "csrf_token": theirs})

    assert answer.headers["Location"] == "/"
    assert "nothing was changed" in visitor.get("/account").text


def test_every_page_asks_for_a_session_but_for_those_of_the_way_in(app):
    open_to_all = {endpoint for endpoint, view in app.view_functions.items() if getattr(view, "open_to_all", False)}

    assert open_to_all == {
        "console.sign_in", "console.come_in", "console.go_to_organisation", "console.come_back",
        "console.invitation", "console.accept_invitation", "console.first", "console.make_first",
    }  # fmt: skip


def test_a_page_changes_nothing_when_it_is_only_looked_at(app):
    looked_at = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    sent = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}

    assert looked_at & sent == set()


def test_every_page_behind_the_door_sends_a_stranger_to_it(app, visitor):
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not rule.endpoint.startswith("console.") or getattr(view, "open_to_all", False) or "GET" not in rule.methods:
            continue
        values = dict.fromkeys(rule.arguments, "x")
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **values) if not rule.arguments else None
        if path is not None:
            answer = visitor.get(path)
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in"), path


def test_a_body_that_is_too_large_is_not_read(app, visitor):
    client = app.test_client()

    answer = client.post("/rpc/ops/whoami", data=b" " * (MOST_BYTES + 1), headers=BEARER)
    page = client.post("/sign-in", data={"name": "x" * (MOST_BYTES + 1)})

    assert (answer.status_code, answer.mimetype) == (413, PROBLEM)
    assert page.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"[1]",
        b'"x"',
        b"null",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": NaN}',
        b"{'a': 1}",
        b"reference=KT-1",
        b"1" * 5000,
    ],
)
def test_a_body_that_is_no_json_object_is_refused_in_plain_words(app, services, body):
    answer = app.test_client().post("/rpc/enquiries/get_enquiry", data=body, headers=BEARER)

    assert (answer.status_code, answer.mimetype, services.calls) == (422, PROBLEM, [])
    assert answer.json["detail"] == "The body must be a JSON object."


@pytest.mark.parametrize("code", TITLES)
def test_a_refusal_reaches_the_caller_in_the_services_own_sentence(ask, services, code):
    words = "The clearance of Amara ends on 3 March, before session 9. Extend it first."
    services.error = Refused(code, words, {"session": [words]})

    answer = ask("enquiries.get_enquiry", reference="KT-7F3K-92")

    assert (answer.status_code, answer.mimetype) == (TITLES[code][0], PROBLEM)
    assert answer.json == {
        "type": f"urn:keytalk:problem:{code.replace('_', '-')}",
        "title": TITLES[code][1],
        "status": TITLES[code][0],
        "detail": words,
        "errors": {"session": [words]},
    }


@pytest.mark.parametrize(
    ("kind", "status"), [("service-timeout", 504), ("service-down", 503), ("broker-away", 503), ("service-fault", 503)]
)
def test_too_late_not_running_and_no_broker_are_told_apart(ask, services, kind, status):
    services.error = Refused("unavailable", "Words.", kind=kind)

    answer = ask("enquiries.get_enquiry", reference="KT-7F3K-92")

    assert (answer.status_code, answer.json["status"], answer.json["type"]) == (
        status,
        status,
        f"urn:keytalk:problem:{kind}",
    )


@pytest.mark.parametrize(
    "path", ["/rpc/ops/nothing", "/rpc/enquiries/drop_tables", "/rpc/ops/__init__", "/rpc/ops/ask"]
)
def test_there_is_no_other_operation(app, services, path):
    answer = app.test_client().post(path, json={}, headers=BEARER)

    assert (answer.status_code, answer.mimetype, services.calls) == (404, PROBLEM, [])


def test_an_address_that_is_none_is_a_page_for_people_and_a_problem_for_programs(visitor, app):
    page, problem = visitor.get("/nowhere"), app.test_client().get("/rpc/nowhere")

    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "<h1>Not Found</h1>" in page.text
    assert (problem.status_code, problem.mimetype) == (404, PROBLEM)
    assert app.test_client().get("/rpc/ops/whoami").status_code == 405


def test_a_file_of_the_audit_holds_no_formula(add, visitor, ask):
    add("ada", "admin")
    ask("ops.disable_operator", operator="nobody1", reason='=HYPERLINK("https://evil.example")')
    ask("ops.disable_operator", operator="nobody1", reason="+44 ring me")
    visitor.sign_in("ada")

    file = visitor.get("/audit?format=csv")

    assert file.mimetype == "text/csv"
    assert file.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert '"\'=HYPERLINK(""https://evil.example"")"' in file.text
    assert ",'+44 ring me," in file.text


def test_markup_that_somebody_typed_is_shown_as_it_was_typed(add, visitor, ask):
    add("ada", "admin")
    typed = "<script>alert(1)</script>"
    ask("ops.disable_operator", operator="nobody1", reason=typed)
    ask("ops.add_operator", name="dan", email="dan@example.org", roles=["viewer"], full_name=typed)
    visitor.sign_in("ada")

    for path in ("/audit", "/operators", f"/sign-in?next=/{typed}", f"/audit?actor={typed}", f"/{typed}"):
        page = visitor.get(path).text
        assert typed not in page, path
    assert "&lt;script&gt;alert(1)" in visitor.get("/audit").text


def test_an_admin_changes_roles_disables_and_enables_on_the_page(add, visitor, another, ask):
    add("ada", "admin")
    add("dan")
    visitor.sign_in("ada")
    another.sign_in("dan")

    changed = visitor.post("/operators/dan/roles", "/operators", roles=["viewer"], reason="new work")
    assert changed.status_code == 302
    assert visitor.post("/operators/dan/disable", "/operators", reason="left us").status_code == 302
    assert not another.is_in()
    assert visitor.post("/operators/dan/enable", "/operators").status_code == 302
    (dan,) = [one for one in ask("ops.list_operators").json["result"] if one["name"] == "dan"]
    assert (dan["roles"], dan["state"]) == (["viewer"], "active")


def test_who_is_no_admin_is_shown_no_operators(add, visitor):
    add("vera", "viewer")
    visitor.sign_in("vera", PASSWORD)

    assert "Operators" not in visitor.get("/account").text
    assert [visitor.get(path).status_code for path in ("/operators", "/audit")] == [403, 403]
    assert visitor.post("/operators/vera/roles", "/account", roles=["admin"]).status_code == 403
    assert isinstance(visitor, Visitor)
