"""What an operator says about organisations, posts and people, checked the way an enquirer's answers are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, get_args
from uuid import UUID

from marshmallow import Schema, ValidationError

from services.enquiries.domain.people import SHARED_DOMAINS, Channel, OrganisationKind
from services.enquiries.schemas import Answer, Email, Telephone, Words
from shared.errors import Refused
from shared.nations import Nation

_SOME_NEED_A_CHANGE = "Some of this needs a change before it can be kept. Each one is named."


class OneOf(Answer):
    """One of a few words."""

    def __init__(self, label: str, choices: Collection[str], wanted: str = "") -> None:
        super().__init__(label, wanted)
        self.choices = tuple(choices)

    def _read(self, value: Any) -> str:
        text = self._text(value).strip().lower().replace(" ", "_")
        if text not in self.choices:
            raise ValidationError(f"{self.label} is one of: {', '.join(self.choices)}.")
        return text


class OwnDomain(Answer):
    """A domain that one organisation alone writes from."""

    def _read(self, value: Any) -> str:
        text = self._text(value).strip().rpartition("@")[2].casefold()
        if "." not in text or len(text) > 254 or set(text) & set(" /:,;"):
            raise ValidationError("The email domain is what stands after the @, such as hub.example.")
        if text in SHARED_DOMAINS:
            raise ValidationError(f"Many organisations write from {text}, so it cannot tell whose a person is.")
        return text


class Id(Answer):
    """The id of something we keep."""

    def _read(self, value: Any) -> UUID:
        try:
            return UUID(self._text(value).strip())
        except ValueError:
            raise ValidationError(f"{self.label} is given by its id, as the lists show it.") from None


class _Form(Schema):
    """What an operator fills in on a day: words about people in prison are refused here too."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today


class OrganisationForm(_Form):
    """An organisation. Establishments are not added here: they come from the register."""

    kind = OneOf(
        "The kind",
        [kind for kind in OrganisationKind if kind is not OrganisationKind.ESTABLISHMENT],
        "Say what kind of organisation it is: commissioner, provider, partner_agency or funder.",
    )
    name = Words("The name", 200, "Give the organisation's name.", header=False)
    nation = OneOf("The nation", get_args(Nation))
    email_domain = OwnDomain("The email domain")


class PostForm(_Form):
    """A post in an organisation."""

    title = Words("The title", 120, "Give the post's title, such as head of reducing reoffending.", header=False)


class ContactForm(_Form):
    """A person we are in touch with at work."""

    name = Words("The name", 120, "Give the person's name, so that we know who to write to.", header=False)
    email = Email("The email address")
    phone = Telephone("The phone number")
    organisation = Id("The organisation")
    preferred_channel = OneOf("The preferred channel", list(Channel))
    role = Words("The role", 120, header=False)
    successor = Id("The successor")


def parse(form: type[_Form], given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give what was said, clean, leaving out what was not. Raises `Refused("invalid")` with a sentence by field."""
    return _load(form(today), given, partial=False)


def parse_changes(form: type[_Form], given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Give the changes that were asked for: None leaves a field as it is, an empty text clears it (gives None)."""
    asked = {name: value for name, value in given.items() if value is not None}
    return {**dict.fromkeys(asked), **_load(form(today), asked, partial=True)}


def _load(form: _Form, given: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = form.load(given, partial=partial)
    except ValidationError as error:
        found = error.messages_dict
        raise Refused("invalid", _SOME_NEED_A_CHANGE, {str(each): list(says) for each, says in found.items()}) from None
    return loaded


def parse_id(text: Any, what: str) -> UUID:
    """Read an id. Raises `Refused("not_found")`, since nothing has another one."""
    try:
        return UUID(str(text).strip())
    except ValueError:
        raise Refused("not_found", f"There is no {what} {text}. Look at the id again.") from None
