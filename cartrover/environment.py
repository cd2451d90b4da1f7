"""What the installation's environment may say. ``.env.example`` documents the same names; a test keeps them equal.

A wrong value stops the start with a sentence that says what to set.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

ENVIRONMENT: dict[str, str] = {
    "SECRET_KEY": "Django's signing key: at least 50 random characters.",
    "DEBUG": "1 shows tracebacks in the browser. Never on a public host.",
    "DEMO": "1 shows the demo's log-ins on the sign-in page.",
    "PORTAL_URL": "The portal's own address, without a path: https://portal.example.com.",
    "ALLOWED_HOSTS": "Further host names that the portal answers to, separated by commas.",
    "TRUSTED_PROXIES": "How many reverse proxies stand in front of the portal (0 when none).",
    "DATABASE_URL": "PostgreSQL 16 or later, as the application's login cartrover_app.",
    "DATABASE_OWNER_URL": "The same database as its owner cartrover_owner: only migrations use it.",
    "REDIS_URL": "Redis 6.2 or later, which carries hints between the processes.",
    "CREDENTIAL_KEYS": "Keys that seal stored tokens: id:base64 of 32 bytes, newest first, separated by commas.",
    "EMAIL_URL": (
        "Where mail goes: smtp+tls://user:password@host:587, smtp+ssl://, smtp://, or a provider that django-anymail knows, "
        "with its settings: anymail+postmark://?server_token=..., anymail+mailgun://?api_key=...&sender_domain=...; "
        "empty prints it."
    ),
    "DEFAULT_FROM_EMAIL": "The sender of every mail.",
    "SUPPORT_EMAIL": "Where merchants ask for help.",
    "SUPPORT_URL": "A page where merchants ask for help.",
    "SETUP_LINK_DAYS": "For how many days a mailed link works: a setup link to an account's owner, an invitation to a team.",
    "OUTBOUND_ADDRESSES": "The IP addresses that this installation calls from, for merchants to allow.",
    "WORKER_SLOTS": "How many streams all workers together run at once.",
    "KEPT_DAYS": "For how many days mail that was sent and work that has ended stay listed: 90 where it is empty, at least 30.",
    "ENGINE_PACE": "1 is the real pace; a larger number shortens every duration of the engine, for demos and tests.",
    "EBAY_CLIENT_ID": "App ID of the eBay application.",
    "EBAY_CLIENT_SECRET": "Cert ID of the eBay application.",
    "EBAY_RUNAME": "RuName whose accepted address is PORTAL_URL/oauth/callback/ebay/.",
    "EBAY_ENVIRONMENT": "production, sandbox or simulator.",
    "EBAY_AUTHORIZE_URL": "eBay's authorise page.",
    "EBAY_API_URL": "eBay's API host.",
    "EBAY_IDENTITY_URL": "eBay's second API host (apiz), which tells whose account it is.",
    "EBAY_CALLS_PER_DAY": "Daily quotas that eBay has raised for the application: trading=50000 order=500000.",
    "TRADEGECKO_CLIENT_ID": "Application id at the TradeGecko-compatible service.",
    "TRADEGECKO_CLIENT_SECRET": "Its secret.",
    "TRADEGECKO_ENVIRONMENT": "production or simulator.",
    "TRADEGECKO_AUTHORIZE_URL": "Its authorise page. TradeGecko's public service has ended, so there is no default.",
    "TRADEGECKO_API_URL": "Its API host.",
    "TRADEGECKO_WEB_URL": "Its pages for people, where orders are linked to.",
}


def read_list(environment: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in environment.get(name, "").split(",") if part.strip()]


def read_flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "").strip().lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to 1 or 0.")
    return value in ("1", "true", "yes", "on")


def read_number(environment: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    try:
        value = float(environment.get(name) or default)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {environment[name]!r}. Set it to a number.") from None
    if value < least:
        raise ImproperlyConfigured(f"{name} is {value:g}. Set it to {least:g} or more.")
    return value


def read_required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {ENVIRONMENT[name]} `make demo` needs none of this.")
    return value


def read_address(environment: Mapping[str, str], name: str, *, default: str = "") -> str:
    """An http or https address without a path at its end."""
    value = (environment.get(name) or default).strip().rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to an address such as https://portal.example.com.")
    return value


def read_database(environment: Mapping[str, str], name: str) -> dict[str, object]:
    """A postgresql:// address as a Django database. A host of ``?host=`` may be a socket's folder."""
    import environ

    value = read_required(environment, name)
    if not value.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} must begin with postgresql://; CartRover needs PostgreSQL 16 or later.")
    parsed = environ.Env.db_url_config(value)
    host = parsed.get("OPTIONS", {}).pop("host", None)
    if host:
        parsed["HOST"] = host
    port = parsed.get("OPTIONS", {}).pop("port", None)
    if port:
        parsed["PORT"] = port
    return {**parsed, "ENGINE": "django.db.backends.postgresql"}


MAIL_PATIENCE = 15  # seconds that the mail server has for each answer


def read_mail(environment: Mapping[str, str], name: str) -> dict[str, object]:
    """Django's settings for a mail server, or django-anymail's for a provider, from one address."""
    import environ

    value = environment.get(name, "").strip()
    if not value:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(value)
    if parts.scheme.startswith("anymail+"):
        return _read_provider(name, parts.scheme.removeprefix("anymail+"), parts.query)
    try:
        return {**environ.Env.email_url_config(value), "EMAIL_TIMEOUT": MAIL_PATIENCE}
    except (ImproperlyConfigured, ValueError):
        raise ImproperlyConfigured(f"{name} is not an address of a mail server. {ENVIRONMENT[name]}") from None


def _read_provider(name: str, provider: str, query: str) -> dict[str, object]:
    provider = provider.replace("-", "_")
    if not provider.isidentifier() or find_spec(f"anymail.backends.{provider}") is None:
        raise ImproperlyConfigured(f"{name} names {provider!r}, a provider that django-anymail does not know.")
    wanted = {f"{provider}_{key}".upper(): text for key, text in parse_qsl(query)}
    return {
        "EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend",
        "ANYMAIL": {**wanted, "REQUESTS_TIMEOUT": MAIL_PATIENCE},
    }


def read_keys(environment: Mapping[str, str], name: str) -> dict[str, bytes]:
    """Key id to 32 bytes, in the order given: the first one seals."""
    keys: dict[str, bytes] = {}
    for part in read_list(environment, name):
        key_id, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id or len(key) != 32:
            raise ImproperlyConfigured(f"{name}: {key_id!r} is not an id and the base64 of 32 bytes, as in k1:...=")
        keys[key_id] = key
    if not keys:
        raise ImproperlyConfigured(f"{name} is not set. {ENVIRONMENT[name]}")
    return keys


def only_known(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that are ours, for the integrations."""
    return {name: environment[name] for name in ENVIRONMENT if environment.get(name)}
