"""Format letters and cases as lines for a terminal. Letters are hostile input: control characters are replaced."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from forms.core.form_schema import load, names
from forms.core.i18n.characters import category
from forms.desk.cases.acknowledgement import doubts
from forms.desk.cases.case import Case
from forms.desk.crypto.decryption import Letter


def printable(text: object) -> str:
    """Return a text with control and formatting characters, except line feeds and joiners, replaced by a dot."""
    string = str(text)
    if string.isprintable():  # nearly all are: no character is of a category C
        return string
    return "".join(char if _is_harmless(char) else "\N{MIDDLE DOT}" for char in string)


def printable_line(text: object) -> str:
    """Return a text as `printable` does, without line feeds either, so that a letter cannot forge a line of a list."""
    return printable(text).translate(_LINE_ENDS)


_LINE_ENDS = dict.fromkeys(map(ord, "\n\u2028\u2029"), "\N{MIDDLE DOT}")


def _is_harmless(char: str) -> bool:
    return char in "\n\u200c\u200d" or category(char)[0] != "C"


def case_line(number: int, case: Case, today: date) -> str:
    """Return the line of a case in the list: its number, day, state, marks, place, language and first words."""
    if case.first is None:
        return f"{number:>4}  {case.id[:8]}  (does not open) {case.letters[0] if case.letters else case.id}"
    first = printable_line(case.first_words)
    place = printable_line(case.answers.get("place", "-"))
    marks = "".join((
        "!" if case.is_urgent else "", "c" if case.involves_child else "", "L" if case.is_late(today) else "",
        "+" if case.added_since_closed else "", "p" if case.parts else "",
        "?" if case.conflicts else "", "=" if case.merged_into else "", "2" if case.tray != 1 else "",
    ))  # fmt: skip
    day, language = printable_line(case.day), printable_line(case.language)
    return f"{number:>4}  {case.id[:8]}  {day}  {case.state.value:<8}{marks:<4} {place:<14} {language:<3} {first}"


def log_lines(case: Case) -> Iterator[str]:
    """Yield the log of a case, one line an entry, then the conflicts between machines."""
    for entry in (entry for entry in case.entries if entry.kind != "read"):
        values = ", ".join(
            f"{printable_line(name)}: {printable_line(value)}"
            for name, value in entry.value.items()
            if value not in ("", None)
        )
        yield f"{printable_line(entry.at)}  {printable_line(entry.member)}  {printable_line(entry.kind)}  {values}"
    for entry in case.unproven:
        line = f"{entry.at}  {entry.member}  {entry.kind}  {dict(entry.value)}"
        yield f"NOT PROVEN, changes nothing: {printable_line(line)}"
    for rivals in case.conflicts:
        values = "; ".join(f"{printable(rival.member)}: {printable(dict(rival.value))}" for rival in rivals)
        yield f"Two machines wrote this without knowing of each other: {values}. Write it once more to settle it."


def provenance_lines(case: Case, letter: Letter) -> Iterator[str]:
    """Yield where a copied letter came from, and the doubts about a follow-up."""
    provenance = case.provenance.get(letter.id)
    if provenance and provenance.is_proven:
        by, day = printable_line(provenance.by), printable_line(provenance.day)
        yield f"Handed over by {by} on {day}; the signature is right."
    elif provenance:
        maker = printable_line(provenance.by) or "another desk"
        yield f"NOT PROVEN: a copy without a right signature, perhaps by {maker}. Ask them."
    yield from doubts(case).get(letter.id, ())


def letter_lines(letter: Letter) -> Iterator[str]:
    """Yield a letter, question by question in the order of the form."""
    yield printable_line(f"Day: {letter.day}   Language: {letter.language}   Id: {letter.id}")
    yield printable_line(f"Can be read by: {', '.join(letter.desks)}")
    yield f"Answer possible: {'yes' if letter.reply_to else 'no, the person took no receipt'}"
    fields = load(letter.form).fields if letter.form in names() else ()
    labels = {field.name: field.label for field in fields}
    answered = [name for name in labels if name in letter.answers]
    for name in [*answered, *sorted(set(letter.answers) - set(labels))]:
        yield ""
        yield printable_line(labels.get(name, name))
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
    return ", ".join(printable(item) for item in value) if isinstance(value, list) else printable(value)
