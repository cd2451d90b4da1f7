"""This installation's application at eBay, from its environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# authorise page, API, and the "z" host of a few APIs
_HOSTS = {
    "production": ("https://auth.ebay.com/oauth2/authorize", "https://api.ebay.com", "https://apiz.ebay.com"),
    "sandbox": (
        "https://auth.sandbox.ebay.com/oauth2/authorize",
        "https://api.sandbox.ebay.com",
        "https://apiz.sandbox.ebay.com",
    ),
    "simulator": ("", "", ""),
}
_ADDRESSES = ("EBAY_AUTHORIZE_URL", "EBAY_API_URL", "EBAY_IDENTITY_URL")
# Calls a day of one application, over all its merchants, before eBay has raised anything.
_PER_DAY = {"order": 100_000, "shipping_fulfillment": 100_000, "inventory": 2_000_000, "trading": 5_000, "identity": 5_000}
_NEEDED = ("EBAY_CLIENT_ID", "EBAY_CLIENT_SECRET", "EBAY_RUNAME", *_ADDRESSES)


@dataclass(frozen=True, slots=True)
class Application:
    """Our keyset and its RuName. Addresses have no slash at their end. ``missing`` names the variables still to be set.

    ``per_day`` is how many calls eBay allows the application in a day, by resource.
    """

    environment: str
    client_id: str
    client_secret: str = field(repr=False)
    runame: str
    authorize_url: str
    api_url: str
    identity_url: str
    per_day: Mapping[str, int]
    missing: tuple[str, ...]

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Application:
        """ValueError when EBAY_ENVIRONMENT or EBAY_CALLS_PER_DAY makes no sense."""
        environment = variables.get("EBAY_ENVIRONMENT") or "production"
        if environment not in _HOSTS:
            raise ValueError(f"EBAY_ENVIRONMENT is {environment!r}; set it to one of {', '.join(_HOSTS)}.")
        values = {**dict(zip(_ADDRESSES, _HOSTS[environment], strict=True)), **{k: v for k, v in variables.items() if v}}
        found = {name: values.get(name, "").strip().rstrip("/") for name in _NEEDED}
        return cls(
            environment=environment,
            client_id=found["EBAY_CLIENT_ID"],
            client_secret=found["EBAY_CLIENT_SECRET"],
            runame=found["EBAY_RUNAME"],
            authorize_url=found["EBAY_AUTHORIZE_URL"],
            api_url=found["EBAY_API_URL"],
            identity_url=found["EBAY_IDENTITY_URL"],
            per_day=_per_day(variables.get("EBAY_CALLS_PER_DAY", "")),
            missing=tuple(name for name in _NEEDED if not found[name]),
        )

    @property
    def trouble(self) -> str:
        if not self.missing:
            return ""
        return f"No eBay application is registered here. Set {', '.join(self.missing)}."

    @property
    def token_url(self) -> str:
        return f"{self.api_url}/identity/v1/oauth2/token"

    def order_url(self, external_id: str) -> str:
        """The order's page in the Seller Hub, for a person."""
        host = "www.sandbox.ebay.com" if self.environment == "sandbox" else "www.ebay.com"
        return f"https://{host}/mesh/ord/details?orderid={external_id}"


def _per_day(raised: str) -> Mapping[str, int]:
    """The quotas, with those over them that eBay has raised: ``trading=50000 order=250000``."""
    pairs = [pair.partition("=") for pair in raised.replace(",", " ").split()]
    wrong = [name for name, _, value in pairs if name not in _PER_DAY or not value.isdigit()]
    if wrong:
        known = ", ".join(_PER_DAY)
        raise ValueError(f"EBAY_CALLS_PER_DAY has {', '.join(wrong)}; write name=number, where the name is one of {known}.")
    return {**_PER_DAY, **{name: int(value) for name, _, value in pairs}}
