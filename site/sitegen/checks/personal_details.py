"""Words that may show who or where somebody is. A help for writers; finding none proves nothing."""

import re

from forms.core.i18n.lazy_text import lazy_gettext as _

SMALL_PLACE = _("a place smaller than the taluk")

# These do not find names without a title, or places that are not called a village or street.
_PATTERNS = (
    (re.compile(r"(?<![\d/-])\d(?:[ -]?\d){9,}"), _("a number of ten or more digits (a phone, an Aadhaar)")),
    (
        re.compile(
            r"\b(?:Mr|Mrs|Ms|Miss|Dr|Shri|Smt|Thiru|Tmt|Selvi)\b\.?\s+[A-Z]"
            r"|(?:திரு\.|திருமதி|செல்வி)\s|(?:శ్రీమతి|శ్రీ|కుమారి)\s|(?:श्रीमती|श्री|कुमारी)\s|(?:ଶ୍ରୀମତୀ|ଶ୍ରୀ|କୁମାରୀ)\s"
        ),
        _("the name of a person"),
    ),
    (
        re.compile(
            r"\b[A-Z]\w+ (?:[Vv]illage|[Hh]amlet|[Ss]treet|[Nn]agar|[Cc]olony|[Rr]oad|[Pp]anchayat)\b"
            r"|\b[Vv]illage of [A-Z]"
            r"|\S+ (?:கிராம|தெரு(?! நாடக)|காலனி|நகர்)"
            r"|\S+ (?:గ్రామ|వీధి|కాలనీ)|\S+ (?:गाँव|गांव|ग्राम|गली|मोहल्ल)|\S+ (?:ଗ୍ରାମ|ଗାଁ|ସାହି|ଗଳି)"
        ),
        SMALL_PLACE,
    ),
)


def find_private(text: str) -> list[tuple[int, str]]:
    """Return each position at which a text may show who or where somebody is, and what it looks like."""
    return [(match.start(), what) for pattern, what in _PATTERNS for match in pattern.finditer(text)]
