"""Letting people in: by password and code, by a session's cookie, by a token, by a link. All else stays out.

What is wrong is never said more exactly than "these do not fit": whether there is such an account is nobody's business.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from eventlet import tpool
from eventlet.semaphore import Semaphore
from itsdangerous import BadData, URLSafeTimedSerializer
from limits import RateLimitItem, RateLimitItemPerMinute
from sqlalchemy import Connection, select, update

from ops.accounts import operators as people
from ops.accounts import sessions, tokens
from ops.accounts.audit import write_down
from ops.accounts.operators import Operator
from ops.accounts.passwords import check_password, hash_password, is_outdated, is_password
from ops.accounts.sealing import CannotOpen, Seal
from ops.accounts.second_factor import address_of, is_secret, new_secret, step_of_code
from ops.accounts.tries import Tries
from ops.gateway.roles import Role
from ops.tables import operators
from shared.clock import Clock
from shared.errors import Refused
from shared.observability.context import correlation_id
from shared.persistence.database import Database
from shared.web.addresses import place_of
from shared.web.limits import TooMany

FIRST_OPERATOR = Operator(
    id=UUID(int=0),
    name="operator",
    full_name="The first token",
    email="operator@localhost",
    roles=frozenset({Role.COORDINATOR, Role.SCHEDULER, Role.DATA_PROTECTION, Role.ADMIN}),
)
"""Who acts with the token that Keytalk makes for its own machine, before there is any account."""

FIRST_LINK_FOR = timedelta(hours=1)
"""How long the link holds that makes the first account; each start prints a new one until there is an account."""

_log = logging.getLogger(__name__)

T = TypeVar("T")

FROM_ONE_PLACE: RateLimitItem = RateLimitItemPerMinute(10, 15)
FOR_ONE_NAME: RateLimitItem = RateLimitItemPerMinute(25, 15)
"""Tries in 15 minutes: for a name from one address, and for a name from anywhere (OWASP ASVS: at most 100 an hour)."""
FROM_ONE_ADDRESS: RateLimitItem = RateLimitItemPerMinute(100, 15)
"""Tries in 15 minutes from one address for whatever names: a whole office may sit behind it."""
AT_ONCE = 2
"""Passwords that are hashed at the same time. Each takes 64 MiB: a flood of tries must not take all memory."""

_DO_NOT_FIT = "That name and password do not fit together, or the code has run out. Please try again."
_NO_ACCOUNT = (
    "Your organisation knows you, but no account here has your email, or it is disabled. Whoever looks after accounts "
    "can see to it."
)
_CANNOT_OPEN = (
    "The code of this account cannot be checked any more: the secret key that it was sealed with is not among those in "
    "KEYTALK_SECRET_KEYS. Put that key there again, or have an admin take the code off (keytalk operators "
    "remove-second-factor {name}) and set up a new one."
)
_NOT_FIRST = "This link holds no longer: it makes the first account only."
_WAIT = "There were many tries. Please wait some minutes before the next one."


class NotLetIn(Refused):
    """Nobody is let in with what was given."""

    def __init__(self, words: str = _DO_NOT_FIT) -> None:
        super().__init__("forbidden", words)

    @property
    def status(self) -> int:
        """Who somebody is, rather than what they may do, is in question."""
        return 401


class Entrance:
    """Knows who may come in. `keys` are the settings' secret keys, `first_token` that of this machine."""

    def __init__(self, database: Database, clock: Clock, keys: tuple[str, ...], first_token: str) -> None:
        self.database = database
        self.clock = clock
        if not first_token:
            raise ValueError("there is no first token")
        self._first_token = first_token
        self._hashing = Semaphore(AT_ONCE)
        self._links = URLSafeTimedSerializer(list(reversed(keys)), salt="first-operator")
        self._tries = Tries(database, clock, keys[0])
        self._seal = Seal(keys)

    def sign_in(self, login: str, password: str, code: str, address: str) -> Operator:
        """Let somebody in by what they know and have. Raises `NotLetIn`, or `TooMany` after many tries."""
        with self.database.reading() as connection:
            known = people.find_operator(connection, login)
        # Name and email count as one: who has two handles is not guessed twice as fast.
        self._admit(known.name if known else login, address)
        usable = known if known is not None and known.disabled_at is None else None
        kept = None if usable is None else usable.password_hash
        right = self._slowly(lambda: is_password(password, kept))
        if usable is None or not right or not self._takes_code(usable, code):
            _log.warning("sign-in refused", extra={"operator_id": known and str(known.id)})
            raise NotLetIn
        if usable.totp_secret and self._seal.is_outdated(usable.totp_secret):
            usable = self._sealed_anew(usable)
        if usable.password_hash and is_outdated(usable.password_hash):
            return self._keep_password(usable, password)
        return usable

    def by_organisation(self, email: str) -> Operator:
        """Give the operator whom the organisation has vouched for by a verified email. Raises `NotLetIn`."""
        with self.database.reading() as connection:
            found = people.find_by_email(connection, email)
        if found is None:
            _log.warning("sign-in refused", extra={"operator_id": None, "by": "organisation"})
            raise NotLetIn(_NO_ACCOUNT)
        return found

    def confirm(self, operator: Operator, password: str, address: str) -> None:
        """Make sure that somebody who is signed in is who they were. Raises `Refused`, or `TooMany`."""
        self._admit(operator.name, address)
        if not self._slowly(lambda: is_password(password, operator.password_hash)):
            _log.warning("password not confirmed", extra={"operator_id": str(operator.id)})
            words = "That is not the password you have now."
            raise Refused("invalid", words, {"old": [words]})

    def _admit(self, login: str, address: str) -> None:
        name, place = login.strip().lower()[:254], place_of(address)
        try:
            limits = [(FROM_ONE_ADDRESS, f"any from {place}"), (FROM_ONE_PLACE, f"{name} from {place}")]
            self._tries.admit([*limits, (FOR_ONE_NAME, name)], _WAIT)
        except TooMany:
            _log.warning("too many tries to sign in")
            raise

    def _slowly(self, work: Callable[[], T]) -> T:
        """Do what takes a while and much memory, off the event loop and few at once."""
        with self._hashing:
            done: T = tpool.execute(work)
        return done

    def _takes_code(self, operator: Operator, code: str) -> bool:
        """Say whether the code does; one that was taken is never taken again, by whichever replica.

        Raises `NotLetIn` with the mend where nobody can say any more which code would do.
        """
        if operator.totp_secret is None:
            return True
        try:
            secret = self._seal.open(operator.totp_secret, operator.id)
        except CannotOpen:
            _log.error("a second factor cannot be opened", extra={"operator_id": str(operator.id)})
            raise NotLetIn(_CANNOT_OPEN.format(name=operator.name)) from None
        step = step_of_code(secret, code, self.clock(), operator.totp_step)
        if step is None:
            return False
        newer = operators.c.totp_step.is_(None) | (operators.c.totp_step < step)
        with self.database.writing() as connection:
            taken = update(operators).where(operators.c.id == operator.id, newer).values(totp_step=step)
            return connection.execute(taken).rowcount == 1

    def _sealed_anew(self, operator: Operator) -> Operator:
        """Seal a secret with the key that is in use; where it was changed meanwhile, it is sealed already."""
        assert operator.totp_secret is not None  # noqa: S101 - who calls has looked
        kept = self._seal.seal(self._seal.open(operator.totp_secret, operator.id), operator.id)
        same = (operators.c.id == operator.id) & (operators.c.totp_secret == operator.totp_secret)
        with self.database.writing() as connection:
            connection.execute(update(operators).where(same).values(totp_secret=kept))
        return replace(operator, totp_secret=kept)

    def seal_all(self) -> int:
        """Seal every secret that is not yet, or with another key than the first; one that cannot be opened stays."""
        with self.database.reading() as connection:
            having = select(operators).where(operators.c.totp_secret.is_not(None))
            those = [people.operator_of(row) for row in connection.execute(having)]
        sealed = 0
        for each in those:
            if each.totp_secret and self._seal.is_outdated(each.totp_secret):
                try:
                    self._sealed_anew(each)
                except CannotOpen:
                    _log.error("a second factor cannot be opened", extra={"operator_id": str(each.id)})
                    continue
                sealed += 1
        return sealed

    def _keep_password(self, operator: Operator, password: str) -> Operator:
        kept = self._slowly(lambda: hash_password(password))
        same = (operators.c.id == operator.id) & (operators.c.password_hash == operator.password_hash)
        with self.database.writing() as connection:
            connection.execute(update(operators).where(same).values(password_hash=kept))
        return replace(operator, password_hash=kept)

    def begin_session(self, operator: Operator, way: str = "ops.sign_in") -> str:
        """Begin a session and give the key for its cookie; `way` says in the audit how they came in.

        Raises `NotLetIn` where what let them in holds no longer: a password may change while another is checked.
        """
        with self.database.writing() as connection:
            if not people.still_stands(connection, operator):
                raise NotLetIn
            self._note(connection, operator.name, way)
            return sessions.begin_session(connection, operator, self.clock())

    def end_session(self, key: str) -> None:
        """End a session."""
        with self.database.writing() as connection:
            sessions.end_session(connection, key)

    def end_other_sessions(self, operator: Operator, key: str) -> None:
        """End all sessions of an operator but one."""
        with self.database.writing() as connection:
            sessions.end_other_sessions(connection, operator, key)
            self._note(connection, operator.name, "ops.sign_out_elsewhere")

    def by_session(self, key: str, *, note: bool = True) -> Operator | None:
        """Give whose session a key opens, or None where it opens none (any more).

        That it is used is noted, but for a page that asks by itself: it is no sign that somebody is there.
        """
        now = self.clock()
        with self.database.reading() as connection:
            found = sessions.whose_session(connection, key, now)
        if found is None:
            return None
        operator, used_at = found
        if note and now - used_at > sessions.SEEN_EVERY:
            with self.database.writing() as connection:
                sessions.note_use(connection, key, now)
        return operator

    def by_token(self, token: str) -> Operator | None:
        """Give whose token this is, or None where it holds for nobody."""
        if hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._first_token.encode()):
            return FIRST_OPERATOR
        now = self.clock()
        with self.database.reading() as connection:
            found = tokens.whose_token(connection, token, now)
        if found is None:
            return None
        operator, token_id, used_at = found
        if used_at is None or now - used_at > tokens.USED_EVERY:
            with self.database.writing() as connection:
                tokens.note_use(connection, token_id, now)
        return operator

    def invited(self, key: str) -> Operator | None:
        """Give whom a link invites to choose a password, or None where it does not hold (any more)."""
        with self.database.reading() as connection:
            return people.invited_by(connection, key, self.clock())

    def choose_password(self, key: str, password: str) -> Operator:
        """Choose a password by a link, once. Raises `Refused` where the password is weak or the link holds no more."""
        invited = self.invited(key)
        if invited is None:
            raise Refused("not_found", "This link holds no longer. Whoever looks after accounts can send a new one.")
        kept = self._new_password(password, (invited.name, invited.full_name, invited.email))
        with self.database.writing() as connection:
            # The operator's row before the link's, as whoever disables them goes.
            if not (people.still_stands(connection, invited) and people.use_link(connection, key, self.clock())):
                raise Refused("not_found", "This link has been used already.")
            people.choose_password(connection, invited, kept, self.clock())
            self._note(connection, invited.name, "ops.choose_password")
        return replace(invited, password_hash=kept)

    def change_password(self, operator: Operator, old: str, new: str, address: str) -> Operator:
        """Change somebody's own password, who is signed out everywhere. Raises `Refused`."""
        self.confirm(operator, old, address)
        kept = self._new_password(new, (operator.name, operator.full_name, operator.email))
        with self.database.writing() as connection:
            if not people.still_stands(connection, operator):
                raise Refused("conflict", "Your account was changed in the meantime. Please sign in again.")
            people.choose_password(connection, operator, kept, self.clock())
            self._note(connection, operator.name, "ops.change_password")
        return replace(operator, password_hash=kept)

    def _new_password(self, password: str, about: tuple[str, ...]) -> str:
        check_password(password, about)
        return self._slowly(lambda: hash_password(password))

    def offer_second_factor(self, operator: Operator, secret: str | None = None) -> dict[str, str]:
        """Give the secret for an authenticator app, a new one unless one was offered already, and its address."""
        offered = secret if secret and is_secret(secret) else new_secret()
        return {"secret": offered, "address": address_of(offered, operator.email)}

    def keep_second_factor(self, operator: Operator, secret: str, code: str, password: str, address: str) -> Operator:
        """Ask an operator for codes from now on; `code` shows that their app has the secret, `password` who it is.

        They are signed out everywhere. Raises `Refused`.
        """
        if operator.password_hash is None:
            raise Refused("refused", "A code goes with a password. Ask for a link to choose a password first.")
        self.confirm(operator, password, address)
        step = step_of_code(secret, code, self.clock(), None) if is_secret(secret) else None
        if step is None:
            words = "That code does not fit. Please wait for the app's next one and try again."
            raise Refused("invalid", words, {"code": [words]})
        with self.database.writing() as connection:
            if not people.still_stands(connection, operator):
                raise Refused("conflict", "Your account was changed in the meantime. Please sign in again.")
            kept = self._seal.seal(secret, operator.id)
            people.set_second_factor(connection, operator.id, kept, step)
            people.shut_out(connection, operator.id, self.clock(), also_tokens=False)
            self._note(connection, operator.name, "ops.keep_second_factor")
        return replace(operator, totp_secret=kept, totp_step=step)

    def first_link(self) -> str | None:
        """Give the key of a link that makes the first account, or None where there is an account already."""
        with self.database.reading() as connection:
            if people.count_operators(connection):
                return None
        return str(self._links.dumps("first"))

    def is_first_link(self, key: str) -> bool:
        """Say whether a link may make the first account now."""
        with self.database.reading() as connection:
            return self._holds_still(key) and people.count_operators(connection) == 0

    def _holds_still(self, key: str) -> bool:
        try:
            self._links.loads(key, max_age=int(FIRST_LINK_FOR.total_seconds()))
        except BadData:
            return False
        return True

    def make_first(self, key: str, given: dict[str, str], password: str) -> Operator:
        """Make the first account, who may do everything. Raises `Refused`."""
        roles = sorted(FIRST_OPERATOR.roles)
        if not self.is_first_link(key):
            raise Refused("not_found", _NOT_FIRST)
        kept = self._new_password(password, tuple(given.get(name, "") for name in ("name", "full_name", "email")))
        with self.database.writing() as connection:
            people.be_alone(connection)
            if people.count_operators(connection):
                raise Refused("not_found", _NOT_FIRST)
            operator = people.add_operator(connection, given | {"roles": roles}, self.clock())
            people.choose_password(connection, operator, kept, self.clock())
            self._note(connection, operator.name, "ops.make_first_account")
        return replace(operator, password_hash=kept)

    def _note(self, connection: Connection, actor: str, operation: str) -> None:
        write_down(
            connection,
            actor=actor,
            operation=operation,
            now=self.clock(),
            correlation_id=correlation_id.get() or operation,
            subject=actor,
        )
