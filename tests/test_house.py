"""The house stands as DESIGN.md draws it: who imports whom, and what stands nowhere else."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules(folder: Path, package: str) -> dict[str, Path]:
    """The modules of a package by their dotted names."""
    found = {}
    for path in folder.rglob("*.py"):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


SOURCES = {
    **modules(ROOT / "forms", "forms"),
    **modules(ROOT / "site" / "press", "press"),
    "build": ROOT / "build.py",
}


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, late and typing imports too; `from x import y` gives x and x.y."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


OWN = {name: {module for module in imported(path) if module in SOURCES} - {name} for name, path in SOURCES.items()}


def within(name: str, wing: str) -> bool:
    return name == wing or name.startswith(f"{wing}.")


def test_the_house_is_whole() -> None:
    for wing in ("forms.app", "forms.desk.opening", "press.plugin", "press.build", "build"):
        assert wing in SOURCES
    assert not (ROOT / "site" / "__init__.py").exists(), "the standard library owns the name `site`"


def test_there_is_no_import_circle() -> None:
    packages = {name for name in OWN if any(other.startswith(f"{name}.") for other in OWN)}
    TopologicalSorter({name: needs - packages for name, needs in OWN.items()}).prepare()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_who_imports_whom(name: str) -> None:
    for other in OWN[name]:
        assert not within(other, "build"), "nothing imports the door"
        if within(name, "forms"):
            assert not within(other, "press"), "the forms never need the press"
        if within(name, "forms") and not within(name, "forms.desk"):
            assert not within(other, "forms.desk"), "the server never needs the desk"
        if within(name, "forms.desk"):
            assert not within(other, "forms.store")
            assert other not in {"forms.app", "forms.routes", "forms.delivery", "forms.pickup", "forms.sealed"}
        if within(name, "press"):
            reachable = {
                "forms",
                "forms.definition",
                "forms.words",
                "forms.problem",
                "forms.portal",
                "forms.drawing",
                "forms.sound",
                "forms.typefaces",
                "forms.counts",
                "forms.suppression",
            }
            assert within(other, "press") or other in reachable or other.startswith("forms.words")


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("mkdocs", {"press.plugin"}),
        ("sqlalchemy", {"forms.store.base", "forms.store.concerns", "forms.store.days", "forms.store.signups"}),
        ("typst", {"press.paper", "forms.desk.sheet"}),
        ("segno", {"press.paper", "forms.desk.window.keys_pages"}),
        ("icalendar", {"press.calendars"}),
        ("dateutil", {"press.events"}),
        ("PIL", {"press.pictures", "forms.cleaner"}),
        ("av", {"forms.sound"}),
        ("espeakng_loader", {"press.speech"}),
        ("vl_convert", {"press.charts"}),
        ("difflib", {"press.suggesting"}),
        (
            "flask",
            {
                f"forms.{name}"
                for name in (
                    "app",
                    "routes",
                    "pages",
                    "signup_pages",
                    "sealed",
                    "pickup",
                    "json_answers",
                    "built_site",
                    "server",
                    "quiet",
                )
            },
        ),
    ],
)
def test_a_library_is_known_in_its_own_file_only(library: str, home: set[str]) -> None:
    knows = {name for name, path in SOURCES.items() if any(within(module, library) for module in imported(path))}
    if library == "flask":
        knows -= {name for name in knows if within(name, "forms.desk.window")}  # the desk's window is a web app too
    assert knows == home


def calls(path: Path, what: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr.startswith(what) for node in ast.walk(ast.parse(path.read_text()))
    )


def test_letters_are_opened_in_one_place_and_answers_in_another() -> None:
    opens = {name for name, path in SOURCES.items() if calls(path, "decrypt")}
    assert opens == {"forms.desk.opening", "forms.receipts", "forms.desk.keys"}, "keys opens the desk's own key file"


def test_nothing_of_one_district_stands_in_code() -> None:
    places = ("tiruvallur", "thiruvallur", "poonamallee", "ponneri", "tamil nadu", "chennai")
    suffixes = {".py", ".html", ".yaml", ".css", ".js", ".yml", ".po"}
    for path in [ROOT / "build.py", ROOT / "mkdocs.yml", *(ROOT / "forms").rglob("*"), *(ROOT / "site").rglob("*")]:
        if path.suffix in suffixes:
            text = path.read_text(encoding="utf-8").lower()
            assert [place for place in places if place in text] == [], path


def test_no_registrys_address_is_committed() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    for mark in ("http://", "https://", "--index-url", "--extra-index-url", "--find-links"):
        assert mark not in lock


def test_mkdocs_never_empties_our_sources() -> None:
    """Its own default output folder is `site`, which is ours."""
    assert "site_dir: public" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
