"""The cost of an SMS: its encoding (GSM 03.38 or UCS-2), the number of parts, and replacements for costly characters.

A part holds 160 characters of the GSM alphabet. One character outside it turns the whole text into UCS-2, with 70 in a
part (3GPP TS 23.038 and 23.040): an en dash or a narrow space doubles the price of an English text.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from forms.core.i18n.lazy_text import LazyText, lazy_gettext, lazy_ngettext

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Characters that take the place of two."""

_SINGLE_PART = {True: 160, False: 70}
_JOINED_PART = {True: 153, False: 67}
"""Characters in a text of one part, and in each part of a longer one, by whether all are in the GSM alphabet."""

_REPLACEMENTS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad\u2043", "-"),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u00b7\u2022\u2027", "-"),
        **dict.fromkeys("\u200b\u2060\ufeff\u200e\u200f\u200c\u200d", ""),
        "\u2026": "...",
        "\u20b9": "Rs ",
        "\t": " ",
        "\u2044": "/",
    }
)


def to_cheapest_characters(text: str) -> str:
    """Return the text with simple characters if that makes it a GSM text; otherwise only with simple spaces.

    A text in an Indian script needs its joiners, and replacing characters would not make it cheaper.
    """
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    simple = "".join(_without_accent(char) for char in spaced.translate(_REPLACEMENTS))
    return simple if is_gsm(simple) else spaced


def _without_accent(char: str) -> str:
    if char in _BASIC or char in _EXTENDED:
        return char
    decomposed = unicodedata.normalize("NFKD", char)
    base = "".join(part for part in decomposed if not unicodedata.combining(part))
    return base if base and is_gsm(base) else char


def is_gsm(text: str) -> bool:
    """Return whether all of the text is in the GSM alphabet."""
    return all(char in _BASIC or char in _EXTENDED for char in text)


def count_parts(text: str) -> int:
    """Return the number of parts in which the text is sent; an operator charges for each."""
    gsm = is_gsm(text)
    sizes = [_size(char, gsm=gsm) for char in text]
    if sum(sizes) <= _SINGLE_PART[gsm]:
        return 1
    count, remaining = 1, _JOINED_PART[gsm]
    for size in sizes:  # a character is never split between two parts
        if size > remaining:
            count, remaining = count + 1, _JOINED_PART[gsm]
        remaining -= size
    return count


def _size(char: str, *, gsm: bool) -> int:
    if gsm:
        return 2 if char in _EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1  # noqa: PLR2004 - a surrogate pair (UTF-16)


@dataclass(frozen=True)
class Price:
    """The price of some texts. paise: that of all parts; None if the district's price of a part is unknown."""

    texts: int
    parts: int
    paise: int | None

    @property
    def sentence(self) -> LazyText:
        """The price in words."""
        texts = lazy_ngettext(
            "%(count)s text, %(parts)s SMS parts", "%(count)s texts, %(parts)s SMS parts", self.texts, parts=self.parts
        )
        if self.paise is None:
            return lazy_gettext(
                "%(texts)s. What they cost is not known: write sms, paise_a_part into portal.yml.", texts=texts
            )
        return lazy_gettext(
            "%(texts)s, about %(price)s.", texts=texts, price=f"₹{self.paise // 100}.{self.paise % 100:02}"
        )


def price(texts: Iterable[str], paise_a_part: int | None) -> Price:
    """Return the price of these texts."""
    counts = [count_parts(text) for text in texts]
    return Price(len(counts), sum(counts), None if paise_a_part is None else paise_a_part * sum(counts))
