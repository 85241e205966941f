"""Draws pages and forms: the one Jinja environment of the static site and of the Flask endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Protocol

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from forms.core import browser_script, i18n
from forms.core.content_policy import IN_PAGE
from forms.core.crypto.receipts import in_fours
from forms.core.files.kept_results import ResultStore, key_of
from forms.core.form_schema import Definition, Field, Kind, choices, drawing_of, load
from forms.core.i18n import locales
from forms.core.portal import Choice, Portal, Text, pick
from forms.core.validation import FieldProblem, Raw

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Alternate:
    """The same page in another language; `here` marks the language being read."""

    code: str
    name: str
    url: str
    here: bool = False


@dataclass(frozen=True)
class PageNote:
    """A quiet note above a page's text; kind: translation, missing, stale, demonstration."""

    kind: str
    text: str
    lang: str = ""
    """The language of the text, where it is another than the page's."""


@dataclass(frozen=True)
class Page:
    """One page as the shell needs it; `path` is without the language: "" or "signs/".

    finished: the page before it must not come back with the Back button.
    """

    title: str
    lang: str
    body: Markup
    path: str = ""
    alternates: tuple[Alternate, ...] = ()
    description: str = ""
    sensitive: bool = False
    body_lang: str | None = None
    index: bool = True
    form: bool = False
    manifest: str = ""
    finished: bool = False
    notes: tuple[PageNote, ...] = field(default_factory=tuple)

    @property
    def heading(self) -> Markup:
        """Return the body up to the end of its main heading: nothing stands above it."""
        return self.body[: self._heading_end]

    @property
    def rest(self) -> Markup:
        """Return what follows the main heading."""
        return self.body[self._heading_end :]

    @property
    def wants_numbers(self) -> bool:
        """Return whether this is a home page whose text names no number to call."""
        return self.index and not self.path and 'href="tel:' not in self.body

    @property
    def _heading_end(self) -> int:
        return self.body.find("</h1>") + len("</h1>") if "</h1>" in self.body else 0


class Attached(Protocol):
    """A photo or recording that was taken in."""

    @property
    def id(self) -> str:
        """What the form calls it."""

    @property
    def kind(self) -> str:
        """Return "photo" or "voice"."""

    @property
    def seconds(self) -> int:
        """Return the seconds of a recording."""


class CompiledTemplates(BytecodeCache):
    """Templates that this process has compiled: compiling one takes longer than rendering it a hundred times.

    One object serves environments with the same options only, since what is compiled depends on them.
    """

    def __init__(self) -> None:
        self.compiled: dict[str, tuple[str, CodeType]] = {}
        self._store: ResultStore | None = None
        self._mark = b""

    def keep_in(self, mark: bytes, store: ResultStore) -> None:
        """Take what earlier runs have compiled from a store, and keep there what is new. mark: as for i18n."""
        self._mark, self._store = mark, store

    def _key(self, bucket: Bucket) -> bytes:
        return key_of("template", self._mark, bucket.key, bucket.checksum)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket where the template was compiled before and its source is the same."""
        checksum, code = self.compiled.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code
        elif self._store is not None and (kept := self._store.get(self._key(bucket))):
            bucket.bytecode_from_string(kept)  # of another Python or Jinja: none
            if bucket.code is not None:
                self.compiled[bucket.key] = bucket.checksum, bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Remember what was compiled."""
        if bucket.code is not None:
            self.compiled[bucket.key] = bucket.checksum, bucket.code
            if self._store is not None:
                self._store.put(self._key(bucket), bucket.bytecode_to_string())


COMPILED = CompiledTemplates()


@cache
def environment(language: str) -> Environment:
    """Return the environment for one language: gettext installed, everything escaped, unknown names an error."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=COMPILED,
    )
    env.install_gettext_callables(  # type: ignore[attr-defined] # looked up at each call: a district's own may change
        lambda text: i18n.translations(language).gettext(text),
        lambda one, many, count: i18n.translations(language).ngettext(one, many, count),
        newstyle=True,
    )
    # Letters as they are: escaped, what a script says in an Indian language is half a kilobyte more (gzip).
    env.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    env.globals["lang"] = language
    env.globals["rtl"] = locales.direction(language) == "rtl"
    env.globals["dir_of"] = locales.direction
    env.globals["content_policy"] = IN_PAGE
    env.filters["pick"] = lambda text: pick(text, language)
    env.filters["told"] = lambda text: _told(text, language)
    env.filters["in_fours"] = in_fours
    env.filters["clock"] = clock
    env.filters["digits"] = lambda clips: " ".join(
        clips[f"digit/{digit}"].files[-1].address for digit in range(10) if f"digit/{digit}" in clips
    )
    env.filters["day"] = lambda day: i18n.day(_day(day), language)
    return env


def render(language: str, template: str, /, **context: Any) -> Markup:
    """Return a template of forms/core/templates in one language, as HTML."""
    return Markup(environment(language).get_template(template).render(**context))  # noqa: S704 - autoescaped


def draw_form(
    definition: Definition,
    portal: Portal,
    language: str,
    today: date,
    values: Raw | None = None,
    problems: Sequence[FieldProblem] = (),
    parts: Sequence[Attached] = (),
    hidden: Mapping[str, str] | None = None,
    step: int | None = None,
) -> Markup:
    """Return a form as HTML, with what was typed and what is wrong with it; static and error pages alike.

    parts: what was taken in before; hidden: values that travel with the form; step: the place of the page of questions
    to draw, where they come a few at a time: what was typed on the others then travels with it.
    """
    values = values or {}
    by_field = {problem.field: message(definition, problem, language) for problem in problems}
    # A form that came back has been on the server already: sealing it in the browser would promise too much.
    fresh = step is None and not (values or problems or parts or hidden)
    here = definition.pages[step] if step is not None else ()
    elsewhere = {name: texts for name, texts in values.items() if name not in here}
    listed = {field.name: choices(field, definition, portal, today) for field in definition.fields}
    return render(
        language,
        "pictured.html" if definition.has_pictures else "form.html",
        form=definition,
        step=step,
        fields=[field for field in definition.fields if step is None or field.name in here],
        carried=[(name, text) for name, texts in elsewhere.items() for text in texts] if step is not None else [],
        enough=_enough(definition, elsewhere),
        choices={name: labelled(found, language) for name, found in listed.items()},
        drawings={choice.value: choice.picture for found in listed.values() for choice in found if choice.picture},
        values=values,
        problems=by_field,
        action=f"/forms/{language}/{definition.name}",
        portal=portal,
        parts=parts,
        hidden=hidden or {},
        script=_script(definition, portal, language) if fresh else None,
        followup=draw_form(load(definition.followup), portal, language, today) if fresh and definition.followup else "",
        clips=portal.clips.get(language, {}),
        **(_pictures(definition, portal) if definition.has_pictures else {}),
    )


def _enough(definition: Definition, values: Raw) -> bool:
    """Return whether what was answered on other pages is all that is needed."""
    answered = {name for name, texts in values.items() if any(texts)}
    required = {field.name for field in definition.fields if field.required}
    return required <= answered and (bool(answered & set(definition.any_of)) if definition.any_of else bool(required))


def _pictures(definition: Definition, portal: Portal) -> dict[str, Any]:
    """Return what a form with pictures shows: those of answers, the faces of desks, and the long form beside it."""
    answers = [(field_.name, choice.value) for field_ in definition.fields for choice in field_.choices]
    return {
        "pictured": {f"{name}-{value}": portal.drawings.get(drawing_of(name, value), "") for name, value in answers},
        "faces": {desk.id: desk.face or desk.picture for desk in portal.readers(definition.letter_form)},
        "long": load(definition.short_for),
    }


def _script(definition: Definition, portal: Portal, language: str) -> dict[str, Any] | None:
    """Return what the script of this form's page needs to know; None for forms that have no script."""
    if definition.is_encrypted_in_browser:
        readers = {desk.id: pick(desk.name, language) for desk in portal.readers(definition.letter_form)}
        return browser_script.telling(definition, language, _limits(definition, language), readers)
    if definition.kind is Kind.LOOKUP and definition.followup:
        more, names = load(definition.followup), {desk.id: pick(desk.name, language) for desk in portal.desks}
        wrong = {
            code: message(definition, FieldProblem("code", code), language)
            for code in ("required", "digits", "check", "unknown", "restored")
        }
        told = browser_script.returning(more, language, _limits(more, language), wrong, names, portal.erased_days)
        return {**told, **_answer_aids(portal, language)}
    return None


def _answer_aids(portal: Portal, language: str) -> dict[str, Any]:
    """Return what lets an answer be understood without reading: sentences to hear, pictures of where it stands."""
    sentences = portal.sentences(language)
    kilobytes = sum(clip.kilobytes for _, clip in sentences)
    return {
        "sentences": [words for words, _ in sentences],
        "clips": [clip.files[-1].address for _, clip in sentences],
        "hear": f"{i18n.say(language)('Listen to the answer')} · {kilobytes} KB",
        "pictures": {
            **{name: _picture(language, name) for name in ("received", "desk", "looked", "closed")},
            "speaker": str(environment(language).get_template("states.html").module.speaker),  # type: ignore[attr-defined]
        },
    }


def _picture(language: str, name: str) -> str:
    module: Any = environment(language).get_template("states.html").module
    return str(module.state_picture(name))


def _limits(definition: Definition, language: str) -> dict[str, tuple[int, str]]:
    """Return how many characters an answer may have, and what is said where it has more."""
    return {
        field_.name: (most, message(definition, FieldProblem(field_.name, "maxLength"), language))
        for field_ in definition.asked
        if (most := field_.constraints.get("maxLength"))
    }


def draw_page(portal: Portal, language: str, page: Page, template: str = "base.html", **context: Any) -> str:
    """Return a whole page in the frame that the static site and the server share."""
    return str(render(language, template, portal=portal, page=page, **context))


def clock(seconds: int) -> str:
    """Return minutes and seconds, like 1:05."""
    return f"{seconds // 60}:{seconds % 60:02}"


def labelled(listed: Sequence[Choice], language: str) -> list[tuple[str, str]]:
    """Return value and label of each choice in one language; a definition's own labels go through gettext."""
    translate = i18n.say(language)
    return [
        (
            choice.value,
            choice.label[language] if choice.label.get(language) else translate(pick(choice.label, "en")),
        )
        for choice in listed
    ]


def message(definition: Definition, problem: FieldProblem, language: str) -> str:
    """Return what to tell the person about one wrong answer: the field's own sentence, else a general one."""
    _ = i18n.say(language)
    own = definition.field(problem.field).errors.get(problem.code)
    if own:
        return _(own)
    if problem.code == "cut":
        too_long = message(definition, FieldProblem(problem.field, "maxLength"), language)
        return " ".join([too_long, _("Only the beginning of it is still here.")])
    kind = definition.field(problem.field).file
    general = {
        "required": _("Please answer this question."),
        "maxLength": _("This is too long. Please shorten it."),
        "enum": _("Please choose one of the answers in the list."),
        "full": _("There are not enough places left. Please choose another event, or come with fewer people."),
        "files": _("This form cannot take photos or recordings yet, so nothing was sent. Please write it, or call."),
        "empty": _("This file is empty. Please choose it again, or leave it out."),
        "large": browser_script.too_large(kind, language) if kind else _("This is too long. Please shorten it."),
        "many": _("These are too many. Please choose fewer."),
        "kind": _("We cannot take this kind of file. Please choose a photo or a recording, or leave it out."),
        "heic": _(
            "This photo is of the kind HEIC, which we cannot read. Open it on your phone, take a picture of the screen "
            "(screenshot), and choose that. Or set the camera to JPEG and take it again (iPhone: Settings, Camera, "
            "Formats, Most Compatible)."
        ),
        "long": _("This recording is longer than 3 minutes. Please make a shorter one. You can send a second letter."),
        "bomb": _("We could not open this file. Please choose another one, or leave it out."),
        "damaged": _("This file did not arrive whole, or is damaged. Please choose it again, or leave it out."),
        "lookups": _("Many people are looking now. Please try again in a few minutes."),
        "busy": _(
            "Many photos are coming in now, and yours could not be taken. What you wrote is still here: send it "
            "without the photo or recording, or choose it again in a few minutes."
        ),
        "again": _("Please choose the photo or recording once more: it no longer waits with us."),
        "away": _("We could not keep it now. Everything you typed is still here. Please try again in a few minutes."),
        "unreachable": _("We cannot open our letter box now. Please try again in a few minutes."),
        "encoding": _("Some characters of your text did not arrive. Please look at it and write them again."),
    }
    return general.get(problem.code, _("This does not fit. Please look at it again."))


def summary(
    definition: Definition,
    portal: Portal,
    language: str,
    today: date,
    values: Mapping[str, Any],
    parts: Sequence[Attached] = (),
) -> list[tuple[str, str]]:
    """Return question and answer, in the person's language, of everything that was answered."""
    _ = i18n.say(language)
    rows = []
    for field_ in definition.fields:
        attached = [part for part in parts if part.kind == field_.file]
        if attached:
            rows.append(
                (
                    _(field_.label),
                    ", ".join(clock(part.seconds) for part in attached if part.seconds) or str(len(attached)),
                )
            )
        elif field_.name in values:
            labels = dict(labelled(choices(field_, definition, portal, today), language))
            rows.append((_(field_.label), _spoken(field_, values[field_.name], labels)))
    return rows


def _spoken(field_: Field, value: Any, labels: Mapping[str, str]) -> str:
    if field_.many:
        return ", ".join(labels.get(item, item) for item in value)
    return labels.get(str(value), str(value))


def _told(text: Text, language: str) -> str:
    """Return the text in this language; English that stands in for it is marked as English (WCAG 3.1.2)."""
    said = pick(text, language)
    way = ' dir="ltr"' if locales.direction(language) == "rtl" else ""
    return said if not said or text.get(language) else Markup(f'<span lang="en"{way}>{{}}</span>').format(said)  # noqa: S704


def _day(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
