"""What honest people write to us and what mail-shots send, for the tests of the screening. All invented.

The honest are many kinds: short, long, Welsh, in capitals, in a hurry, with links to their own website, about the very
things that spam is about. The spam is of the kinds that public forms are sent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any


def _asked(
    message: str | None,
    *,
    name: str = "Alex Morgan",
    email: str = "alex.morgan@risley.example",
    place: str = "HMP Risley",
    **more: Any,
) -> dict[str, Any]:
    answers = {
        "programme": "many-faces-of-trauma",
        "establishment": place,
        "contact_name": name,
        "contact_email": email,
        **more,
    }
    return answers if message is None else {**answers, "message": message}


HONEST: tuple[dict[str, Any], ...] = (
    _asked(None),
    _asked("call me"),
    _asked("Please ring me on 01925 763871 after 2."),
    _asked("hi can u send info asap thx", name="jo", email="jo.h1987@gmail.com", place="risley"),
    _asked("WE WOULD LIKE TO BOOK THE THREE DAY COURSE FOR OUR STAFF IN THE NEW YEAR PLEASE", name="SAM PRICE"),
    _asked("WE ARE VERY INTERESTED!!! PLEASE SEND DATES TO ALL OF THE TEAM AT HMP STYAL", place="HMP STYAL"),
    _asked("We have a quiet room that holds fourteen.\nTuesdays suit us, 13:45 to 16:30.\nWho do we talk to?"),
    _asked("Mae gennym ystafell dawel i ddeuddeg o bobl. A oes modd dechrau ym mis Ionawr?", name="Siân Ŵyn-Jones"),
    _asked("Rydym yn chwilio am gwrs i'n staff yng Ngharchar y Parc.", place="Carchar y Parc", name="Llŷr Gruffydd"),
    _asked("Bore da, hoffem wybod mwy am y rhaglen os gwelwch yn dda.", name="Llywelyn ap Gwynfor"),
    _asked(
        "We are a small charity that works at three prisons, more about us at https://www.openhands.example/about .",
        name="Priya Nair",
        email="priya@openhands.example",
        place="Open Hands",
    ),
    _asked(
        "You can read about our garden project here: https://www.gardens-inside.example",
        email="gardens.inside@gmail.com",
        place="Gardens Inside CIC",
    ),
    _asked(
        "The framework we follow is at https://www.gov.uk/guidance/working-with-trauma and our report at "
        "https://www.justiceinspectorates.gov.uk/hmiprisons/risley. Both ask for this.",
        email="head.of.learning@justice.gov.uk",
    ),
    _asked("Saw you on www.gov.uk and www.nhs.uk. Is there a free place for our chaplain?", email="c@trust.nhs.uk"),
    _asked("Copy in sam.price@risley.example and jo.hill@risley.example when you reply please."),
    _asked("Please copy jo.hill@probation.example as she holds the budget."),
    _asked("I support men with gambling debts. Betting, slots and loan sharks come up in every group."),
    _asked("Many here have debts, payday lenders and doorstep loans; the money advice team would come along too."),
    _asked("Our psychology team would join. Some of the men are on prescription medication; is that a problem?"),
    _asked("Drug recovery wing, 40 beds. Most have lived through violence. Which of the two do you advise?"),
    _asked("Is the first talk free of charge? We have no budget until April."),
    _asked("I came across your website through a colleague at Styal and would love to know more."),
    _asked("Who pays for the workbooks? The offer on your page says £300 a person. Is VAT on top?"),
    _asked("We train peer mentors in digital skills and creative writing; your course would follow that."),
    _asked("Can we order the workbooks now and start in May? Purchase order to follow."),
    _asked(
        "Dear Sir or Madam,\n\nI write on behalf of the Governor.\n\nYours faithfully,\nA. Morgan", name="A. Morgan"
    ),
    _asked("Ramadan is from 8 February, so nothing then please. Friday afternoons never.", name="Amina al-Hassan"),
    _asked("نرغب في معرفة المزيد عن البرنامج من فضلكم.", name="أمينة حسن", email="amina@together.example"),
    _asked("Chcielibyśmy zapytać o szkolenie dla naszego zespołu.", name="Krzysztof Brzęczyszczykiewicz"),
    _asked("Мы хотели бы узнать больше о программе.", name="Ольга Петрова", email="olga@bridges.example"),
    _asked("asdf sorry my cat. we want the 16 wk one. 10 lads. room sorted. ta", name="Dez", email="dez@outlook.com"),
    _asked(None, name="McAllister-O'Shaughnessy", organisation="HMPPS", contact_role="HoRR"),
    _asked(None, place="HMPYOI Swinfen Hall", organisation="HMPPS LTHSE", contact_role="DHoRR/CSIP lead"),
    _asked(
        "See attached... sorry, cannot attach. Leaflet at risley-learning.example/leaflet", email="am@hotmail.co.uk"
    ),
    _asked("Could you do it at weekends (Sat 9-12)? 12 women, 2 of them wheelchair users.", place="DHI"),
    _asked("£4,000 for a run is within our limit. £££ is tight though, can we pay in two parts?"),
    _asked("I am the next of kin contact officer and work in family services; is this course for me?"),
    _asked("Can people outside London join? Our trust covers sixteen prisons.", email="x.y@yahoo.co.uk", place="Trust"),
    _asked("We have interest from 9 officers, rates of sickness are high, and it would help them.", place="HMP Ford"),
    _asked(" ".join(["The wing manager, the chaplain and the head of safety have all asked for this."] * 60)),
)

SPAM: tuple[dict[str, Any], ...] = tuple(
    _asked(message, name=name, email=email, place=place)
    for name, email, place, message in (
        (
            "Mike Seo",
            "mike@rank-up.example",
            "google",
            "I can get you to the first page of Google. Organic traffic and backlinks, cheap.",
        ),
        (
            "Julia",
            "julia@gmail.com",
            "Marketing",
            "Do you want more traffic? See https://traffic.example/offer and https://traffic.example/price",
        ),
        (
            "Lee",
            "lee@leads.example",
            "Leads Ltd",
            "We send your offer through contact forms to millions of websites. Unsubscribe here: leads.example/u",
        ),
        ("RobertDon", "r@mail.example", "google", "Bitcoin trading bot, passive income guaranteed. Join on Telegram."),
        (
            "Anna",
            "anna@forex.example",
            "Forex",
            "Forex trading signals, double your money. https://fx-signals.example/join",
        ),
        ("Cryptoteam", "t@c.example", "HMP Risley", "Claim your crypto airdrop: https://bit.ly/3abcd"),
        (
            "Dr Peter Holm",
            "p.holm@finance.example",
            "Holm Finance",
            "We offer business loans and personal loans at low interest. Apply for a loan today.",
        ),
        (
            "Capital",
            "c@capital.example",
            "Working Capital",
            "Need working capital? No credit check, no collateral. Click here.",
        ),
        (
            "Barrister James",
            "b.james@law.example",
            "Chambers",
            "My late client left 8 million dollars of unclaimed funds in your name.",
        ),
        (
            "Winner desk",
            "w@prize.example",
            "Prize",
            "You have won! Claim your prize, gift cards inside https://prize.example",
        ),
        ("casino", "c@slots.example", "Casino", "Best online casino, free spins and jackpot every day."),
        ("Betty", "b@bets.example", "Bets", "Sports betting bonus code inside https://bets.example/x"),
        ("Pharma", "p@ph.example", "Pharmacy", "Viagra and Cialis without prescription, free shipping"),
        ("Lena", "lena@date.example", "Dating", "Hot singles near you, adult dating https://date.example"),
        (
            "Web Design",
            "w@design.example",
            "HMP Styal",
            "I noticed your website is old. We redesign your website, web design services from 99. Free quote.",
        ),
        (
            "Sunil",
            "sunil@apps.example",
            "Apps",
            "We are a company for app development and virtual assistants. Outsource to us.",
        ),
        (
            "Video Max",
            "max@video.example",
            "Video",
            "An explainer video will boost your sales. Free trial at www.videomax.example www.videomax2.example",
        ),
        ("Karen", "karen@reviews.example", "Reviews", "Get 5 star google reviews and Instagram followers fast"),
        (
            "AI team",
            "ai@bots.example",
            "AI",
            "Our AI chatbot gives you qualified leads while you sleep. Free trial, click here.",
        ),
        ("https://win.example", "x@y.example", "Prison", "hello"),
        ("Visit www.win.example now", "x@y.example", "Prison", "hello"),
        ("Bob", "bob@z.example", "Prison", '<a href="https://pills.example">best pills</a>'),
        ("Bob", "bob@z.example", "Prison", "[url=https://pills.example]best pills[/url]"),
        ("Bob", "bob@z.example", "Prison", "Look https://a.example https://b.example https://c.example"),
        ("Zina", "zina@mail.example", "Москва", "Лучшее казино https://kazino.example"),
        ("Zina", "zina@mail.example", "Москва", "Кредит без отказа, заработок дома"),
        ("李", "li@mail.example", "工厂", "最低价格 https://shop.example/cn"),
        ("QbtYwLKxMdFa", "qbt@mail.example", "wXcVbNmPoIuY", "kJhGfDsAqWeR"),
        ("vTzRfgXqWpLm", "tfx@mail.example", "qWdXsAzPlMkO", None),
        ("xkqjzvbnmptr", "xk@mail.example", "wrtpsdfghjkl", "zxcvbnmlkjhg"),
        (
            "Sales",
            "s@wholesale.example",
            "Shop",
            "Wholesale best prices, order now, limited time, 50% off, discount code SAVE",
        ),
        (
            "Eric",
            "eric@chat.example",
            "Web",
            "Your website is missing visitors. Click below for lead generation, opt out anytime.",
        ),
        (
            "Mailer",
            "m@list.example",
            "Lists",
            "Email database of 5 million. Write to a@l1.example b@l2.example c@l3.example d@l4.example e@l5.example",
        ),
        (
            "Tom",
            "tom@gmail.com",
            "Business",
            "Funding for your business in 24h!!! Loan approval at https://tinyurl.com/x1",
        ),
        (
            "Guest",
            "guest@posts.example",
            "Blog",
            "I want a guest post and link insertion on your site, domain authority 60",
        ),
        ("Dana", "dana@cbd.example", "CBD", "CBD gummies, weight loss pills, satisfaction guaranteed"),
        ("Invest", "i@inv.example", "Invest", "Investment opportunity with guaranteed returns, whatsapp me"),
        ("Nude", "n@x.example", "x", "onlyfans nudes free https://t.me/abc"),
    )
)

_GREETINGS = ("Hello", "Hi there", "Dear owner", "Good day", "Hey", "Greetings")
_CLOSINGS = ("Regards", "Thanks", "Best", "Cheers", "Yours", "Talk soon")
_NAMES = ("Mike", "Julia", "RobertDon", "Anna", "Sunil", "Karen", "Eric", "Dana", "Tom", "Lena")


def spam_wave(size: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Give so many posts of spam, no two alike: words around them, names and forged addresses vary."""
    chance = random.Random(seed)  # noqa: S311 - the same wave each time
    for number in range(size):
        shot = dict(SPAM[number % len(SPAM)])
        if "message" in shot:
            shot["message"] = f"{chance.choice(_GREETINGS)},\n{shot['message']}\n{chance.choice(_CLOSINGS)} {number}"
        if "." not in shot["contact_name"]:
            shot["contact_name"] = f"{shot['contact_name']} {chance.choice(_NAMES)}"
        shot["contact_email"] = f"forged{number}@{chance.choice(('mail', 'post', 'web'))}{number % 7}.example"
        yield shot
