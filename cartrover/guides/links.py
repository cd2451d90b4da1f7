"""Where something is explained: addresses of guides and of their steps, for forms and messages."""

from __future__ import annotations

from django.urls import reverse

from integrations import registry


def guide_url(slug: str, step: str = "") -> str:
    """The guide of an integration, at the step that explains something: ``/guides/tradegecko/#location-id``.

    Empty where the integration has no guide.
    """
    if registry.get(slug).guide is None:
        return ""
    page = reverse("guide", args=[slug])
    return f"{page}#{step}" if step else page
