"""The grant of a TradeGecko account, and whose account a token opens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.contract import Account, Wire
from integrations.oauth2 import Grant
from integrations.tradegecko.client import Api
from integrations.tradegecko.errors import NAME
from integrations.tradegecko.reading import Row, reference, text

ENDED = (
    "TradeGecko's public service has ended, so no address is built in. "
    "Set TRADEGECKO_API_URL to a system that speaks its API, such as the stand-in."
)
ENVIRONMENTS = ("production", "simulator")
UNREGISTERED = "No TradeGecko application is registered here. Set TRADEGECKO_CLIENT_ID and TRADEGECKO_CLIENT_SECRET."


@dataclass(frozen=True, slots=True)
class Application:
    """Where TradeGecko is, and where we are, for this installation. Addresses have no slash at their end."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str
    authorize_url: str
    web_url: str
    portal_url: str
    environment: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Application:
        """ValueError when TRADEGECKO_ENVIRONMENT makes no sense."""

        def address(name: str, default: str = "") -> str:
            return (environment.get(name) or default).rstrip("/")

        api_url = address("TRADEGECKO_API_URL")
        named = environment.get("TRADEGECKO_ENVIRONMENT") or ENVIRONMENTS[0]
        if named not in ENVIRONMENTS:
            raise ValueError(f"TRADEGECKO_ENVIRONMENT is {named!r}; set it to one of {', '.join(ENVIRONMENTS)}.")
        return cls(
            client_id=environment.get("TRADEGECKO_CLIENT_ID", ""),
            client_secret=environment.get("TRADEGECKO_CLIENT_SECRET", ""),
            api_url=api_url,
            authorize_url=address("TRADEGECKO_AUTHORIZE_URL", f"{api_url}/oauth/authorize" if api_url else ""),
            web_url=address("TRADEGECKO_WEB_URL"),
            portal_url=address("PORTAL_URL"),
            environment=named,
        )

    @property
    def redirect_uri(self) -> str:
        return f"{self.portal_url}/oauth/callback/tradegecko/"

    @property
    def trouble(self) -> str:
        if not self.api_url:
            return ENDED
        return "" if self.client_id and self.client_secret else UNREGISTERED

    @property
    def grant(self) -> Grant:
        return Grant(
            provider=NAME,
            client_id=self.client_id,
            client_secret=self.client_secret,
            redirect_uri=self.redirect_uri,
            authorize_url=self.authorize_url,
            token_url=f"{self.api_url}/oauth/token",
            refresh_extra={"redirect_uri": self.redirect_uri},
            dead=frozenset({"invalid_request", "invalid_grant"}),
        )

    def order_url(self, external_id: str) -> str:
        return f"{self.web_url}/orders/{external_id}" if self.web_url else ""

    def account(self, wire: Wire) -> Account:
        """The account behind the token: four calls."""
        api = Api(wire, self.api_url)
        account, user = api.one("accounts", "current", "account"), api.one("users", "current", "user")
        currencies, locations = api.all("currencies"), api.all("locations")
        return Account(
            external_id=reference(account, "id"),
            name=text(account, "name"),
            user_id=reference(user, "id"),
            facts=account_facts(account, user, currencies, locations),
            lacks=_lacks(user.get("permissions") or ()),
        )


_NEEDED = {"write_orders": "creating and changing orders", "write_companies": "creating companies"}


def _lacks(permissions: Collection[str]) -> tuple[str, ...]:
    """What the user who granted access may not do; one whose permissions are not told may do everything."""
    return tuple(words for name, words in _NEEDED.items() if permissions and name not in permissions)


def account_facts(account: Row, user: Row, currencies: list[Row], locations: list[Row]) -> dict[str, Any]:
    """What the cart and the warehouse need to know of the account, as JSON."""
    by_id = {reference(currency, "id"): text(currency, "iso").upper() for currency in currencies}
    return {
        "time_zone": text(account, "time_zone"),
        "default_tax_treatment": text(account, "default_tax_treatment") or text(account, "default_tax_type"),
        "primary_location_id": reference(account, "primary_location_id"),
        "default_currency": by_id.get(reference(account, "default_currency_id"), ""),
        "currencies": sorted(set(by_id.values())),
        "currency_ids": by_id,
        "locations": [
            {"id": reference(one, "id"), "label": text(one, "label"), "status": text(one, "status")} for one in locations
        ],
        "permissions": list(user.get("permissions") or ()),
    }
