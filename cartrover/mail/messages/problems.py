"""Mail with the cards that the portal shows, to the members who chose to hear of them."""

from __future__ import annotations

from collections.abc import Sequence

from cartrover.events.cards import Card, cards_of
from cartrover.events.models import Problem
from cartrover.mail.message import YOURS, Message, Mint, Told, Unwanted, message
from cartrover.mail.models import OutboxMail
from cartrover.mail.noticing import chosen
from cartrover.mail.places import address
from cartrover.merchants.models import Member, Merchant
from cartrover.merchants.notices import Often
from cartrover.pages.formats import clock, money

SHOWN = 10


@message
def problems(mail: OutboxMail, mint: Mint) -> Message:
    """``problems``: the ids of new cards, with commas between them."""
    return _cards(mail, _named(mail))


@message
def hourly(mail: OutboxMail, mint: Mint) -> Message:
    """``problems``, as above: those of the last hour."""
    return _cards(mail, _named(mail))


def _named(mail: OutboxMail) -> list[Problem]:
    ids = [int(part) for part in str(mail.ids["problems"]).split(",")]
    return list(Problem.objects.filter(pk__in=ids, closed_at__isnull=True).order_by("id"))


@message
def daily(mail: OutboxMail, mint: Mint) -> Message:
    """``member``, ``day``: what is open of the subjects that the member wants to hear of once a day."""
    member = Member.objects.filter(pk=mail.ids["member"], user__is_active=True).first()
    if member is None:
        raise Unwanted("The member has left.")
    return _cards(mail, chosen(member, Often.DAILY))


def _cards(mail: OutboxMail, problems: Sequence[Problem]) -> Message:
    if not problems:
        raise Unwanted("It was solved before the mail went out.")
    waits = "One thing waits for you" if len(problems) == 1 else f"{len(problems)} things wait for you"
    more = (f"And {len(problems) - SHOWN} more.",) if len(problems) > SHOWN else ()
    public_id = mail.merchant.public_id
    one = problems[0] if len(problems) == 1 else None
    return Message(
        subject=f"{mail.merchant.name}: {waits[0].lower()}{waits[1:]}",
        heading=waits,
        cards=tuple(_told(card, mail.merchant) for card in cards_of(problems[:SHOWN])),
        words=(*more, "Nothing is lost meanwhile: what waits moves once it is solved."),
        whose=YOURS,
        button="See what to do" if one else "See what needs you",
        url=address("problem", public_id, str(one.pk)) if one else address("problems", public_id),
        why=f"You are a member of {mail.merchant.name} on CartRover. Choose in its settings which mails you get, and how often.",
    )


def _told(card: Card, merchant: Merchant) -> Told:
    return Told(card.problem.words, _waits(card, merchant), address("problem", merchant.public_id, str(card.problem.pk)))


def _waits(card: Card, merchant: Merchant) -> str:
    """``3 orders wait, €258.90, the oldest placed 21 Nov 14:32.``"""
    if not card.orders or card.oldest is None:
        return f"Since {clock(card.problem.opened_at, merchant.time_zone)}."
    value = " + ".join(money(amount, currency) for currency, amount in sorted(card.value.items()))
    count = "1 order waits" if card.orders == 1 else f"{card.orders} orders wait"
    return f"{count}, {value}, the oldest placed {clock(card.oldest, merchant.time_zone)}."
