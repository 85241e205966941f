"""Letters as plain lines for a terminal. Letters are hostile input: no control character gets through."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any

from forms.core.form_schema import load, names
from forms.core.i18n.newer_letters import is_newer
from forms.desk.cases.acknowledgement import doubts
from forms.desk.cases.case import Case
from forms.desk.crypto.decryption import Letter


def plain(text: object) -> str:
    """Return a text with every control and formatting character but line feeds and joiners shown as a dot."""
    written = str(text)
    if written.isprintable():  # nearly all: no character of it is of a category C
        return written
    return "".join(char if _is_harmless(char) else "\N{MIDDLE DOT}" for char in written)


def on_one_line(text: object) -> str:
    """Return a text as `plain` does, with no line feed either: nobody writes a line of ours into a list."""
    return plain(text).translate(_LINE_ENDS)


_LINE_ENDS = dict.fromkeys(map(ord, "\n\u2028\u2029"), "\N{MIDDLE DOT}")


def _is_harmless(char: str) -> bool:
    return char in "\n\u200c\u200d" or unicodedata.category(char)[0] != "C" or is_newer(char)


def one_line(number: int, case: Case, today: date) -> str:
    """Return a case in the list: its number, day, state, marks, place, language and first words."""
    if case.first is None:
        return f"{number:>4}  {case.id[:8]}  (does not open) {case.letters[0] if case.letters else case.id}"
    first = on_one_line(case.first_words)
    where = on_one_line(case.answers.get("place", "-"))
    marks = "".join((
        "!" if case.urgent else "", "c" if case.child else "", "L" if case.is_late(today) else "",
        "+" if case.added_since_closed else "", "p" if case.parts else "",
        "?" if case.conflicts else "", "=" if case.merged_into else "", "2" if case.tray != 1 else "",
    ))  # fmt: skip
    day, language = on_one_line(case.day), on_one_line(case.language)
    return f"{number:>4}  {case.id[:8]}  {day}  {case.state.value:<8}{marks:<4} {where:<14} {language:<3} {first}"


def log(case: Case) -> Iterator[str]:
    """Yield a case's log, a line an entry, with conflicts between machines."""
    for entry in (one for one in case.entries if one.kind != "read"):
        said = ", ".join(
            f"{on_one_line(name)}: {on_one_line(value)}"
            for name, value in entry.value.items()
            if value not in ("", None)
        )
        yield f"{on_one_line(entry.at)}  {on_one_line(entry.member)}  {on_one_line(entry.kind)}  {said}"
    for entry in case.unproven:
        said = f"{entry.at}  {entry.member}  {entry.kind}  {dict(entry.value)}"
        yield f"NOT PROVEN, changes nothing: {on_one_line(said)}"
    for rivals in case.conflicts:
        values = "; ".join(f"{plain(rival.member)}: {plain(dict(rival.value))}" for rival in rivals)
        yield f"Two machines wrote this without knowing of each other: {values}. Write it once more to settle it."


def came_by(case: Case, letter: Letter) -> Iterator[str]:
    """Yield where a copied letter came from, and what is unusual about an addition."""
    found = case.provenance.get(letter.id)
    if found and found.is_proven:
        yield f"Handed over by {on_one_line(found.by)} on {on_one_line(found.day)}; the signature is right."
    elif found:
        maker = on_one_line(found.by) or "another desk"
        yield f"NOT PROVEN: a copy without a right signature, perhaps by {maker}. Ask them."
    yield from doubts(case).get(letter.id, ())


def whole(letter: Letter) -> Iterator[str]:
    """Yield a whole letter, question by question in the order of the form."""
    yield on_one_line(f"Day: {letter.day}   Language: {letter.language}   Id: {letter.id}")
    yield on_one_line(f"Can be read by: {', '.join(letter.desks)}")
    yield f"Answer possible: {'yes' if letter.reply_to else 'no, the person took no receipt'}"
    fields = load(letter.form).fields if letter.form in names() else ()
    labels = {field.name: field.label for field in fields}
    known = [name for name in labels if name in letter.answers]
    for name in [*known, *sorted(set(letter.answers) - set(labels))]:
        yield ""
        yield on_one_line(labels.get(name, name))
        yield from (f"  {line}" for line in _value(letter.answers[name]).splitlines())
    if letter.parts:
        yield ""
        yield f"Sent with it: {', '.join(_parts(letter))}"


def _parts(letter: Letter) -> Iterator[str]:
    photos = sum(part.kind == "photo" for part in letter.parts)
    if photos:
        yield f"{photos} {'photo' if photos == 1 else 'photos'}"
    for part in letter.parts:
        if part.kind == "voice":
            yield f"a recording, {part.seconds // 60}:{part.seconds % 60:02}"


def _value(value: Any) -> str:
    return ", ".join(plain(item) for item in value) if isinstance(value, list) else plain(value)
