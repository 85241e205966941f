"""The desk in the staff's language: no English is left out, and no translation can do harm."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n import catalog, extraction, marked_words
from forms.core.i18n.lazy_text import LazyText, as_lazy, joined, lazy_gettext, lazy_ngettext
from forms.core.i18n.marked_words import PROBLEM_CALLS, called_name, texts_of
from forms.core.problem import Problem
from forms.desk import language
from forms.desk.services.place import DeskPlace
from forms.desk.window import labels, reader
from forms.desk.window.app import create_window
from tests.desk.event_helpers import MEETING, FakeSession, event, portal
from tests.desk.test_events_window import open_window as open_events_window
from tests.desk.test_window import come_in, make_window, open_window
from tests.desk.window_helpers import Office, fill, running

pytestmark = pytest.mark.usefixtures("site_not_visited")

DESK = Path(language.__file__).parent
WINDOW = DESK / "window"
TEMPLATES = sorted((WINDOW / "templates").glob("*.html"))
MARKS = {"_", "gettext", "ngettext", "with_markup", "lazy_gettext", "lazy_ngettext"}
NO_WORDS = {"GSM", "Unicode"}
"""Names that are the same in every language."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as running_office:
        yield running_office


# Nothing is said past gettext


def bare(markup: str) -> list[str]:
    """Return the words of an HTML text, and of attributes that are read to people, that no {{ }} made."""
    parts = re.findall(r'(?:aria-label|alt|placeholder|title)="([^"]*)"', markup)
    parts += re.sub(r"<(pre|code)>.*?</\1>", "", re.sub(r"<[^<>]*>", "\n", markup), flags=re.S).splitlines()
    return [part.strip() for part in parts if re.search(r"[A-Za-z]{2,}", part)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_no_english_of_its_own(path: Path) -> None:
    source = re.sub(r"{% block main_class %}.*?{% endblock %}", "", path.read_text(encoding="utf-8"))
    without_code = re.sub(r"recovery: \{\{ public \}\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "\x01", source, flags=re.S)
    code_only = re.sub(r"<(code|pre)>.*?</\1>", "", without_code, flags=re.S)
    assert bare(code_only) == []
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    marked = {id(text) for call in tree.find_all(nodes.Call) for text in _marked_in(call)}
    consts = [one.value for one in tree.find_all(nodes.Const) if isinstance(one.value, str) and id(one) not in marked]
    assert [text for text in consts if _is_sentence(text)] == [], "write it as _(...)"


def _marked_in(call: nodes.Call) -> Iterator[nodes.Node]:
    if isinstance(call.node, nodes.Name) and call.node.name in MARKS:
        yield from call.find_all(nodes.Const)


def _is_sentence(text: str) -> bool:
    """Return whether a constant looks like words for people: not an address, a class or a name of ours."""
    return bool(re.fullmatch(r"[A-Z“(][a-z]+.*|[a-z]+ [a-z ]+.*", text.strip(), re.S)) and text not in NO_WORDS


def modules() -> list[Path]:
    return [path for path in sorted(DESK.rglob("*.py")) if "cli" not in path.parts]


def test_a_problem_at_the_desk_has_its_values_beside_its_sentence() -> None:
    """An f-string cannot be translated: its words are never those of a .po file."""
    problems = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called_name(node) in PROBLEM_CALLS:
                for text in texts_of(node):
                    if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in _said_directly(text)):
                        problems.append(f"{path.name}:{node.lineno}: {ast.unparse(text)}")
    assert problems == [], 'write it as lazy_gettext("... %(name)s ...", name=value)'


def _said_directly(node: ast.AST) -> Iterator[ast.AST]:
    """Yield an expression and its parts, but for what is handed to a function as a value."""
    yield node
    for child in ast.iter_child_nodes(node) if not isinstance(node, ast.Call) else ():
        yield from _said_directly(child)


@pytest.mark.parametrize("path", sorted(WINDOW.rglob("*.py")), ids=lambda path: path.stem)
def test_the_windows_code_says_no_english_past_gettext(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    fine = {id(text) for node in ast.walk(tree) for text in _allowed(node)}
    texts = [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    untranslated = [
        one.value for one in texts if id(one) not in fine and re.search(r"[A-Za-z]{2,},? [A-Za-z]{2,}", one.value)
    ]
    assert [text for text in untranslated if not text.startswith(("default-src", "attachment;", "connect-src"))] == []


TO_THE_TERMINAL = {"say", "show_until_interrupted"}


def _allowed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the constants of marked texts, Problems, docstrings, and what start.py prints."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if isinstance(node, ast.Dict):
        yield from (key for key in node.keys if key)
    if isinstance(node, ast.Call) and called_name(node) in MARKS | PROBLEM_CALLS | TO_THE_TERMINAL:
        yield from ast.walk(node)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in {
        "todo", "what", "opens",
    }:  # fmt: skip
        yield from ast.walk(node)


# What a page says in another language


class Pseudo(NullTranslations):
    """A language in which every text is its English in brackets, with characters that could break a page."""

    LEFT, RIGHT = '⟦<b onclick="x">\'&amp;', "</textarea></form><script>\"'⟧"

    def gettext(self, message: str) -> str:
        return f"{self.LEFT}{message}{self.RIGHT}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "chosen_language", lambda _: "ta")
    monkeypatch.setattr(language, "translations", lambda _: Pseudo())


class Shape(HTMLParser):
    """The tags of a page with all attributes that are not read to people, and its texts."""

    READ = frozenset(
        {"aria-label", "alt", "placeholder", "lang", "data-record", "data-again", "data-stop", "data-none"}
    )

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self._foreign: list[bool] = [False]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(pair for pair in attrs if pair[0] not in self.READ)))
        self.texts += [value or "" for name, value in attrs if name in self.READ - {"lang"}]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


PAGES = ("/", "/?show=danger", "/keys/", "/access/", "/retention/", "/events/", "/nowhere")


def without_our_ids(page: str) -> str:
    return re.sub(r"[A-Za-z0-9_-]{40,}|\b[0-9a-f]{8,32}\b", "", page)


def test_a_translation_adds_no_markup_breaks_no_form_and_changes_no_value(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(office)
    window = open_window(office)
    paths = (*PAGES, f"/case/{ids['first']}", f"/case/{ids['first']}/erase", f"/?open={ids['first']}")
    for path in paths:  # opening one makes it read, which changes the lists: once before, then the two to compare
        window.get(path)
    english = [Shape(without_our_ids(window.get(path).text)) for path in paths]
    monkeypatch.setattr(language, "chosen_language", lambda _: "ta")
    monkeypatch.setattr(language, "translations", lambda _: Pseudo())
    for path, before in zip(paths, english, strict=True):
        page = window.get(path).text
        assert _but_for_questions(page) == [tag for tag in before.tags if tag[0] != "small"], path
        assert "onclick" not in page.replace("&lt;b onclick=", "")


def _but_for_questions(page: str) -> list[tuple[str, Any]]:
    """Return the tags of a page, but for the note that nobody read it, and questions in the person's own language."""
    without_footer = re.sub(r"<footer.*?</footer>", "", without_our_ids(page), flags=re.S)
    return [tag for tag in Shape(without_footer).tags if tag[0] != "small"]


@pytest.mark.usefixtures("pseudo")
def test_no_page_says_english_to_who_reads_another_language(office: Office) -> None:
    ids = fill(office)
    window = come_in(make_window(office))
    pages = [window.page("/unlock")]
    window.post("/unlock")
    window.act(ids["first"], "flag", flag="urgent", on="1")
    window.act(ids["first"], "note", text="ஒரு குறிப்பு")
    window.act(ids["first"], "state", state="looking")
    paths = (*PAGES, f"/case/{ids['first']}?done=note", f"/case/{ids['first']}/erase", f"/?open={ids['first']}")
    pages += [window.get(path).text for path in paths]
    pages.append(window.act(ids["first"], "due", day="x").text)
    pages.append(window.post("/keys/passphrase", new="a", again="b").text)
    for page in pages:
        texts = "\n".join(Shape(without_our_ids(page)).texts)
        rest = re.sub(r"⟦.*?⟧", "", _without_inner(texts), flags=re.S)
        assert _english(rest) == [], page


def _without_inner(text: str) -> str:
    """Return the text without brackets within brackets: values that are texts themselves."""
    while (shorter := re.sub(r"⟦([^⟦⟧]*)⟦[^⟦⟧]*⟧", r"⟦\1", text)) != text:
        text = shorter
    return text


DATA = re.compile(
    r"Eight families.*|Please come.*|Buy cheap.*|Police cell|Legal Services|Revenue officer|Partner|Northtown|Southtown"
    r"|Hillside|Brick kiln|Farm|Wages held back|An advance that binds|Inquiry form|98…, after eight|police|revenue"
    r"|legal|partner|English|UTC|http\S+|portal\.yml|\S*/\S*|\w+\.(?:txt|json|csv|age)"
)
"""Texts of the portal and the letters in these tests: data, which is not translated."""


def _english(text: str) -> list[str]:
    lines = (re.sub(r"[^A-Za-z ]", " ", DATA.sub("", line)).strip() for line in text.splitlines())
    return [line for line in lines if re.search(r"[A-Za-z]{3,}", line)]


# Texts that are translated where they are read


def test_a_lazy_text_is_its_english_and_takes_its_values_along() -> None:
    lazy_text = lazy_gettext("%(who)s came on %(day)s.", who="Anita", day=date(2027, 1, 5))
    assert lazy_text == "Anita came on 2027-01-05."
    translated = lazy_text.translated(Pseudo(), language.translator("ta"))
    assert "Anita came on 5 ஜன. 2027." in translated


@pytest.mark.parametrize("broken", ["%(whom)s", "%(who)d", "%", "%(who", "%s %s"])
def test_a_translation_that_does_not_fit_gives_way_to_english(broken: str) -> None:
    class Broken(NullTranslations):
        def gettext(self, message: str) -> str:
            return broken if message else ""

    assert lazy_gettext("For %(who)s.", who="you").translated(Broken(), lambda value: value) == "For you."


def test_plurals_go_by_the_languages_own_rule() -> None:
    assert lazy_ngettext("%(count)s letter", "%(count)s letters", 1) == "1 letter"
    assert lazy_ngettext("%(count)s letter", "%(count)s letters", 0) == "0 letters"


def test_what_a_letter_says_is_never_formatted_or_looked_up_as_code() -> None:
    assert as_lazy("100 %(x)s %").translated(NullTranslations(), str) == "100 %(x)s %"
    assert as_lazy("").translated(language.translations("ta"), str) == "", "gettext gives the head of the file for it"
    assert joined("", "One.", "Two %.") == "One. Two %."


def test_a_problem_says_all_of_itself_in_another_language() -> None:
    problem = Problem("passphrase", lazy_gettext("Please wait %(seconds)s seconds.", seconds=3), "Then type it again.")
    assert str(problem) == problem.sentence == "passphrase: Please wait 3 seconds. Then type it again."
    translated = problem.sentence.translated(Pseudo(), lambda value: value.translated(Pseudo(), str) if isinstance(value, LazyText) else value)  # fmt: skip
    assert translated.count("⟦") >= 3


def test_markup_comes_from_the_template_alone(tmp_path: Path) -> None:
    app = create_window(DeskPlace("police", tmp_path, "http://127.0.0.1:1"))
    with app.test_request_context():
        markup = reader.with_markup("See %(link)s of %(who)s.", link=Markup("<a>it</a>"), who="<i>\u202e")
    assert markup == "See <a>it</a> of &lt;i&gt;·."


# Which language


def test_the_language_is_chosen_at_the_lock_and_kept_on_this_machine(office: Office) -> None:
    window = come_in(make_window(office))
    assert 'lang="en"' in window.page("/unlock")
    for code in language.offered_languages():
        assert window.post("/language", language=code).status_code == 303
        assert f'<html lang="{code}">' in window.page("/unlock")
        assert language.chosen_language(office.place().folder) == code
    again = come_in(make_window(office))
    assert f'<html lang="{code}">' in again.page("/unlock")


@pytest.mark.parametrize("content", [b"", b"xx", b"../../etc", b"\xff\xfe", b"en" * 9999])
def test_a_damaged_choice_is_english(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "language.txt").write_bytes(content)
    assert language.chosen_language(tmp_path) == "en"
    language.choose_language(tmp_path, "klingon")
    assert language.chosen_language(tmp_path) == "en"


def test_a_day_and_a_moment_are_the_districts(office: Office) -> None:
    portal = office.portal
    assert labels.moment("2027-01-05T20:20", portal) == "5 Jan 2027, 20:20 UTC"
    india = replace(portal, timezone="Asia/Kolkata")
    assert labels.moment("2027-01-05T20:20", india) == "6 Jan 2027, 01:50"
    assert labels.moment("9999-12-31T23:59", india) == "31 Dec 9999"
    assert labels.moment("strange", india) == "strange"


# The words themselves


def messages() -> list[Any]:
    return [message for message in extraction.template(extraction.DESK) if message.id]


def test_a_server_that_was_taken_over_writes_no_word_on_the_desks_buttons() -> None:
    """Many of them are words of the public forms too, and the district's own come in the server's portal.json."""
    shared = ("yes", "no", "Remove", "Closed")
    before = [language.translations("ta").gettext(word) for word in shared]
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    i18n.set_process_words({"ta": head + "".join(f'msgid "{word}"\nmsgstr "வேறு"\n\n' for word in shared)})
    try:
        assert i18n.translator("ta")("Remove") == "வேறு", "a person is told in the district's words"
        assert [language.translations("ta").gettext(word) for word in shared] == before
    finally:
        i18n.set_process_words({})


def test_each_call_whose_texts_are_collected_is_a_class_of_ours() -> None:
    """A name that is renamed in only one place would drop its sentences from the .po files."""
    sources = (path.read_text(encoding="utf-8") for path in (extraction.ROOT / "forms").rglob("*.py"))
    defined = {name for source in sources for name in re.findall(r"^class (\w+)", source, re.M)}
    assert defined >= marked_words.PROBLEM_CALLS


def test_each_kind_of_problem_that_the_desk_raises_has_its_sentences_collected() -> None:
    """A subclass of Problem that is not named there would show its sentences in English to everybody."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (extraction.ROOT / "forms").rglob("*.py")]
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }  # fmt: skip
    kinds = {"Problem"}
    while more := {name for name, named in bases.items() if named & kinds} - kinds:
        kinds |= more
    raised = {
        called_name(node)
        for path in DESK.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and any(True for text in node.args for _ in marked_words.constants(text))
    }
    assert raised & kinds - PROBLEM_CALLS == set()


def test_the_desks_words_are_its_own_and_the_publics_stay_where_they_are() -> None:
    public = {str(message.id) for message in extraction.template() if message.id}
    desk = {str(message.id) for message in messages()}
    assert {"Fetch now", "Please wait %(seconds)s seconds.", "does not open this key."} <= desk
    assert public & desk == set()
    assert {"Who came", "What is happening?"} <= public


@pytest.mark.parametrize("code", [code for code in language.offered_languages() if code != "en"])
def test_a_languages_words_are_whole_and_fit(code: str) -> None:
    assert extraction.unfinished(code, extraction.DESK) == []
    for message in catalog(code, language.FOLDER):
        if not message.id or not message.string or not any(message.string):
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id, message.id)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for english, text in zip((ids[0], ids[1]), texts, strict=False):
            assert _holders(text) == _holders(english), text
            assert not re.search(r"[<>]|&\w+;", text), text
            assert "\n" not in text


def _holders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%", text))


# Events


@pytest.mark.usefixtures("pseudo")
def test_no_page_about_events_says_english_to_who_reads_another_language(tmp_path: Path) -> None:
    session = FakeSession(tmp_path, portal(event(capacity=2), event("2027-03-clinic", day="2027-03-20")))
    session.server.sign_up(people=4, name="லக்ஷ்மி", phone="+91 98765 43210", remind=["yes"], help_with=["child-care"])
    session.server.sign_up(people=3, state="waiting", turn=1, name="கமலா")
    window = open_events_window(session)
    window.post("/events/fetch")
    window.post(f"/events/{MEETING}/walk-in", name="மீனா", people="2")
    paths = ("", f"{MEETING}/", f"{MEETING}/mark", f"{MEETING}/reminders")
    pages = [window.page(f"/events/{path}") for path in paths]
    pages.append(window.post(f"/events/{MEETING}/walk-in", name="", people="many").text)
    for page in pages:
        own_words = re.sub(r'<span class="words" lang="\w+">.*?</span>', "", page, flags=re.S)  # texts to others
        texts = "\n".join(Shape(without_our_ids(own_words)).texts)
        rest = re.sub(r"⟦.*?⟧", "", _without_inner(texts), flags=re.S)
        assert [line for line in _english(rest) if not line.startswith(OF_EVENTS)] == [], rest


OF_EVENTS = (
    "A meeting",
    "Meeting",
    "meeting",
    "clinic",
    "Hall",
    "GSM",
    "Unicode",
    "attendance",
    "desk events",
    "zip",
    "CSV",
    "events",
)
"""Data of these events, and what is typed as it stands."""
