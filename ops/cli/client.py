"""The way from a command to the services: the ops gateway's HTTP, and every way a call can end."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import PreparedRequest, RequestException, Response

TIMEOUT_SECONDS = 60.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class CommandRefused(Exception):
    """Keytalk understood the command and said no; the words are fit for the person at the keyboard.

    `sentence` is the reason, `fields` the answers at fault with their own sentences. `exit_code` is what the
    command ends with: 1 here.
    """

    exit_code = 1

    def __init__(self, sentence: str, fields: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = dict(fields or {})

    def lines(self) -> list[str]:
        """Give the reason, then one `field: sentence` line for each answer whose sentence is not said in it already."""
        named = [
            f"{field}: {sentence}"
            for field, sentences in self.fields.items()
            for sentence in sentences
            if sentence not in self.sentence
        ]
        return [self.sentence, *named]


class GatewayOutOfReach(CommandRefused):
    """Nothing could be asked: no answer, no permission, or a service that is not available just now."""

    exit_code = 3


@dataclass(frozen=True)
class Gateway:
    """One ops gateway and the operator's token for it; `found_in` says where the token was."""

    base_url: str
    token: str
    timeout: float = TIMEOUT_SECONDS
    found_in: str = "a setting"

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """Ask one service for one thing and give its result, plain JSON data.

        Where the connection closes before the answer comes, it is asked once more under the same idempotency key: what
        has been done is not done again. Raises `CommandRefused` when a rule says no and `GatewayOutOfReach` when
        nobody could be asked.
        """
        return self._result(f"rpc/{service}/{method}", arguments)

    def sign_in(self, **given: str) -> dict[str, Any]:
        """Ask for a token by name, password, code and label, and give it with its id. Raises as `call` does."""
        made: dict[str, Any] = self._result("tokens", given)
        return made

    def _result(self, path: str, arguments: dict[str, Any]) -> Any:
        answer = self._ask(f"{self.base_url}/{path}", arguments)
        if answer.status_code != 200:
            raise self._refusal(answer)
        body = _json(answer)
        if "result" not in body:
            raise GatewayOutOfReach(
                f"What answers at {self.base_url} is not Keytalk's ops gateway. Look at KEYTALK_OPS_URL."
            )
        return body["result"]

    def _ask(self, url: str, arguments: dict[str, Any]) -> Response:
        from requests.exceptions import RequestException  # noqa: PLC0415 - as below

        key = str(uuid.uuid4())
        try:
            try:
                return self._post(url, arguments, key)
            except RequestException as error:
                if not _closed_early(error):
                    raise
                return self._post(url, arguments, key)
        except RequestException as error:
            raise GatewayOutOfReach(self._why_no_answer(error)) from error

    def _post(self, url: str, arguments: dict[str, Any], key: str) -> Response:
        import requests  # noqa: PLC0415 - a tenth of a second that `--help` and `keytalk up` must not pay

        with requests.Session() as session:
            # On this machine no proxy stands between, whatever the environment says.
            session.trust_env = not _is_loopback(self.base_url)
            return session.post(
                url,
                json=arguments,
                headers={"Idempotency-Key": key},
                auth=_bearer(self.token) if self.token else _nobody,
                timeout=self.timeout,
                allow_redirects=False,
            )

    def _why_no_answer(self, error: RequestException) -> str:
        from requests import exceptions  # noqa: PLC0415 - as above

        if isinstance(error, ValueError):  # every complaint of requests about the address itself
            return f"{self.base_url} is not an address Keytalk could be at. Look at KEYTALK_OPS_URL."
        if isinstance(error, exceptions.ReadTimeout):
            return (
                f"Keytalk at {self.base_url} took longer than {self.timeout:.0f} seconds to answer. What you "
                "asked for may still have been done: please look before asking again."
            )
        if _never_connected(error):
            return (
                f"Keytalk is not answering at {self.base_url}. Start it with `make run`, or set "
                "KEYTALK_OPS_URL to where it is running."
            )
        return (
            f"The connection to Keytalk at {self.base_url} closed before the answer came. What you asked for "
            "may still have been done: please look before asking again."
        )

    def _refusal(self, answer: Response) -> CommandRefused:
        status, body = answer.status_code, _json(answer)
        sentence = body.get("detail") or body.get("title") or f"Keytalk answered {status} and gave no reason."
        if status == 401 and not self.token:
            return CommandRefused(str(sentence))
        if status in {401, 403}:
            return GatewayOutOfReach(f"{sentence} (HTTP {status}; the token came from {self.found_in}.)")
        if 400 <= status < 500:
            return CommandRefused(str(sentence), _fields(body.get("errors")))
        return GatewayOutOfReach(str(sentence))


def connect() -> Gateway:
    """Find the gateway and the token from the environment of this process; see `find_gateway`."""
    return find_gateway(os.environ)


def find_gateway(env: Mapping[str, str]) -> Gateway:
    """Find the gateway's address and the operator's token in settings.

    The address is `KEYTALK_OPS_URL`, else this machine's `KEYTALK_OPS_PORT` (8001). The token is
    `KEYTALK_OPS_TOKEN`, else the one that `keytalk sign-in` kept for this address, else the first line of
    `ops-token` in `KEYTALK_HOME` (`var`). Raises `GatewayOutOfReach` when there is no token that could be sent.
    """
    address = find_address(env)
    path = Path(env.get("KEYTALK_HOME") or "var") / "ops-token"
    if token := env.get("KEYTALK_OPS_TOKEN", "").strip():
        return Gateway(address, _sendable(token, "KEYTALK_OPS_TOKEN"), found_in="KEYTALK_OPS_TOKEN")
    kept = token_file(env)
    if kept and (token := kept_tokens(kept).get(address, "")):
        return Gateway(address, _sendable(token, str(kept)), found_in=f"keytalk sign-in, kept in {kept}")
    return Gateway(address, _sendable(_first_line(path), str(path)), found_in=str(path))


def find_address(env: Mapping[str, str]) -> str:
    """Find the gateway's address in settings, without a slash at the end."""
    port = env.get("KEYTALK_OPS_PORT") or "8001"
    return (env.get("KEYTALK_OPS_URL") or f"http://127.0.0.1:{port}").rstrip("/")


def token_file(env: Mapping[str, str]) -> Path | None:
    """Give the file in the user's own settings that keeps their tokens; None where nobody has a folder for that."""
    if folder := env.get("XDG_CONFIG_HOME"):
        return Path(folder) / "keytalk" / "tokens.json"
    home = env.get("HOME")
    return Path(home) / ".config" / "keytalk" / "tokens.json" if home else None


def kept_tokens(path: Path) -> dict[str, str]:
    """Give the tokens that a file keeps, each by the address that it is for: it is shown to no other."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(address): str(token) for address, token in kept.items()} if isinstance(kept, dict) else {}


def keep_token(path: Path, address: str, token: str | None) -> None:
    """Keep a token for an address, or none any more, in a file that only its owner reads."""
    kept = kept_tokens(path)
    kept.pop(address, None)
    if token is not None:
        kept[address] = token
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=2)
    beside.replace(path)


def _first_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except PermissionError as error:
        raise GatewayOutOfReach(
            f"The operator token in {path} can be read only by the account Keytalk runs under. Run this "
            "command as that account, or set KEYTALK_OPS_TOKEN."
        ) from error
    except OSError:
        lines = []
    if token := lines[0].strip() if lines else "":
        return token
    raise GatewayOutOfReach(
        "There is no operator token to show to Keytalk. There are three ways to give one: `keytalk sign-in`, set "
        f"KEYTALK_OPS_TOKEN, or set KEYTALK_HOME to the folder of a Keytalk that runs on this machine, which "
        f"keeps its token in `ops-token` there (looked for: {path}; `make run` writes it)."
    )


def _sendable(token: str, source: str) -> str:
    if token.isascii() and token.isprintable():
        return token
    raise GatewayOutOfReach(f"The operator token from {source} holds characters that no token has.")


def _nobody(request: PreparedRequest) -> PreparedRequest:
    # Nor what a ~/.netrc says.
    return request


def _is_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in LOOPBACK
    except ValueError:
        return False


def _bearer(token: str) -> Callable[[PreparedRequest], PreparedRequest]:
    # An auth callable rather than a header: requests lets a ~/.netrc entry replace the header.
    def sign(request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _never_connected(error: RequestException) -> bool:
    from requests.exceptions import ConnectTimeout  # noqa: PLC0415 - as above
    from urllib3.exceptions import MaxRetryError  # noqa: PLC0415 - as above

    cause = error.args[0] if error.args else None
    return isinstance(error, ConnectTimeout) or isinstance(cause, MaxRetryError)


def _closed_early(error: RequestException) -> bool:
    from requests.exceptions import ChunkedEncodingError, ConnectionError  # noqa: A004, PLC0415 - as above

    return isinstance(error, ConnectionError | ChunkedEncodingError) and not _never_connected(error)


def _json(answer: Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _fields(errors: Any) -> dict[str, list[str]]:
    if not isinstance(errors, dict):
        return {}
    return {
        str(field): [str(one) for one in (said if isinstance(said, list) else [said])] for field, said in errors.items()
    }
