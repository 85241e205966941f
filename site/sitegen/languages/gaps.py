"""What a language lacks in this program or on this machine, each with its substitute."""

from collections.abc import Iterator

from forms.core import i18n
from forms.core.i18n import locales
from sitegen.media import speech
from sitegen.print import leaflets


def in_program(language: str) -> Iterator[str]:
    """Yield a sentence if CLDR has no data of a language, and one if the program has no translations."""
    if not locales.has_data(language):
        like = locales.english_name(locales.script(language).like.partition("_")[0])
        yield f"CLDR does not know how {language} writes days and months: they stand as in {like}."
    if not i18n.has_words(language):
        yield f"The program brings no words in {language}: what content/words/{language}.po lacks stands in English."


def on_machine(language: str, voice: str = "") -> Iterator[str]:
    """Yield a sentence if this machine has no voice for a language, and one if it has no typeface for print.

    voice: the one that portal.yml names.
    """
    if not speech.has_voice(voice or language):
        yield (
            f"eSpeak NG has no voice for {language}: pages can be heard where somebody has recorded them "
            f"(content/media/audio/{language}/), and else not at all."
        )
    if missing_typeface := leaflets.missing_typeface(language):
        yield missing_typeface
