"""A text in several languages, as the portal holds it."""

from collections.abc import Mapping

Text = Mapping[str, str]
"""A text in several languages: language code (BCP 47) to words."""


def pick(text: Text, language: str) -> str:
    """Return the text in this language, or else in English, or else ""."""
    return text.get(language) or text.get("en", "")
