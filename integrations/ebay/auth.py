"""The grant, and whose account it opens. https://developer.ebay.com/api-docs/static/oauth-authorization-code-grant.html"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.contract import Account, Wire
from integrations.ebay.application import Application
from integrations.ebay.calls import Calls
from integrations.ebay.errors import NAME
from integrations.ebay.reading import Malformed, Node
from integrations.oauth2 import Grant
from integrations.outcomes import RetryLater

_SCOPE = "https://api.ebay.com/oauth/api_scope"  # the same in every environment
SCOPES = (
    _SCOPE,
    f"{_SCOPE}/sell.fulfillment",
    f"{_SCOPE}/sell.inventory",
    f"{_SCOPE}/commerce.identity.readonly",
    f"{_SCOPE}/commerce.notification.subscription",
)


def grant(application: Application) -> Grant:
    """``prompt=login`` always: whoever is signed in at eBay in this browser would silently authorise that account."""
    return Grant(
        provider=NAME,
        client_id=application.client_id,
        client_secret=application.client_secret,
        redirect_uri=application.runame,
        authorize_url=application.authorize_url,
        token_url=application.token_url,
        scopes=SCOPES,
        authorize_extra={"prompt": "login"},
        basic_auth=True,
        dead=frozenset({"invalid_grant", "invalid_scope"}),
    )


def rights(application: Application) -> tuple[tuple[str, Callable[[Wire], None]], ...]:
    """A consent may cover less than was asked for. Orders are read anyway; the Inventory API has a scope of its own."""

    def stock(wire: Wire) -> None:
        Calls(application, wire).get("/sell/inventory/v1/inventory_item?limit=1", "inventory")

    return (("Stock levels", stock),)


@dataclass(frozen=True, slots=True)
class WhoseAccount:
    """Asks the Identity API."""

    application: Application

    def __call__(self, wire: Wire) -> Account:
        reply = Calls(self.application, wire).get_identity("/commerce/identity/v1/user/")
        try:
            return _account(Node(reply.json))
        except Malformed as trouble:
            raise RetryLater("eBay did not say whose account this is.", detail=str(trouble)) from None


def _account(user: Node) -> Account:
    facts: Mapping[str, str] = {
        "registration_marketplace": user["registrationMarketplaceId"].text(),
        "account_type": user["accountType"].text(),
    }
    user_id = user["userId"].needed().text()
    return Account(external_id=user_id, name=user["username"].text() or user_id, user_id=user_id, facts=facts)
