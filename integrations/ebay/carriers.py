"""Which of eBay's carrier codes a warehouse's name for a carrier means.

https://developer.ebay.com/devzone/xml/docs/reference/ebay/types/ShippingCarrierCodeType.html
"""

from __future__ import annotations

OTHER = "Other"

# Codes that eBay calls unsupported are left out: a number under one of them is refused.
_CODES = """
A1CourierServices ABF ALLIEDEXPRESS AMWST APC ARAMEX ARVATO ASM AVRT AeroPost AnPost AustraliaPost AustralianAirExpress
BELGIANPOST BKNS BPost Bartolini BluePackage BusinessPost CENF CEVA CHUKOU1 CNWY CPC CanPar ChinaPost Chronoexpres Chronopost
ChunghwaPost CitiPost CityLink ClickandQuick ColiposteDomestic ColiposteInternational Colissimo CollectPlus Correos DAIPost
DBSchenker DHL DHLEKB DHLEXPRESS DHLGlobalMail DPD DPXThailand DayandRoss DeutschePost DieSchweizerischePost EGO Exapaq
FASTWAYCOURIERS FLYT FLYTExpress Fastway FedEx FedExSmartPost FlytExpressUSDirectline FourPX FourPXCHINA FourPXExpress
FourPXLTD FulfilExpressAccStation FulfilExpressEverydaySource FulfilExpresseForCity FulfilExpressiTrimming GLS HDUSA
HUNTEREXPRESS Hermes HongKongPost IndiaPost IndonesiaPost InterPost Interlink IoInvio Iparcel IsraelPost JapanPost KIALA
KoreaPost LAPOSTE Landmark MALAYSIAPOST MNGTurkey MRW MSI MannaFreight Metapack MondialRelay NEMF Nacex ODFL ONTRACK OVNT
OsterreichischePostAG PITD POSTITALIANO ParcelPool Parcelforce Philpost Pilot PocztaPolska Pocztex PostNL PostNordNorway
PosteItaliane Prestige Quantium RETL RoyalMail SAIA SDA SINGAPOREPOST SMARTSEND Seur Siodemka SioliandFontana SkynetMalaysia
Sogetras Spediamo SpeeDee StarTrack SuntekExpressLTD SwissPost TELE TEMANDO THAILANDPOST TPG Toll UBI UKMail UPS
UPSMailInnovations USPS USPSCeP USPSPMI VITR VietnamPost WNdirect WPX Winit YANWEN YRC Yodel iLoxx
"""

CARRIERS = (*_CODES.split(), OTHER)

_ALIASES = {
    "UPS": "united parcel service, ups standard, ups express, ups saver, ups surepost, ups freight ltl",
    "UPSMailInnovations": "ups mi, ups mail",
    "USPS": "us postal service, united states postal service, us mail, u.s.p.s., stamps.com, endicia, pitney bowes",
    "FedEx": "federal express, fedex ground, fedex home delivery, fedex express, fdx",
    "FedExSmartPost": "fedex ground economy, smartpost",
    "DHL": "dhl paket, dhl parcel, dhl germany, dhl de, dhl uk",
    "DHLEXPRESS": "dhl express worldwide, dhl international",
    "DHLGlobalMail": "dhl ecommerce, dhl e-commerce, dhl global mail, dhl ecs, dhlg",
    "DeutschePost": "deutsche post ag, dpag, deutsche post brief",
    "Hermes": "hermes world, hermes germany, evri, my hermes, hermes uk, hermes group",
    "RoyalMail": "royal mail group, royalmail tracked, rm tracked, royal mail click & drop",
    "Parcelforce": "parcel force, parcelforce worldwide",
    "DPD": "dpd uk, dpd germany, dpd local, dynamic parcel distribution, dpd group",
    "Exapaq": "dpd france",
    "Siodemka": "dpd poland, dpd polska",
    "Interlink": "interlink express",
    "GLS": "general logistics systems, gls germany, gls group",
    "UKMail": "uk mail, dhl parcel uk",
    "Yodel": "home delivery network, hdnl",
    "CollectPlus": "collect+, collect plus",
    "APC": "apc overnight, apc postal logistics",
    "AnPost": "an post, an post ireland",
    "LAPOSTE": "la poste, laposte france",
    "Colissimo": "la poste colissimo, coliposte",
    "Chronopost": "chronopost france",
    "MondialRelay": "mondial relay",
    "PosteItaliane": "poste italiane, poste, crono",
    "Bartolini": "brt, brt bartolini, brt corriere espresso",
    "SDA": "sda express courier, sda express",
    "Correos": "correos express, correos espana",
    "Seur": "seur dpd",
    "PostNL": "post nl, postnl netherlands, tnt post",
    "BPost": "b-post, bpost belgium",
    "SwissPost": "swiss post, post ch, la poste suisse",
    "DieSchweizerischePost": "schweizerische post",
    "OsterreichischePostAG": "oesterreichische post, osterreichische post, österreichische post, austrian post, post at",
    "PocztaPolska": "poczta polska, polish post",
    "PostNordNorway": "postnord, post nord",
    "AustraliaPost": "australia post, auspost, aus post, eparcel",
    "StarTrack": "star track, startrack express",
    "FASTWAYCOURIERS": "fastway couriers, fastway australia, aramex australia",
    "Toll": "toll ipec, toll priority, toll group",
    "CanPar": "canpar express, canpar courier",
    "ChinaPost": "china post, china ems, epacket",
    "FourPX": "4px",
    "FourPXExpress": "4px express, 4px worldwide express",
    "YANWEN": "yanwen express, yanwen logistics",
    "Winit": "win.it",
    "JapanPost": "japan post, jp post, japan ems",
    "KoreaPost": "korea post",
    "HongKongPost": "hongkong post, hong kong post, hk post",
    "SINGAPOREPOST": "singapore post, singpost",
    "MALAYSIAPOST": "malaysia post, pos malaysia",
    "Philpost": "phlpost, philippine post",
    "THAILANDPOST": "thailand post, thai post",
    "IndiaPost": "india post",
    "ONTRACK": "ontrac",
    "Prestige": "lasership, laser ship",
    "SpeeDee": "spee-dee delivery, spee dee",
    "CNWY": "xpo, xpo logistics, con-way",
    "ODFL": "old dominion, old dominion freight line",
    "SAIA": "saia ltl",
    "ABF": "abf freight, arcbest",
    "YRC": "yrc freight, yellow freight",
    "DBSchenker": "schenker, db schenker",
    "Landmark": "landmark global",
    "Iparcel": "ups i-parcel, i-parcel",
    "ARAMEX": "aramex express",
    "MNGTurkey": "mng kargo",
    "IsraelPost": "israel post",
    "TPG": "tpg logistics",
}


def carrier_code(name: str) -> str:
    """eBay's code for a carrier as a warehouse calls it, with or without a service behind it; ``Other`` for a stranger."""
    words = _words(name)
    for count in range(len(words), 0, -1):
        code = _KNOWN.get("".join(words[:count]))
        if code:
            return code
    return OTHER


def _words(name: str) -> list[str]:
    """Letters and digits only, in lower case, broken where the name has a space or an underscore."""
    spaced = name.lower().replace("_", " ").split()
    return [word for word in ("".join(filter(str.isalnum, part)) for part in spaced) if word]


_KNOWN = {"".join(_words(code)): code for code in _CODES.split()}
_KNOWN |= {"".join(_words(alias)): code for code, aliases in _ALIASES.items() for alias in aliases.split(",")}
