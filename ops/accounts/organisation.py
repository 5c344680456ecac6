"""Signing in with the organisation's own accounts: OpenID Connect's code flow, with PKCE, state and nonce.

The provider says who somebody is; what they may do is for the account here that has their verified email.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from ops.accounts.entrance import NotLetIn
from ops.accounts.secrets import new_key
from shared.config import Settings
from shared.errors import Refused

_log = logging.getLogger(__name__)

BACK = "/sign-in/organisation/back"
"""Where the provider sends people back to, below the console's address."""
PATIENCE = 10.0
"""Seconds that the provider may take for one answer."""
KNOWN_FOR = 600.0
"""Seconds after which the provider is asked anew where its doors are."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures that are believed: none by a secret that both sides know, and never none at all."""

_DID_NOT_WORK = "Signing in with your organisation did not work out. Please try again, or use your password here."
_OUT_OF_REACH = "Your organisation's sign-in cannot be reached just now. Please try again, or use your password here."
_NOT_VERIFIED = "Your organisation has not verified your email, so we cannot tell which account is yours."


class Organisation:
    """The organisation's OpenID provider, as Keytalk knows it."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, console_url: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = console_url + BACK
        self._metadata: tuple[float, dict[str, Any]] | None = None

    def begin(self) -> tuple[str, dict[str, str]]:
        """Give the address to send somebody to, and what their browser has to keep until they are back.

        Raises `Refused("unavailable")`.
        """
        kept = {"state": new_key(), "nonce": new_key(), "verifier": new_key()}
        endpoint = self._known()["authorization_endpoint"]
        with self._client() as client:
            address, _state = client.create_authorization_url(
                endpoint, state=kept["state"], nonce=kept["nonce"], code_verifier=kept["verifier"]
            )
        return str(address), kept

    def email_of(self, answer: Mapping[str, str], kept: Mapping[str, str]) -> str:
        """Give the verified email of somebody who comes back with an answer; `kept` is what their browser kept.

        Raises `NotLetIn` where anything does not fit, `Refused("unavailable")` where the provider is away.
        """
        state = kept.get("state", "")
        if not state or not hmac.compare_digest(state.encode(), answer.get("state", "").encode("utf-8", "replace")):
            raise _refusal("another state", _DID_NOT_WORK)
        if answer.get("iss", self._issuer) != self._issuer:  # RFC 9207: an answer that another provider gave
            raise _refusal("another issuer", _DID_NOT_WORK)
        if not answer.get("code"):
            raise _refusal("no code", _DID_NOT_WORK)
        try:
            claims = self._claims(answer["code"], kept)
        except RequestException as error:
            raise _away(error) from None
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            raise _refusal(type(error).__name__, _DID_NOT_WORK) from None
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise _refusal("no verified email", _NOT_VERIFIED)
        return email

    def _claims(self, code: str, kept: Mapping[str, str]) -> Mapping[str, Any]:
        """Give what the provider says of somebody, in the ID token and, where it has no email, in its user info."""
        known = self._known()
        with self._client() as client:
            token = client.fetch_token(
                known["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=kept["verifier"],
                redirect_uri=self._redirect_uri,
            )
            keys = client.get(known["jwks_uri"], withhold_token=True)
            keys.raise_for_status()
            claims = self._checked(token, KeySet.import_key_set(keys.json()), kept["nonce"])
            if "email" in claims or "userinfo_endpoint" not in known:
                return claims
            more = client.get(known["userinfo_endpoint"])
            more.raise_for_status()
        said: dict[str, Any] = more.json()
        if said.get("sub") != claims["sub"]:
            raise ValueError("user info of somebody else")
        return said

    def _checked(self, token: Mapping[str, Any], keys: KeySet, nonce: str) -> Mapping[str, Any]:
        """Give the claims of an ID token that is signed by the provider, for us, now, and for this very sign-in."""
        read = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
        options = {"iss": {"essential": True, "value": self._issuer}}
        options["aud"] = {"essential": True, "value": self._client_id}
        params = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
        claims: CodeIDToken = CodeIDToken(read.claims, read.header, options, params)
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    def _known(self) -> dict[str, Any]:
        """Give where the provider's doors are, as it says itself."""
        if self._metadata is not None and time.monotonic() - self._metadata[0] < KNOWN_FOR:
            return self._metadata[1]
        try:
            with self._client() as client:
                answer = client.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", withhold_token=True)
                answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            doors = [found["authorization_endpoint"], found["token_endpoint"], found["jwks_uri"]]
        except RequestException as error:
            raise _away(error) from None
        except (ValueError, KeyError, TypeError) as error:
            raise _away(error) from None
        if found.get("issuer") != self._issuer or not all(is_private(door) for door in doors):
            _log.error("the OpenID provider says another issuer, or an address without TLS")
            raise Refused("unavailable", _OUT_OF_REACH)
        self._metadata = time.monotonic(), found
        return found

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            scope="openid email",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            default_timeout=PATIENCE,
        )


def organisation_of(settings: Settings) -> Organisation | None:
    """Give the organisation's provider, or None where none is set."""
    issuer, client_id, secret = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret
    if not (issuer and client_id and secret):
        return None
    return Organisation(issuer, client_id, secret, settings.console_url)


def is_private(address: Any) -> bool:
    """Say whether nobody reads along on the way to an address: it is behind TLS, or on this machine."""
    parts = urlsplit(str(address))
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})


def _refusal(why: str, words: str) -> NotLetIn:
    _log.warning("sign-in refused", extra={"by": "organisation", "why": why})
    return NotLetIn(words)


def _away(error: Exception) -> Refused:
    _log.warning("the OpenID provider cannot be asked", extra={"why": type(error).__name__})
    return Refused("unavailable", _OUT_OF_REACH)
