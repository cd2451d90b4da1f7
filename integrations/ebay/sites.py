"""The marketplaces a member can sell on. https://developer.ebay.com/api-docs/static/rest-request-components.html#marketpl"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.contract import Variant


@dataclass(frozen=True, slots=True)
class Site:
    """``site_ids`` is the Trading API's number of the site in each of its languages; None where that API has none."""

    code: str
    name: str
    country: str
    currency: str
    site_ids: Mapping[str, int | None]

    @property
    def locale(self) -> str:
        return next(iter(self.site_ids))


_ALL = (
    Site("EBAY_US", "United States", "US", "USD", {"en-US": 0}),
    Site("EBAY_MOTORS_US", "eBay Motors (United States)", "US", "USD", {"en-US": 100}),
    Site("EBAY_CA", "Canada", "CA", "CAD", {"en-CA": 2, "fr-CA": 210}),
    Site("EBAY_GB", "United Kingdom", "GB", "GBP", {"en-GB": 3}),
    Site("EBAY_AU", "Australia", "AU", "AUD", {"en-AU": 15}),
    Site("EBAY_AT", "Austria", "AT", "EUR", {"de-AT": 16}),
    Site("EBAY_BE", "Belgium", "BE", "EUR", {"nl-BE": 123, "fr-BE": 23}),
    Site("EBAY_FR", "France", "FR", "EUR", {"fr-FR": 71}),
    Site("EBAY_DE", "Germany", "DE", "EUR", {"de-DE": 77}),
    Site("EBAY_IT", "Italy", "IT", "EUR", {"it-IT": 101}),
    Site("EBAY_NL", "Netherlands", "NL", "EUR", {"nl-NL": 146}),
    Site("EBAY_ES", "Spain", "ES", "EUR", {"es-ES": 186}),
    Site("EBAY_CH", "Switzerland", "CH", "CHF", {"de-CH": 193}),
    Site("EBAY_HK", "Hong Kong", "HK", "HKD", {"zh-HK": 201}),
    Site("EBAY_IE", "Ireland", "IE", "EUR", {"en-IE": 205}),
    Site("EBAY_MY", "Malaysia", "MY", "MYR", {"en-MY": 207}),
    Site("EBAY_PH", "Philippines", "PH", "PHP", {"en-PH": 211}),
    Site("EBAY_PL", "Poland", "PL", "PLN", {"pl-PL": 212}),
    Site("EBAY_SG", "Singapore", "SG", "SGD", {"en-SG": 216}),
    Site("EBAY_TW", "Taiwan", "TW", "TWD", {"zh-TW": None}),
)

SITES: Mapping[str, Site] = {site.code: site for site in _ALL}

_LANGUAGES = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "zh": "Chinese",
}


def _variant(site: Site) -> Variant:
    languages = " · ".join(_LANGUAGES[locale[:2]] for locale in site.site_ids)
    return Variant(site.code, site.name, site.country, site.currency, languages)


VARIANTS = tuple(_variant(site) for site in _ALL)

# Whose buyers give a tax number for the invoice, which only getOrder tells.
WITH_TAX_NUMBERS = frozenset({"EBAY_IT", "EBAY_ES"})
