"""Letting people in: by password and code, by a session's cookie, by a token, by a link. All else stays out.

What is wrong is never said more exactly than "these do not fit": whether there is such an account is nobody's business.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from uuid import UUID

from eventlet import tpool
from itsdangerous import BadData, URLSafeTimedSerializer
from limits import RateLimitItem, RateLimitItemPerMinute
from sqlalchemy import update

from ops.accounts import operators as people
from ops.accounts import sessions, tokens
from ops.accounts.audit import write_down
from ops.accounts.operators import Operator
from ops.accounts.passwords import check_password, hash_password, is_outdated, is_password
from ops.accounts.second_factor import step_of_code
from ops.gateway.roles import Role
from ops.tables import operators
from shared.clock import Clock
from shared.errors import Refused
from shared.observability.context import correlation_id
from shared.persistence.database import Database
from shared.web.limits import Limiter

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

FROM_ONE_PLACE: RateLimitItem = RateLimitItemPerMinute(10, 15)
FOR_ONE_NAME: RateLimitItem = RateLimitItemPerMinute(25, 15)
"""Tries in 15 minutes: for a name from one address, and for a name from anywhere (OWASP ASVS: at most 100 an hour)."""

_DO_NOT_FIT = "That name and password do not fit together, or the code has run out. Please try again."
_WAIT = "There were many tries. Please wait some minutes before the next one."


class NotLetIn(Refused):
    """Nobody is let in with what was given."""

    def __init__(self, words: str = _DO_NOT_FIT) -> None:
        super().__init__("forbidden", words)


class Entrance:
    """Knows who may come in. `keys` are the settings' secret keys, `first_token` that of this machine."""

    def __init__(self, database: Database, clock: Clock, keys: tuple[str, ...], first_token: str) -> None:
        self.database = database
        self.clock = clock
        self._first_token = first_token
        self._links = URLSafeTimedSerializer(list(reversed(keys)), salt="first-operator")
        self._limiter = Limiter(clock)

    def sign_in(self, login: str, password: str, code: str, address: str) -> Operator:
        """Let somebody in by what they know and have. Raises `NotLetIn`, or `TooMany` after many tries."""
        self._admit(login, address)
        with self.database.reading() as connection:
            known = people.find_operator(connection, login)
        usable = known if known is not None and known.disabled_at is None else None
        right = tpool.execute(is_password, password, usable and usable.password_hash)
        if usable is None or not right or not self._takes_code(usable, code):
            raise NotLetIn
        if usable.password_hash and is_outdated(usable.password_hash):
            self._keep_password(usable, password)
        return usable

    def _admit(self, login: str, address: str) -> None:
        name = login.strip().lower()[:254]
        self._limiter.admit(FROM_ONE_PLACE, f"{name} from {address}", _WAIT)
        self._limiter.admit(FOR_ONE_NAME, name, _WAIT)

    def _takes_code(self, operator: Operator, code: str) -> bool:
        """Say whether the code does; one that was taken is never taken again, by whichever replica."""
        if operator.totp_secret is None:
            return True
        step = step_of_code(operator.totp_secret, code, self.clock(), operator.totp_step)
        if step is None:
            return False
        newer = operators.c.totp_step.is_(None) | (operators.c.totp_step < step)
        with self.database.writing() as connection:
            taken = update(operators).where(operators.c.id == operator.id, newer).values(totp_step=step)
            return connection.execute(taken).rowcount == 1

    def _keep_password(self, operator: Operator, password: str) -> None:
        kept = tpool.execute(hash_password, password)
        with self.database.writing() as connection:
            connection.execute(update(operators).where(operators.c.id == operator.id).values(password_hash=kept))

    def begin_session(self, operator: Operator) -> str:
        """Begin a session and give the key for its cookie."""
        with self.database.writing() as connection:
            self._note(connection, operator.name, "ops.sign_in")
            return sessions.begin_session(connection, operator, self.clock())

    def end_session(self, key: str) -> None:
        """End a session."""
        with self.database.writing() as connection:
            sessions.end_session(connection, key)

    def by_session(self, key: str) -> Operator | None:
        """Give whose session a key opens, or None where it opens none (any more)."""
        now = self.clock()
        with self.database.reading() as connection:
            found = sessions.whose_session(connection, key, now)
        if found is None:
            return None
        operator, used_at = found
        if now - used_at > sessions.SEEN_EVERY:
            with self.database.writing() as connection:
                sessions.note_use(connection, key, now)
        return operator

    def by_token(self, token: str) -> Operator | None:
        """Give whose token this is, or None where it holds for nobody."""
        if hmac.compare_digest(token.encode(), self._first_token.encode()):
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
        check_password(password, (invited.name, invited.full_name, invited.email))
        kept = tpool.execute(hash_password, password)
        with self.database.writing() as connection:
            if people.invited_by(connection, key, self.clock()) is None:
                raise Refused("not_found", "This link has been used already.")
            people.choose_password(connection, invited, kept, self.clock())
            self._note(connection, invited.name, "ops.choose_password")
        return invited

    def change_password(self, operator: Operator, old: str, new: str, address: str) -> None:
        """Change somebody's own password, who is signed out everywhere. Raises `Refused`."""
        self._admit(operator.name, address)
        if not tpool.execute(is_password, old, operator.password_hash):
            words = "That is not the password you have now."
            raise Refused("invalid", words, {"old": [words]})
        check_password(new, (operator.name, operator.full_name, operator.email))
        kept = tpool.execute(hash_password, new)
        with self.database.writing() as connection:
            people.choose_password(connection, operator, kept, self.clock())
            self._note(connection, operator.name, "ops.change_password")

    def first_link(self) -> str | None:
        """Give the key of a link that makes the first account, or None where there is an account already."""
        with self.database.reading() as connection:
            if people.count_operators(connection):
                return None
        return str(self._links.dumps("first"))

    def is_first_link(self, key: str) -> bool:
        """Say whether a link may make the first account now."""
        try:
            self._links.loads(key, max_age=int(FIRST_LINK_FOR.total_seconds()))
        except BadData:
            return False
        with self.database.reading() as connection:
            return people.count_operators(connection) == 0

    def make_first(self, key: str, given: dict[str, str], password: str) -> Operator:
        """Make the first account, who may do everything. Raises `Refused`."""
        roles = sorted(FIRST_OPERATOR.roles)
        about = tuple(given.get(name, "") for name in ("name", "full_name", "email"))
        check_password(password, about)
        kept = tpool.execute(hash_password, password)
        with self.database.writing() as connection:
            if not self.is_first_link(key):
                raise Refused("not_found", "This link holds no longer: it makes the first account only.")
            operator = people.add_operator(connection, given | {"roles": roles}, self.clock())
            people.choose_password(connection, operator, kept, self.clock())
            self._note(connection, operator.name, "ops.make_first_account")
        return operator

    def _note(self, connection: object, actor: str, operation: str) -> None:
        write_down(
            connection,  # type: ignore[arg-type]
            actor=actor,
            operation=operation,
            now=self.clock(),
            correlation_id=correlation_id.get() or operation,
            subject=actor,
        )
