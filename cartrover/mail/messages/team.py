"""Mail to people who are asked to join."""

from __future__ import annotations

from cartrover.mail.message import YOURS, Message, Mint, message
from cartrover.mail.models import OutboxMail
from cartrover.mail.places import link_life
from cartrover.merchants.models import Role


@message
def invitation(mail: OutboxMail, mint: Mint) -> Message:
    """``invitation``; ``role``; ``by``: the address of whoever invites."""
    merchant, role = mail.merchant.name, Role(str(mail.ids["role"])).label.lower()
    return Message(
        subject=f"{mail.ids['by']} invites you to {merchant} on CartRover",
        heading=f"Join {merchant} on CartRover",
        words=(
            f"{mail.ids['by']} invites you to work with {merchant}'s orders as {role}.",
            f"Press the button and log in as {mail.to}, or sign up with that address. The link ends after {link_life()}.",
        ),
        whose=YOURS,
        button=f"Join {merchant}",
        url=mint("invitation", int(mail.ids["invitation"])),
        why="If you do not know them, delete this mail: nobody joins without pressing the button.",
    )
