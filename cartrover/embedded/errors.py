class EmbeddedError(Exception):
    """Something on this machine keeps us from starting. The message is a sentence that says what to do."""


class AlreadyRunning(EmbeddedError):
    """Another process holds the data folder."""
