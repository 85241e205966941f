"""A tiny district, written anew for each test, that the site generator reads and builds."""

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pyrage
import pytest
import yaml
from commands.site import Site
from sitegen import build as site_build
from sitegen.build import KEPT_PHOTOS, KEPT_TABLES, PICTURES
from sitegen.checks.content_checks import CheckReport
from sitegen.content.spreadsheets import table_reader
from sitegen.languages import table_schemas
from sitegen.media import spoken_lines
from sitegen.publish import browser_bundle

from tests.commands import site_in
from tests.sitegen.reader_languages import left_in_english

ROOT = Path(__file__).parents[2]
TODAY = date(2027, 1, 1)
LANGUAGES = {"en": "English", "ta": "தமிழ்", "or": "ଓଡ଼ିଆ"}
KEY = str(pyrage.x25519.Identity.generate().to_public())
EVENTS = ("community-meeting", "legal-aid-camp", "clinic", "street-theatre", "cultural-programme", "goods-stall",
          "officer-training", "launch")  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    "places": [{"id": "north", "kind": "taluk", "name_en": "North", "name_ta": "வடக்கு"}],
    "kinds": [
        {"of": "place", "id": "taluk", "name_en": "Taluk", "name_ta": "வட்டம்"},
        *({"of": "event", "id": kind, "name_en": kind} for kind in EVENTS),
    ],
    "work": [{"id": "kiln", "order": 1, "name_en": "Kiln"}],
    "signs": [{"id": "debt", "order": 1, "name_en": "A debt that never ends", "more_en": "More.", "source": "x"}],
    "helplines": [
        {
            "id": "112", "order": 1, "group": "danger", "everywhere": "true", "number": "112", "tel": "112",
            "for_en": "Danger", "source": "x", "checked_on": "2026-12-01", "checked_by": "me",
        }
    ],
    "services": [],
    "campaigns": [],
    "consents": [],
    "events": [
        {
            "id": "meeting", "kind": "community-meeting", "title_en": "Meeting", "what_en": "Talk.", "place": "north",
            "where_en": "School", "starts": "2027-02-01T10:00", "capacity": "5", "state": "planned", "example": "false",
        }
    ],
}  # fmt: skip

READ_ONLY = ("assets", "browser", "theme")
"""What a build reads of the program's folder site/ beside schemas: no test writes there."""

SETTINGS = yaml.safe_dump(
    {
        "district": {"en": "Test district"},
        "programme": {"en": "Programme"},
        "short_name": {"en": "Short", "ta": "சுருக்கம்"},
        "languages": [{"code": code, "name": name} for code, name in LANGUAGES.items()],
        "timezone": "Asia/Kolkata",
        "address": "https://portal.example/",
        "exit_url": "https://neutral.example/",
        "demonstration": True,
        "responsible": {"en": "Nobody yet"},
        "keep": {"signups_days": 30, "concerns_days": 365},
        "menu": ["index"],
        "desks": [
            {"id": "police", "name": {"en": "Police"}, "what": {"en": "x"}, "reads": ["concern"]},
            {"id": "events", "name": {"en": "Events"}, "what": {"en": "x"}, "reads": ["signup"]},
        ],
    },
    allow_unicode=True,
)


@cache
def columns(table: str) -> list[str]:
    """Return the columns of a table, of its schema."""
    schema = table_schemas.read(ROOT / "site" / "schemas" / f"{table}.yaml", tuple(LANGUAGES))
    return [field["name"] for field in schema["fields"]]


@dataclass
class Folder:
    """The district's folder, and what the site generator makes of it."""

    root: Path

    def page(self, name: str, text: str = "Text.", language: str = "en", **meta: Any) -> None:
        """Write a page; `name` without .md."""
        own = {"changed": "2026-01-01"} if language == "en" else {"source_changed": "2026-01-01", "reviewed_by": "A"}
        head = "".join(f"{key}: {value}\n" for key, value in {"title": name, **own, **meta}.items())
        path = self.root / "content" / language / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{head}---\n\n# {name}\n\n{text}\n", encoding="utf-8")

    def table(self, name: str, *rows: dict[str, Any]) -> None:
        """Write a table: columns from its schema, what a row leaves out is empty."""
        with self.csv(name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns(name), restval="")
            writer.writeheader()
            writer.writerows(rows)

    def row(self, name: str, **changes: Any) -> None:
        """Write a table with its usual first row changed."""
        self.table(name, {**ROWS[name][0], **changes})

    def csv(self, name: str) -> Path:
        return self.root / "content" / "tables" / f"{name}.csv"

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return a table as the site generator reads it."""
        return table_reader.read_tables(self.root / "content" / "tables", self.root / "site" / "schemas")[name]

    def build(self, today: date = TODAY) -> Path:
        """Build the site; the folder it stands in."""
        keys = {"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}
        site_build.build(
            self.root, self.root / "public", keys=keys, today=today, say=lambda _: None,
            handover=self.root / ".build" / "portal.json",
        )  # fmt: skip
        return self.root / "public"

    def check(self, today: date = TODAY) -> CheckReport:
        keys = {"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}
        return site_build.prepare(self.root, keys=keys, today=today)[1]

    def problems(self, today: date = TODAY) -> list[str]:
        found = self.check(today).problems
        assert left_in_english(found) == [], "staff read it in the editor, in their language"
        return [str(problem) for problem in found]


@pytest.fixture(scope="session")
def seal_cache() -> Path:
    """Where the script that locks letters is kept, made once."""
    browser_bundle.make(ROOT / "site" / "browser", ROOT / ".build" / "seal")
    return ROOT / ".build" / "seal"


@pytest.fixture(scope="session")
def kept_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a worker keeps which tables and photos were found right: most tests have the same ones."""
    kept = tmp_path_factory.mktemp("kept tables")
    for name in (KEPT_TABLES, KEPT_PHOTOS):
        (kept / name.name).mkdir()
    return kept


@pytest.fixture
def kept_pictures(folder: "Folder", kept_tables: Path) -> None:
    """Let a test whose subject is not how small files are made of a photo take those of the tests before it."""
    (kept_tables / PICTURES.name).mkdir(exist_ok=True)
    (folder.root / PICTURES).symlink_to(kept_tables / PICTURES.name)


made_line = lru_cache(maxsize=2_000)(spoken_lines.speak_line)


@pytest.fixture
def kept_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test whose subject is not the sound of a line take those of the tests before it: three seconds for a form."""
    monkeypatch.setattr(spoken_lines, "speak_line", made_line)


@pytest.fixture
def folder(tmp_path: Path, seal_cache: Path, kept_tables: Path) -> Folder:
    root = tmp_path / "a district"
    (root / ".build").mkdir(parents=True)
    (root / ".build" / "seal").symlink_to(seal_cache)
    for name in (KEPT_TABLES, KEPT_PHOTOS):  # by hashes of bytes that were found right
        (root / name).symlink_to(kept_tables / name.name)
    (root / "content" / "tables").mkdir(parents=True)
    (root / "site").mkdir()
    shutil.copytree(ROOT / "site" / "schemas", root / "site" / "schemas", copy_function=shutil.copyfile)
    for name in READ_ONLY:  # a copy for each test took most of what it takes to lay a district out
        (root / "site" / name).symlink_to(ROOT / "site" / name)
    shutil.copy(ROOT / "mkdocs.yml", root)
    own = Folder(root)
    for schema in (ROOT / "site" / "schemas").glob("*.yaml"):
        own.table(schema.stem, *ROWS.get(schema.stem, []))
    for language in LANGUAGES:
        own.page("index", "Home.", language)
    (root / "content" / "portal.yml").write_text(SETTINGS, encoding="utf-8")
    return own


@pytest.fixture
def refusal(folder: Folder) -> Callable[[], str]:
    """Return the message with which the site generator refuses a folder."""
    from forms.core.problem import Problem, Problems  # noqa: PLC0415

    def message() -> str:
        with pytest.raises((Problem, Problems)) as error:
            folder.check()
        problems = error.value.problems if isinstance(error.value, Problems) else [error.value]
        assert left_in_english(problems) == [], "staff read it in the editor, in their language"
        return str(error.value)

    return message


@pytest.fixture
def here(folder: Folder) -> Site:
    """The tiny district, as the commands of build.py know it."""
    return site_in(folder.root, TODAY)


@pytest.fixture
def lines_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that were spoken, in short clips that hold their text: sound itself is tried in test_listen.py."""
    lines: list[str] = []

    def speak(line: str, voice: str) -> bytes:
        lines.append(line)
        return f"{voice} {line}".encode()

    def write(parts: Sequence[bytes], outputs: Sequence[tuple[Any, Path]]) -> None:
        for kind, path in outputs:
            path.write_bytes(b"\n".join(parts) + kind.ending.encode())

    monkeypatch.setattr(spoken_lines, "speak_line", speak)
    monkeypatch.setattr(spoken_lines, "write", write)
    return lines
