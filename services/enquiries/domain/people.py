"""Organisations, the posts in them, and the people who hold those posts.

Source: domain notes, section 5.1 (Organisation, Contact) and section 4 (a permanent failure flags the contact).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from shared.errors import Refused


class OrganisationKind(StrEnum):
    """What an organisation is to us."""

    ESTABLISHMENT = "establishment"
    COMMISSIONER = "commissioner"
    PROVIDER = "provider"
    PARTNER_AGENCY = "partner_agency"
    FUNDER = "funder"


class ContactStatus(StrEnum):
    """Whether a person can be written to: only an active one is."""

    ACTIVE = "active"
    BOUNCED = "bounced"
    LEFT = "left"
    ERASED = "erased"


GONE = frozenset({ContactStatus.BOUNCED, ContactStatus.LEFT})
"""Those who cannot be reached for now. Who writes to us again is back."""


class Channel(StrEnum):
    """How a person wishes to hear from us; some are reached by phone or on paper alone."""

    EMAIL = "email"
    PHONE = "phone"
    POST = "post"


class Changed(StrEnum):
    """What an entry of a contact's history tells of: `was` and `now` say the rest."""

    ADDED = "added"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    ORGANISATION = "organisation"
    PREFERRED_CHANNEL = "preferred_channel"
    SUCCESSOR = "successor"
    STATUS = "status"
    REASON = "reason"
    POST_BEGUN = "post_begun"
    POST_ENDED = "post_ended"
    # What a later enquiry of theirs said otherwise: it is noted, and a person decides.
    NAME_GIVEN = "name_given"
    ROLE_GIVEN = "role_given"
    PHONE_GIVEN = "phone_given"


SHARED_DOMAINS = frozenset(
    re.findall(
        r"\S+",
        """
        justice.gov.uk gov.uk gov.wales gov.scot nhs.net nhs.uk gmail.com googlemail.com outlook.com hotmail.com
        hotmail.co.uk live.com live.co.uk msn.com yahoo.com yahoo.co.uk icloud.com me.com aol.com btinternet.com
        sky.com protonmail.com proton.me
        """,
    )
)
"""Domains that people of many organisations write from, so that they tell nothing about whose a person is."""


def domain_of(email: str | None) -> str | None:
    """Give the domain of an address where it may tell whose it is, else None.

    >>> domain_of("Pat@Hub.Example"), domain_of("pat@justice.gov.uk"), domain_of(None)
    ('hub.example', None, None)
    """
    domain = (email or "").rpartition("@")[2].casefold()
    return domain if domain and domain not in SHARED_DOMAINS else None


def bare_title(title: str) -> str:
    """Give a post's title without case, accents and punctuation: what two spellings of it share.

    >>> bare_title("Head of Reducing Re-offending"), bare_title("head of reducing reoffending ")
    ('head of reducing reoffending', 'head of reducing reoffending')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"['’‐‑-]", "", plain).casefold()))[:120]


def channel_of(chosen: str | None, email: str | None, phone: str | None) -> Channel:
    """Settle how a person is to be reached. Raises `Refused` where the way that was chosen leads nowhere.

    Without a choice it is the first of email, phone and post that they have.
    """
    channel = Channel(chosen) if chosen else _first_of(email, phone)
    if channel is Channel.EMAIL and not email:
        _refuse("email", "Give an email address, or choose phone or post as the way to reach them.")
    if channel is Channel.PHONE and not phone:
        _refuse("phone", "Give a phone number, or choose email or post as the way to reach them.")
    return channel


def _first_of(email: str | None, phone: str | None) -> Channel:
    if email:
        return Channel.EMAIL
    return Channel.PHONE if phone else Channel.POST


def _refuse(field: str, why: str) -> None:
    raise Refused("invalid", why, {field: [why]})
