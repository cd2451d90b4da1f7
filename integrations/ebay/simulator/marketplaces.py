"""The sites the stand-in sells on: currency, country, how parcels go there, and where its shoppers live."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """``services`` are (service code, carrier code or "", price); ``places`` (street, city, state or "", postcode)."""

    currency: str
    country: str
    locale: str
    services: tuple[tuple[str, str, str], ...]
    places: tuple[tuple[str, str, str, str], ...]
    names: tuple[str, ...]


_US_PLACES = (
    ("1480 Larimer St", "Denver", "CO", "80202"),
    ("77 Bleecker St Apt 4B", "New York", "NY", "10012-1533"),
    ("2203 Oak Hollow Dr", "Austin", "TX", "78704"),
    ("915 Calle Loíza", "San Juan", "Puerto Rico", "00911"),
    ("31 Fern Ave", "Birmingham", "AL", "35209"),
)
_US_NAMES = ("Dana Whitfield", "Marcus O'Neil", "Priya Raman", "José Rivera", "Ellen Brandt-Cole")
_DE_PLACES = (
    ("Lindenstraße 12", "Arnsberg", "", "59821"),
    ("Große Bleichen 3", "Hamburg", "", "20354"),
    ("Am Würmtalbahnhof 7a", "Nittenau", "", "93149"),
    ("Königsallee 90", "Düsseldorf", "", "40212"),
)
_DE_NAMES = ("Jürgen Müßig", "Anke Schröder", "Fatma Yıldız", "Bärbel von der Höh", "Lukas Weiß")
_BE_SERVICES = (("BE_BPostStandard", "BPost", "6.5"),)
_EN_NAMES = ("Fiona Gallagher", "Tom Ashworth", "Aoife O'Brien", "Samir Patel", "Grace Lee")
_AIR = (("OtherInternational", "", "12.0"),)

SITES: dict[str, Site] = {
    "EBAY_US": Site(
        "USD",
        "US",
        "en-US",
        (("UPSGround", "UPS", "9.95"), ("USPSPriority", "USPS", "7.9"), ("FedExHomeDelivery", "FedEx", "11.2")),
        _US_PLACES,
        _US_NAMES,
    ),
    "EBAY_MOTORS_US": Site("USD", "US", "en-US", (("UPSGround", "UPS", "14.5"),), _US_PLACES, _US_NAMES),
    "EBAY_CA": Site(
        "CAD",
        "CA",
        "en-CA",
        (("CA_PostExpeditedParcel", "", "13.4"),),
        (("210 Rue Saint-Paul O", "Montréal", "QC", "H2Y 1Z8"), ("55 Harbour Sq", "Toronto", "ON", "M5J 2L1")),
        ("Chloé Tremblay", "Liam MacDonald", "Noor Hassan"),
    ),
    "EBAY_GB": Site(
        "GBP",
        "GB",
        "en-GB",
        (("UK_RoyalMailSecondClassStandard", "RoyalMail", "3.35"), ("UK_myHermesDoorToDoorService", "Hermes", "2.99")),
        (
            ("Flat 2, 14 Gillygate", "York", "North Yorkshire", "YO31 7EQ"),
            ("8 Clifton Down Rd", "Bristol", "", "BS8 4AD"),
            ("Rose Cottage, Mill Lane", "Ledbury", "Herefordshire", "HR8 1EA"),
            ("221 Byres Rd", "Glasgow", "", "G12 8UD"),
        ),
        _EN_NAMES,
    ),
    "EBAY_AU": Site(
        "AUD",
        "AU",
        "en-AU",
        (("AU_Regular", "AustraliaPost", "9.3"),),
        (("2/41 Fitzroy St", "St Kilda", "VIC", "3182"), ("9 Boundary Rd", "Mooroopna", "VIC", "3629")),
        _EN_NAMES,
    ),
    "EBAY_AT": Site(
        "EUR",
        "AT",
        "de-AT",
        (("AT_StandardDispatch", "OsterreichischePostAG", "5.9"),),
        (("Mariahilfer Straße 88/12", "Wien", "", "1070"), ("Getreidegasse 21", "Salzburg", "", "5020")),
        _DE_NAMES,
    ),
    "EBAY_BE": Site(
        "EUR",
        "BE",
        "nl-BE",
        _BE_SERVICES,
        (("Veldstraat 61 bus 3", "Gent", "", "9000"), ("Rue Neuve 15", "Bruxelles", "", "1000")),
        ("Joris De Smet", "Élise Lambert", "Wout Peeters"),
    ),
    "EBAY_FR": Site(
        "EUR",
        "FR",
        "fr-FR",
        (("FR_ColiPoste", "Colissimo", "6.99"), ("FR_RemiseEnPointRelais", "MondialRelay", "4.2")),
        (("27 rue de la République", "Lyon", "", "69002"), ("3 bis impasse des Lilas", "Brest", "", "29200")),
        ("Éloïse Garçon", "Thierry Lefèvre", "Amélie Noël"),
    ),
    "EBAY_DE": Site(
        "EUR",
        "DE",
        "de-DE",
        (("DE_DHLPaket", "DHL", "5.49"), ("DE_DPDClassic", "DPD", "4.95"), ("DE_HermesPaket", "Hermes", "4.5")),
        _DE_PLACES,
        _DE_NAMES,
    ),
    "EBAY_IT": Site(
        "EUR",
        "IT",
        "it-IT",
        (("IT_PaccoCelere3", "PosteItaliane", "8.9"),),
        (("Via dei Giubbonari 30", "Roma", "RM", "00186"), ("Corso Como 5", "Milano", "MI", "20154")),
        ("Niccolò Ferrari", "Giulia D'Angelo", "Chiara Bruno"),
    ),
    "EBAY_NL": Site(
        "EUR",
        "NL",
        "nl-NL",
        (("NL_StandardDelivery", "PostNL", "6.95"),),
        (("Prinsengracht 263-H", "Amsterdam", "", "1016 GV"), ("Witte de Withstraat 9", "Rotterdam", "", "3012 BK")),
        ("Sanne van Dijk", "Daan 't Hart", "Noor Bakker"),
    ),
    "EBAY_ES": Site(
        "EUR",
        "ES",
        "es-ES",
        (("ES_CorreosDeEspanaPaqueteAzul", "Correos", "7.1"), ("ES_SeurStandard", "Seur", "6.8")),
        (("Calle Mayor 18, 3º izq.", "Madrid", "Madrid", "28013"), ("C/ Colón 4", "València", "Valencia", "46004")),
        ("Begoña Núñez", "Íñigo Muñoz", "Lucía Peña"),
    ),
    "EBAY_CH": Site(
        "CHF",
        "CH",
        "de-CH",
        (("CH_StandardDispatchAPost", "DieSchweizerischePost", "9.0"),),
        (("Bahnhofstrasse 52", "Zürich", "", "8001"), ("Rue du Rhône 14", "Genève", "", "1204")),
        ("Reto Zürcher", "Céline Favre", "Urs Bühler"),
    ),
    "EBAY_HK": Site(
        "HKD",
        "HK",
        "zh-HK",
        (("HK_LocalCourier", "HongKongPost", "30.0"),),
        (("Flat B, 12/F, 88 Nathan Road", "Tsim Sha Tsui", "Kowloon", "000000"),),
        ("陳大文", "Wong Siu Ming"),
    ),
    "EBAY_IE": Site(
        "EUR",
        "IE",
        "en-IE",
        (("IE_SellersStandardRate", "AnPost", "7.5"),),
        (("12 Dawson St", "Dublin 2", "Dublin", "D02 N725"), ("4 Shop St", "Galway", "", "H91 F5TN")),
        _EN_NAMES,
    ),
    "EBAY_MY": Site(
        "MYR",
        "MY",
        "en-MY",
        (("MY_PosLajuNational", "MALAYSIAPOST", "8.0"),),
        (("27 Jalan Bukit Bintang", "Kuala Lumpur", "Wilayah Persekutuan", "55100"),),
        ("Nurul Aisyah", "Tan Wei Jie"),
    ),
    "EBAY_PH": Site(
        "PHP",
        "PH",
        "en-PH",
        (("PH_Standard", "Philpost", "150.0"),),
        (("45 Katipunan Ave", "Quezon City", "Metro Manila", "1108"),),
        ("Maria Santos", "Ramon Peña"),
    ),
    "EBAY_PL": Site(
        "PLN",
        "PL",
        "pl-PL",
        (("PL_DomesticRegular", "PocztaPolska", "14.99"),),
        (("ul. Świętokrzyska 20/5", "Łódź", "", "90-001"), ("al. Jana Pawła II 11", "Kraków", "", "30-001")),
        ("Małgorzata Dąbrowska", "Paweł Łuczak"),
    ),
    "EBAY_SG": Site(
        "SGD",
        "SG",
        "en-SG",
        (("SG_DomesticNonTracked", "SINGAPOREPOST", "4.0"),),
        (("Blk 35 Mandalay Road #13-37", "Singapore", "", "308215"),),
        ("Lim Hui Ling", "Rajesh Kumar"),
    ),
    "EBAY_TW": Site("TWD", "TW", "zh-TW", _AIR, (("信義路五段7號", "臺北市", "", "110"),), ("林淑芬", "王小明")),
}

LOCALES = frozenset(site.locale for site in SITES.values()) | {"fr-CA", "fr-BE", "en-MY", "en-SG"}
