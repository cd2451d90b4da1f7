"""Mail with the cards that the portal shows, to the members who chose to hear of them."""

from __future__ import annotations

from cartrover.events.models import Problem
from cartrover.mail.message import YOURS, Message, Mint, Unwanted, message
from cartrover.mail.models import OutboxMail
from cartrover.mail.noticing import chosen
from cartrover.mail.places import address
from cartrover.merchants.models import Member
from cartrover.merchants.notices import Often

SHOWN = 10


@message
def problems(mail: OutboxMail, mint: Mint) -> Message:
    """``problems``: the ids of new cards, with commas between them."""
    ids = [int(part) for part in str(mail.ids["problems"]).split(",")]
    return _cards(mail, list(Problem.objects.filter(pk__in=ids, closed_at__isnull=True).order_by("id")))


@message
def daily(mail: OutboxMail, mint: Mint) -> Message:
    """``member``, ``day``: what is open of the subjects that the member wants to hear of once a day."""
    member = Member.objects.filter(pk=mail.ids["member"], user__is_active=True).first()
    if member is None:
        raise Unwanted("The member has left.")
    return _cards(mail, chosen(member, Often.DAILY))


def _cards(mail: OutboxMail, cards: list[Problem]) -> Message:
    if not cards:
        raise Unwanted("It was solved before the mail went out.")
    waits = "One thing waits for you" if len(cards) == 1 else f"{len(cards)} things wait for you"
    more = (f"And {len(cards) - SHOWN} more.",) if len(cards) > SHOWN else ()
    return Message(
        subject=f"{mail.merchant.name}: {waits[0].lower()}{waits[1:]}",
        heading=waits,
        words=(*(card.words for card in cards[:SHOWN]), *more, "Nothing is lost meanwhile: what waits moves once it is solved."),
        whose=YOURS,
        button="See what needs you",
        url=address("problems", mail.merchant.public_id),
        why=f"You are a member of {mail.merchant.name} on CartRover. Choose in its settings which mails you get, and how often.",
    )
