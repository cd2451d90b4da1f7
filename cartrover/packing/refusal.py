"""Why the desk does not do what it is asked, in words for whoever stands at it."""

from __future__ import annotations


class Refusal(Exception):
    """``words`` is a sentence for the page."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words
