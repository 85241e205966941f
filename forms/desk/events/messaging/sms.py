"""The cost of an SMS: GSM 03.38 against UCS-2, the number of parts, and cheap characters instead of costly ones.

A text of the GSM alphabet has 160 signs in one part. One sign outside it turns the whole text into UCS-2, with 70 (3GPP
TS 23.038 and 23.040): an en dash or a narrow space doubles the price of an English text.
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
"""Signs that take two places."""

_SINGLE = {True: 160, False: 70}
_JOINED = {True: 153, False: 67}
"""Places in a text of one part, and in each part of a longer one, by whether it is of the GSM alphabet."""

_PLAIN = str.maketrans(
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
    """Return the text with plain signs where they make it a GSM text; else with plain spaces only.

    A text in an Indian script needs its joiners, and no sign changes its price.
    """
    spaced = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)
    simple = "".join(_without_accent(sign) for sign in spaced.translate(_PLAIN))
    return simple if is_gsm(simple) else spaced


def _without_accent(sign: str) -> str:
    if sign in _BASIC or sign in _EXTENDED:
        return sign
    base = unicodedata.normalize("NFKD", sign)
    bare = "".join(one for one in base if not unicodedata.combining(one))
    return bare if bare and is_gsm(bare) else sign


def is_gsm(text: str) -> bool:
    """Return whether all of the text is in the GSM alphabet."""
    return all(sign in _BASIC or sign in _EXTENDED for sign in text)


def parts(text: str) -> int:
    """Return of how many parts the text is sent; an operator charges each."""
    gsm = is_gsm(text)
    sizes = [_size(sign, gsm=gsm) for sign in text]
    if sum(sizes) <= _SINGLE[gsm]:
        return 1
    count, left = 1, _JOINED[gsm]
    for size in sizes:  # no sign is split between two parts
        if size > left:
            count, left = count + 1, _JOINED[gsm]
        left -= size
    return count


def _size(sign: str, *, gsm: bool) -> int:
    if gsm:
        return 2 if sign in _EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1  # noqa: PLR2004 - a surrogate pair (UTF-16)


@dataclass(frozen=True)
class Price:
    """What a number of texts costs. paise: of all parts; None where the district has not said what one costs."""

    texts: int
    parts: int
    paise: int | None

    @property
    def sentence(self) -> LazyText:
        """Return it in words."""
        said = lazy_ngettext(
            "%(count)s text, %(parts)s SMS parts", "%(count)s texts, %(parts)s SMS parts", self.texts, parts=self.parts
        )
        if self.paise is None:
            return lazy_gettext(
                "%(texts)s. What they cost is not known: write sms, paise_a_part into portal.yml.", texts=said
            )
        return lazy_gettext(
            "%(texts)s, about %(price)s.", texts=said, price=f"₹{self.paise // 100}.{self.paise % 100:02}"
        )


def price(texts: Iterable[str], paise_a_part: int | None) -> Price:
    """Return what these texts cost."""
    counts = [parts(text) for text in texts]
    return Price(len(counts), sum(counts), None if paise_a_part is None else paise_a_part * sum(counts))
