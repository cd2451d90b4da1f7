"""Who makes the links that mails carry. A link is made when its mail is sent, and each sending makes another.

Each function takes the id of a row and returns the whole address; it runs inside the merchant's door, and what it wrote is
committed before the mail goes out.
"""

from __future__ import annotations

from django.utils.module_loading import import_string

MINTS = {
    "setup_link": "cartrover.connections.sharing.mint",
    "renewal_link": "cartrover.connections.sharing.mint",
    "invitation": "cartrover.merchants.invitations.mint",
}


def mint(kind: str, row_id: int) -> str:
    address: str = import_string(MINTS[kind])(row_id)
    return address
