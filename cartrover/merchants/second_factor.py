"""Takes each code of an authenticator app once, for as long as the clocks would let it pass again."""

from __future__ import annotations

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from django.core.cache import cache


class _Once(forms.BaseAuthenticateForm):
    """allauth remembers a used code for one step of the clock. With the steps beside it allowed it passes for three."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        good_for = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
        if not cache.add(f"second-factor:{self.user.pk}:{normalize_user_code(code)}", True, good_for):
            self._emit_authentication_failed(self.authenticator)
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(_Once, forms.AuthenticateForm):
    """The second factor at a log-in."""


class ReauthenticateForm(_Once, forms.ReauthenticateForm):
    """The second factor before something that needs a fresh proof."""
