"""What the editor and `check` say, in the language of their reader: site/editor/i18n/*.po, then the public words."""

from gettext import NullTranslations
from pathlib import Path

from forms.core import i18n

FOLDER = Path(__file__).parents[1] / "i18n"


def translations(language: str) -> NullTranslations:
    """Return the words for staff in one language, with those of the district in the place of ours."""
    return i18n.translations(language, FOLDER)
