"""How the admin writes times: operators sit in any zone, so each names the one that it is in, to the second."""

DATETIME_FORMAT = "j\xa0M\xa0Y, H:i:s\xa0e"
