"""Every mail as a file to look at: `manage.py preview_mail FOLDER` writes its HTML, its text, and a list of them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.events.telling import open_problem
from cartrover.mail.accounts import WORDS
from cartrover.mail.message import MESSAGES, envelope
from cartrover.mail.models import OutboxMail
from cartrover.merchants.models import Member, Merchant, User
from cartrover.merchants.notices import ORDERS, Often
from cartrover.merchants.tenancy import across_merchants, acting_for

TO = "owner@acme.example"
LINK = "https://portal.example.com/s/Zm9yLWxvb2tpbmctYXQtb25seS1ub3QtYS10b2tlbg/"
EVERYTHING = {"code": "", "activate_url": LINK, "password_reset_url": LINK, "signup_url": LINK, "email": TO}


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, mail in [*_merchants(), *_accounts()]:
            html = str(mail.alternatives[0][0])
            (folder / f"{name}.html").write_text(html)
            (folder / f"{name}.txt").write_text(f"{mail.subject}\n\n{mail.body}")
            self.stdout.write(f"{folder / name}.html: {mail.subject}")


def _merchants() -> Iterator[tuple[str, EmailMultiAlternatives]]:
    """Each message about rows that are made for it and never kept."""
    with across_merchants("sample rows that are rolled back"):
        merchant = Merchant.objects.create(name="Acme Outdoor")
        with acting_for(merchant):
            for kind, side in ((kind, side) for kind in MESSAGES for side in ("owner", "member")):
                row = OutboxMail(kind=kind, to=TO, merchant=merchant, ids={**_ids(), "side": side})
                yield f"{kind}-{side}", envelope(MESSAGES[kind](row, lambda kind, row_id: LINK), to=TO, public_id="preview")
        transaction.set_rollback(True)


def _ids() -> dict[str, Any]:
    connection, _ = Connection.objects.get_or_create(
        integration="ebay",
        environment="production",
        account_id="preview",
        defaults={
            "account_name": "acme_outdoor",
            "authorised_at": timezone.now(),
            "consent_ends_at": timezone.now() + timedelta(days=6, hours=12),
        },
    )
    cart, _ = Cart.objects.get_or_create(integration="ebay", name="eBay Germany", connection=connection)
    words = "eBay says that acme_outdoor has withdrawn our access. Press Reconnect and log in as the same account."
    problem = open_problem("reconnect", words, about=connection)
    sku = open_problem("unknown_sku", "14 orders wait: the warehouse does not know the SKU TENT-2P.", subject="TENT-2P")
    user, _ = User.objects.get_or_create(email=TO)
    member, _ = Member.objects.get_or_create(user=user, defaults={"notices": {ORDERS: Often.DAILY}})
    return {
        "connection": connection.pk,
        "before": connection.pk,
        "cart": cart.pk,
        "problem": problem.pk,
        "problems": f"{problem.pk},{sku.pk}",
        "member": member.pk,
        "link": 1,
        "days": 7,
        "invitation": 1,
        "role": "manager",
        "by": "alice@acme.example",
    }


def _accounts() -> Iterator[tuple[str, EmailMultiAlternatives]]:
    for kind, write in WORDS.items():
        code = "K7M-4QX" if kind.endswith("code") else ""
        yield kind, envelope(write({**EVERYTHING, "code": code}), to=TO, public_id="preview")
