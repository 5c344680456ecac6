"""The phrases of mail-shots: short lists of what sellers by the thousand write, and people who ask for a course do not.

Each list has its points, once for each phrase found and three times at most. A list names what is sold, not what
prisons talk about: gambling, debt and drugs are their daily work, so those words alone are in none.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

_BETWEEN_WORDS = str.maketrans(dict.fromkeys(string.punctuation + "‘’“”–—…", " "))

# A phrase is whole words, in small letters; one that ends in * may go on.
_LISTS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (
        3,
        "it sells places in search engines",
        (
            "seo", "backlink*", "search engine optimi*", "search engine rank*", "google rank*", "rank on google",
            "first page of google", "page one of google", "top of google", "rank higher", "website traffic",
            "organic traffic", "more traffic", "domain authority", "guest post*", "link building", "link insertion*",
            "your search rankings", "google maps ranking", "google my business",
        ),
    ),
    (
        3,
        "it sells marketing or websites",
        (
            "digital marketing", "email marketing", "lead generation", "qualified leads", "redesign your website",
            "web design compan*", "web design service*", "web development service*", "app development",
            "explainer video*", "email list*", "email database*", "contact form blast*", "contact forms to",
            "millions of websites", "instagram followers", "youtube views", "social media followers", "google reviews",
            "positive reviews", "virtual assistant*", "ai chatbot*", "grow your business", "boost your sales",
            "increase your sales", "boost your business",
        ),
    ),
    (
        3,
        "it sells shares in easy money",
        (
            "bitcoin*", "crypto", "cryptocurrenc*", "ethereum", "forex", "binary option*", "trading bot*",
            "trading signal*", "trading platform*", "passive income", "make money online", "earn money online",
            "earn from home", "per day from home", "double your", "guaranteed profit*", "guaranteed return*",
            "investment opportunit*", "nft", "казино*", "биткоин*", "заработ*", "крипто*",
        ),
    ),
    (
        3,
        "it offers a loan",
        (
            "business loan*", "personal loan*", "payday loan*", "unsecured loan*", "instant loan*", "loan offer*",
            "loan approv*", "apply for a loan", "working capital", "merchant cash", "credit repair", "fix your credit",
            "funding for your business", "low interest", "interest rate*", "no credit check*", "no collateral",
            "кредит*",
        ),
    ),
    (
        3,
        "it promises a prize or an inheritance",
        (
            "you have won", "lottery win*", "claim your prize", "claim your reward", "gift card*",
            "unclaimed fund*", "million dollars", "million usd", "million euros", "late client",
            "confidential business", "business proposal", "transfer of funds", "western union", "atm card",
        ),
    ),
    (
        3,
        "it sells bets",
        ("casino*", "online slot*", "slot machine*", "free spins", "sports betting", "betting site*", "jackpot*",
         "poker online", "online poker", "online bet*", "bonus code*"),
    ),
    (
        4,
        "it sells medicines or sex",
        ("viagra", "cialis", "levitra", "sildenafil", "online pharmac*", "without prescription", "no prescription",
         "weight loss pill*", "cbd gumm*", "cbd oil", "male enhancement", "porn*", "hot singles", "sexy girls",
         "adult dating", "onlyfans", "nude*", "dating site*"),
    ),
    (
        2,
        "it reads like an advertisement",
        (
            "unsubscribe", "opt out", "opt out of future", "click here", "click below", "click the link", "buy now",
            "order now", "order yours", "act now", "limited time", "special offer*", "special promotion*",
            "best price*", "lowest price*", "free shipping", "free quote", "free audit", "free consultation",
            "free trial", "100 free", "100 guaranteed", "money back", "satisfaction guaranteed", "no obligation",
            "discount code*", "50 off", "70 off", "per month only", "dear website owner", "dear business owner",
            "dear site owner", "your website is missing", "your site is missing", "noticed your website",
            "reviewed your website", "visited your website", "outsourc*", "wholesale", "whatsapp me", "whatsapp us",
            "on whatsapp", "on telegram", "telegram channel*",
        ),
    ),
)  # fmt: skip


def phrases_in(text: str) -> Iterator[tuple[int, str]]:
    """Give the points and the reason for each list that `text` has a phrase of."""
    words = text.casefold().translate(_BETWEEN_WORDS).split()
    # Most texts hold the beginning of no phrase, or of very few: only those are looked for.
    begun = _BY_BEGINNING.keys() & {word[:_BEGINNING] for word in words}
    if not begun:
        return
    whole = f" {' '.join(words)} "
    found = [each for beginning in begun for each, phrase in _BY_BEGINNING[beginning] if phrase in whole]
    for number, (points, reason, _) in enumerate(_LISTS):
        if number in found:
            yield points * min(found.count(number), _MOST), reason


_BEGINNING = 3
_MOST = 3


def _by_beginning() -> dict[str, list[tuple[int, str]]]:
    """Give by its first letters each phrase as it is looked for, with the number of its list."""
    found: dict[str, list[tuple[int, str]]] = {}
    for number, (_, _, phrases) in enumerate(_LISTS):
        for phrase in phrases:
            sought = f" {phrase.removesuffix('*')}" if phrase.endswith("*") else f" {phrase} "
            found.setdefault(phrase.split()[0][:_BEGINNING], []).append((number, sought))
    return found


_BY_BEGINNING = _by_beginning()
