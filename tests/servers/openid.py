"""A small OpenID provider for tests: Authlib's own server, which checks codes, PKCE and the client's secret for real.

It knows one person and lets them in at once, as a provider does where somebody is signed in already. What a test sets
on it goes wrong from then on.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

from tests.servers.processes import Server, free_port

CLIENT_ID, CLIENT_SECRET = "keytalk-console", "the client's secret"


class OpenIDProvider(Server):
    """The provider on a free port; `issuer` is its address.

    `email` and `is_verified` are what it says of the person. The rest is what goes wrong: a `nonce`, an `issuer_said`
    or an `audience` that is not right (with an `authorised` party that is), a token that ran out `seconds_ago`, one
    signed by another `signing_key` or `algorithm`, an email that is only `in_user_info`, or said there of
    `somebody_else`.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.key = RSAKey.generate_key(2048, {"kid": "of-today", "use": "sig"})
        self.used: list[str] = []
        self.reset()
        self._codes: dict[str, _Code] = {}
        self._server: Any = None

    def reset(self) -> None:
        """Let everything go well again."""
        self.email: str | None = "priya@example.org"
        self.is_verified: Any = True
        self.nonce: str | None = None
        self.issuer_said: str | None = None
        self.audience: str | None = None
        self.authorised: str | None = None
        self.seconds_ago = 0
        self.signing_key: Any = self.key
        self.algorithm = "RS256"
        self.in_user_info = False
        self.somebody_else = False
        self.used.clear()

    @property
    def issuer(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings by which Keytalk knows it."""
        named = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
        return {f"KEYTALK_OIDC_{name}": value for name, value in named.items()}

    def start(self) -> None:
        """Serve in a thread."""
        self._server = make_server("127.0.0.1", self.port, self._app(), threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    close = stop

    def id_token(self, nonce: str | None) -> str:
        """Make the ID token, wrong where a test wants it so."""
        now = int(time.time()) - self.seconds_ago
        claims = {"iss": self.issuer_said or self.issuer, "sub": "person-1", "aud": self.audience or CLIENT_ID}
        claims |= {"iat": now, "exp": now + 300, "nonce": self.nonce or nonce}
        if self.authorised:
            claims["azp"] = self.authorised
        if not self.in_user_info:
            claims |= self._said()
        header = {"alg": self.algorithm, "kid": "of-today"}
        return jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])

    def _said(self) -> dict[str, Any]:
        return {} if self.email is None else {"email": self.email, "email_verified": self.is_verified}

    def _app(self) -> Flask:
        app = Flask(__name__)
        app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = lambda *_args, **_how: generate_token(40)
        server = AuthorizationServer(app, query_client=lambda _id: _Client(), save_token=lambda *_: None)
        server.register_grant(_code_grant(self), [CodeChallenge(required=True), _openid(self)])

        @app.get("/.well-known/openid-configuration")
        def configuration() -> Any:
            doors = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
            doors["userinfo_endpoint"] = "userinfo"
            return jsonify({"issuer": self.issuer} | {name: f"{self.issuer}/{at}" for name, at in doors.items()})

        @app.get("/authorize")
        def authorize() -> Any:
            grant = server.get_consent_grant(end_user=None)
            return server.create_authorization_response(grant_user="person-1", grant=grant)

        @app.post("/token")
        def token() -> Any:
            return server.create_token_response()

        @app.get("/jwks")
        def jwks() -> Any:
            return jsonify(KeySet([self.key]).as_dict(private=False))

        @app.get("/userinfo")
        def userinfo() -> Any:
            return jsonify({"sub": "person-2" if self.somebody_else else "person-1"} | self._said())

        return app


class _Client(ClientMixin):
    """Keytalk's console, as it is registered with the provider."""

    client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/sign-in/organisation/back")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Code(AuthorizationCodeMixin):
    """A code that was given out."""

    def __init__(self, payload: Any) -> None:
        data = payload.data
        self.redirect_uri, self.scope = payload.redirect_uri, payload.scope
        self.nonce = data.get("nonce")
        self.code_challenge, self.code_challenge_method = data.get("code_challenge"), data.get("code_challenge_method")

    def get_redirect_uri(self) -> Any:
        return self.redirect_uri

    def get_scope(self) -> Any:
        return self.scope

    def get_nonce(self) -> Any:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


def _code_grant(provider: OpenIDProvider) -> type:
    class Grant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            provider._codes[code] = _Code(request.payload)

        def query_authorization_code(self, code: str, client: Any) -> Any:
            return provider._codes.get(code)

        def delete_authorization_code(self, authorization_code: Any) -> None:
            provider._codes = {code: kept for code, kept in provider._codes.items() if kept is not authorization_code}
            provider.used.append(authorization_code.code_challenge_method)

        def authenticate_user(self, authorization_code: Any) -> str:
            return "person-1"

    return Grant


def _openid(provider: OpenIDProvider) -> Any:
    class OpenID(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def get_jwt_config(self, grant: Any, client: Any) -> dict[str, Any]:
            return {"key": provider.key, "alg": "RS256", "iss": provider.issuer, "exp": 300}

        def generate_user_info(self, user: Any, scope: str) -> UserInfo:
            return UserInfo(sub="person-1")

        def process_token(self, grant: Any, response: Any) -> Any:
            token = response[1] if isinstance(response, tuple) else response
            token["id_token"] = provider.id_token(grant.request.authorization_code.nonce)
            return response

    return OpenID(require_nonce=True)
