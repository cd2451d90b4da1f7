"""What the pages round the pop-up tell the browser: which window may know of which."""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import HttpResponse

View = Callable[..., HttpResponse]


def opens_windows(view: View) -> View:
    """A page that opens the provider's window, which the portal's usual policy would cut off from it."""

    @functools.wraps(view)
    def opening(*args: object, **kwargs: object) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
        return response

    return opening


def comes_back(view: View) -> View:
    """The page that the provider sends the window back to: no policy, else the window could not close itself.

    Its address holds the provider's code, so it goes into no cache and no Referer.
    """

    @functools.wraps(view)
    def coming(*args: object, **kwargs: object) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Cross-Origin-Opener-Policy"] = "unsafe-none"
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        return response

    return coming
