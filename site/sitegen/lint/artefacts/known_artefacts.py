"""The table of known artefacts, each with a message and what to do."""

from forms.core.i18n.lazy_text import lazy_gettext as _
from sitegen.lint.artefacts.artefact import Artefact


def _artefact(
    regex: str,
    what: str,
    todo: str,
    letters: str,
    *,
    endangers: bool = False,
    in_cells: bool = False,
    digits: bool = False,
    words: tuple[str, ...] = (),
) -> Artefact:
    return Artefact(regex, what, todo, frozenset(letters), endangers, in_cells, digits, words)


_AS_TEXT = _("Paste it as text only (Ctrl+Shift+V), then mark headings and lists again.")
_DIGITS = r"[\u0966-\u096f\u0be6-\u0bef\u0c66-\u0c6f\u0b66-\u0b6f]{1,2}[.)]"
_BULLETS = (
    "\u2022\u25cf\u25cb\u25aa\u25ab\u25e6\u2023\u2043\u27a2\u2794\u2192\u2013\u2713\u2714\uf0a7\uf0b7\uf0d8\u00a7\u00b7"
    "\u2217\u2219\u25a0\u25a1\u25b6\u25ba\u25c6\u25c7\u2605\u2756\u27a4"
)
_PICTURES = r"(?:[0-9]\ufe0f?\u20e3|[\u2190-\u21ff\u2460-\u24ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff])"
"""Emojis, and digits in a box or a circle."""

_OTHER_SPACES = "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_ANY_SPACE = "[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
"""With Alt held, a Mac types a no-break space (github/markup 1150)."""

_LIKE_SIGNS = "\u2010\u2011\u2012\u2212\uff0d\uff0a"
"""Look-alikes of the hyphen and the star with which lists begin."""

_UNFILLED = (
    r"(?:insert|enter|your|name of)\b[^\]\n]*|(?:district|taluk|block|village|officer)(?: name)?|(?:phone )?number|"
    r"date|time|place|name|address|link|e-?mail"
)
_HERE_IS = ("ere's ", "ere\u2019s ", "ere is ")
_TAGS = r"(?:b|i|p|br|div|span|font|o:p|strong|em|a|table|td|tr|ul|li|h\d)"
_GARBLED = r"\u00e2\u20ac|[\u00c2\u00c3][\u0080-\u00bf]|\u00e0[\u00ae\u00a4\u00b0\u00ac\u00af\u00b1]"
BRACKETS = _artefact(
    r"[\[\uff3b\u3010]\s*[\[\uff3b\u3010]|[\]\uff3d\u3011]\s*[\]\uff3d\u3011]|\{\{|\}\}",
    _("double brackets stand there that are no block, and everybody would see them."),
    _("Write it in small letters on a line of its own, like [[ helplines ]]."),
    "[\uff3b\u3010]\uff3d\u3011{}",
)
ARTEFACTS = (
    _artefact(
        r"^\[?\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4},? \d{1,2}[:.]\d\d[^\n:]{0,14}(?:[-\]] ?)[^:\n]{1,40}: ",
        _("a chat message with its sender and its time stands there."),
        _("Take name, number and time out."),
        ":",
        endangers=True,
    ),
    _artefact(
        r"<Media omitted>|^Forwarded(?: many times| as received)?$|This message was deleted",
        _("words of a chat program stand there."),
        _("Take them out."),
        "<FT",
        words=("<Media omitted>", "Forwarded", "This message was deleted"),
    ),
    BRACKETS,
    _artefact(
        r"\]\s*\(|\)\s?\[[^\]\n]*(?:\.md|://)|\[[^\]\n]{1,80}\]\s*\[[^\]\n]*\]|\]\s*\[",
        _("a link stands there that is none: readers would see its brackets."),
        _("Write it like [the words](page.md): round brackets last, no space between."),
        "])",
    ),
    _artefact(
        rf"^\s*[{_BULLETS}]\s|^\s*[\u2022\u25cf\u25cb\u25aa\uf0b7](?=\w)",
        _("a bullet of Word stands there."),
        _("Write a hyphen and a space in its place, and an empty line before the first."),
        _BULLETS,
    ),
    _artefact(
        rf"^\s*{_PICTURES}[^\n]*\n\s*{_PICTURES}",
        _("lines that begin with small pictures stand there: they run into one."),
        _("Write a hyphen and a space in their place, and an empty line before the first."),
        "\n",
    ),
    _artefact(
        r"\n[ \t]*(?:[-*+]|\d{1,2}\.)[ \t]+\S",
        _("a list stands there without an empty line before it: it runs into one line."),
        _("Put an empty line before the list."),
        "-*+.",
    ),
    _artefact(
        rf"^[ \t]*(?:\(?\d{{1,2}}\)|\([a-z]\)|[a-z]\)|[ivx]{{1,4}}[.)]|{_DIGITS})[ \t]+\S"
        r"|^[ \t]*\(?[\u0905-\u0939\u0b05-\u0b39\u0b85-\u0bb9\u0c05-\u0c39]\)[ \t]+\S"
        r"|^[ \t]*a\.[ \t]+\S[^\n]*\n\s*b\.[ \t]+\S",
        _("a numbered line stands there that is no list."),
        _("Write 1. and a space, and an empty line before the first."),
        ".)",
    ),
    _artefact(
        rf"^[ \t]*(?:[-*+]|\d{{1,2}}[.)]){_OTHER_SPACES}|^[{_LIKE_SIGNS}]{_ANY_SPACE}"
        r"|^[ \t]*[-*+](?=[^\W\d_]{2}|\d{3})(?![^*\n]*\*)|^[ \t]*\d{1,2}\.(?=[^\W\d_]{2})|^[ \t]*\d{1,2}\uff0e",
        _("a list stands there without a space after its sign."),
        _("Write a usual hyphen, or a number and a full stop, and a usual space."),
        f"-*+.)\uff0e{_LIKE_SIGNS}",
    ),
    _artefact(
        r"^(?:!!!|\?\?\?|:{3,}|\[!\w+\])",
        _("a box stands there that is none."),
        _('Write it like !!! note "Title" with straight quotes, and its text below, four spaces in.'),
        "!?:",
    ),
    _artefact(
        r"^[ \t]*(?:#{1,6} |\uff03)",
        _("a heading stands there that is none."),
        _("Let the # stand at the very left."),
        "#\uff03",
    ),
    _artefact(
        r"\{\s*[:.#]\s*\.?[\w-]+\s*\}?",
        _("a mark like { .button } stands there by itself."),
        _("Write it right behind the link, without a space."),
        "{",
    ),
    _artefact(
        r"\*\*|~~|==\S[^=\n]*==|\+\+\S[^+\n]*\+\+",
        _("signs for bold or struck letters stand there."),
        _("Write **words** without spaces inside, both pairs in one paragraph."),
        "*~=+",
    ),
    _artefact(
        r"^\s*\|.*\|\s*$|\|\s*:?-{3,}",
        _("a table stands there that is none."),
        _("It needs an empty line before it and a second line like | --- | --- |."),
        "|",
    ),
    _artefact(r"```|~~~", _("signs of program text stand there."), _("Take the three signs out."), "`~"),
    _artefact(r"\{%|%\}|<%|%>", _("a mark of another program stands there, like {% %}."), _("Take it out."), "%"),
    _artefact(
        r"^\s*\[[ xX]\] +\S",
        _("a box to tick stands there, which readers see as brackets."),
        _("Take the brackets out."),
        "]",
    ),
    _artefact(
        r"(?<![\w:]):[a-z][a-z_]{1,20}:(?![\w:])",
        _("the name of a small picture stands there, like :phone:."),
        _("Write the word."),
        ":",
    ),
    _artefact(
        r"\b[Aa]s an AI\b|\bAI language model\b|oaicite|contentReference|\u3010\d+[:\u2020]|\bturn\d+(?:search|view)\d"
        r"|^(?:(?:Sure|Certainly|Of course)[!,.] *)?[Hh]ere(?:['\u2019]s| is) (?:the|a|an|your) "
        r"(?:\w+ ){0,2}(?:translat|summar|draft|version|rewr|text)",
        _("words of a program that writes texts stand there."),
        _("Take them out, and read the whole text once more."),
        "IocthH\u3010",
        words=("s an AI", "AI language model", "oaicite", "contentReference", "\u3010", "turn", *_HERE_IS),
    ),
    _artefact(
        r"(?<!\d)(?<!\d[ -])[2-9]\d{3}([ -])\d{4}\1\d{4}(?![ -]?\d)|\b[A-Z]{3}[PCHFATBLJG][A-Z]\d{4}[A-Z]\b",
        _("a number like that of somebody's Aadhaar or PAN card stands there."),
        _("Take it out: nobody needs it to get help."),
        " -PCHFATBLJG",
        digits=True,
        endangers=True,
        in_cells=True,
    ),
    _artefact(
        r"&(?:nbsp|amp|lt|gt|quot|rsquo|#\d+);", _("a sign stands there as program text, like &nbsp;."), _AS_TEXT, "&"
    ),
    _artefact(rf"</?{_TAGS}\b[^<>\n]*>?", _("HTML stands there as text."), _AS_TEXT, "<"),
    _artefact(
        r"#REF!|#NAME\?|#VALUE!|#N/A|#DIV/0!|#{5,}|^=(?:[A-Z]+\(|[+\d])",
        _("an error of a spreadsheet stands there."),
        _("Write the words or numbers that belong there."),
        "#=",
        in_cells=True,
    ),
    _artefact(
        r"\b\d[.,]\d+E\+\d{2}\b",
        _("a number that a spreadsheet shortened stands there: its digits are lost."),
        _("Write the number again."),
        "+",
        in_cells=True,
    ),
    _artefact(
        r"\ufffd|\?{4,}",
        _("letters were lost there on saving."),
        _("Take an older copy, or write it again, and save as UTF-8."),
        "\ufffd?",
        in_cells=True,
    ),
    _artefact(
        _GARBLED,
        _("letters were garbled there: UTF-8 was opened as another encoding."),
        _("Take an older copy, or write it again."),
        "\u00e2\u00c2\u00c3\u00e0",
        in_cells=True,
    ),
    _artefact(
        r"[\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff]",
        _(
            "invisible signs stand there, as a phone's contact list leaves around numbers, "
            "and web pages between letters."
        ),
        _("Delete the words or number there and type them."),
        "\u200b\u2060\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
        in_cells=True,
    ),
    _artefact(
        r"\b(?:TODO|TBD|FIXME|XXX+|[Ll]orem ipsum)\b|\b(?:[Yy]our|[Aa]dd|[Ii]nsert|[Ee]nter) (?:text|title|name) here\b"
        rf"|\{{[A-Za-z_][\w ]*\}}|(?i:\[(?:{_UNFILLED})\])",
        _("a gap stands there that somebody meant to fill."),
        _("Fill it."),
        "TFXLl{[h",
        words=("TODO", "TBD", "FIXME", "XXX", "orem ipsum", " here", "{", "["),
    ),
    _artefact(
        r"_x[0-9A-F]{4}_",
        _("a sign stands there as a workbook stores it, like _x000D_."),
        _("Take it out: it is the end of a line, or a sign that nobody sees."),
        "x",
        in_cells=True,
    ),
    _artefact(
        r"[\x0b\x0c\x85\u2028\u2029]",
        _("the end of a line stands there as Word or a web page writes it: lists and paragraphs run into one."),
        _("Delete it, and press Enter."),
        "\x0b\x0c\x85\u2028\u2029",
        in_cells=True,
    ),
    _artefact(
        r"[\u0300-\u036f]{4}",
        _("letters with heaps of accents stand there."),
        _("Write the words with plain letters."),
        "".join(map(chr, range(0x300, 0x370))),
        in_cells=True,
    ),
)
