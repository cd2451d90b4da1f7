"""Wiring only: every setting comes from the environment (see environment.py), wrong values fail loudly."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from cartrover.environment import (
    ENVIRONMENT,
    only_known,
    read_address,
    read_database,
    read_flag,
    read_keys,
    read_list,
    read_mail,
    read_number,
    read_required,
)

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")  # what the environment says already wins
env = os.environ

__all__ = ["ENVIRONMENT"]

SECRET_KEY = read_required(env, "SECRET_KEY")
DEBUG = read_flag(env, "DEBUG")
DEMO = read_flag(env, "DEMO")
PORTAL_URL = read_address(env, "PORTAL_URL", default="http://localhost:8000")
_portal = urlsplit(PORTAL_URL)
SECURE = _portal.scheme == "https"
ALLOWED_HOSTS = [_portal.hostname or "", *read_list(env, "ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "cartrover.portal.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "js_lib_bootstrap5",
    "cartrover.merchants",
    "cartrover.connections",
    "cartrover.events",
    "cartrover.mail",
    "cartrover.orders",
    "cartrover.inventory",
    "cartrover.packing",
    "cartrover.sync",
    "cartrover.guides",
    "cartrover.portal",
]

# Delete an integration's folder and its line here, and it is gone.
INTEGRATIONS = ["integrations.ebay", "integrations.tradegecko", "integrations.portal"]
INTEGRATION_ENVIRONMENT = {**only_known(env), "PORTAL_URL": PORTAL_URL}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cartrover.portal.middleware.OneHostMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "cartrover.portal.middleware.NoNulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cartrover.merchants.middleware.MerchantMiddleware",
]

ROOT_URLCONF = "cartrover.urls"
WSGI_APPLICATION = "cartrover.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cartrover.portal.context.portal",
            ],
            "builtins": ["cartrover.portal.templatetags.portal"],
        },
    }
]

# --- data

_options: dict[str, Any] = {"connect_timeout": 10, "application_name": "cartrover"}
DATABASES: dict[str, dict[str, Any]] = {
    "default": {**read_database(env, "DATABASE_URL"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": _options},
    "owner": {**read_database(env, "DATABASE_OWNER_URL"), "OPTIONS": _options},
}
DATABASE_ROUTERS = ["cartrover.merchants.routers.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Sessions and the cache live in PostgreSQL, so that sign-in and rate limits survive Redis.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Django's 300 entries would let whoever guesses at 300 accounts push out what is remembered of the others.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
REDIS_URL = read_required(env, "REDIS_URL")
CREDENTIAL_KEYS = read_keys(env, "CREDENTIAL_KEYS")

# --- people

AUTH_USER_MODEL = "merchants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "cartrover.mail.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _portal.scheme
ALLAUTH_TRUSTED_PROXY_COUNT = int(read_number(env, "TRUSTED_PROXIES", 0, least=0))
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "CartRover"
# A code that was typed in the last second of its thirty is not a wrong one; each is still taken once.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "cartrover.merchants.second_factor.AuthenticateForm",
    "reauthenticate": "cartrover.merchants.second_factor.ReauthenticateForm",
}
# Browsers count http://localhost as secure, and offer passkeys nowhere else without https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _portal.hostname == "localhost"

# --- the browser

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["cartrover.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "img-src": [SELF, "data:"],
    }
}
UNFOLD = {
    "SITE_TITLE": "CartRover operator",
    "SITE_HEADER": "CartRover operator",
    "SITE_ICON": f"{STATIC_URL}img/logo.svg",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"{STATIC_URL}img/logo.svg"}],
    "COLORS": {
        "primary": {
            "50": "#f0f9f7",
            "100": "#e3f3ef",
            "200": "#b9e0d7",
            "300": "#84cabb",
            "400": "#3fc1ab",
            "500": "#17917e",
            "600": "#0b6e5f",
            "700": "#095a4e",
            "800": "#0b483f",
            "900": "#0d3a34",
            "950": "#06201b",
        }
    },
}
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-cartrover_session" if SECURE else "cartrover_session"
CSRF_COOKIE_NAME = "__Host-cartrover_csrf" if SECURE else "cartrover_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = SECURE and ALLAUTH_TRUSTED_PROXY_COUNT == 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE and ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE

# --- mail

vars().update(read_mail(env, "EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.get("DEFAULT_FROM_EMAIL") or f"CartRover <no-reply@{_portal.hostname}>"
SUPPORT_EMAIL = env.get("SUPPORT_EMAIL", "")
SUPPORT_URL = env.get("SUPPORT_URL", "")
OUTBOUND_ADDRESSES = read_list(env, "OUTBOUND_ADDRESSES")

SETUP_LINK_DAYS = int(read_number(env, "SETUP_LINK_DAYS", 7, least=1))

# --- the engine

WORKER_SLOTS = int(read_number(env, "WORKER_SLOTS", 8, least=1))
KEPT_DAYS = int(read_number(env, "KEPT_DAYS", 90, least=30))
ENGINE_PACE = read_number(env, "ENGINE_PACE", 1, least=1)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
