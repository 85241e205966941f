"""How much work 38 districts over one library are beside one: processor time of all processes, and the clock.

Districts like districts/sundargarh, each with a name, a table of help numbers, a page and events of its own.
Run: PYTHONPATH=.:site .venv/bin/python bench/many_builds.py [--districts 38] [--alone 1]
"""

import argparse
import csv
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from processes import Cost, timed

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "districts" / "sundargarh"
COPIED = ("site", "forms", "library", "locks", "mkdocs.yml", "build.py")
_NAMES = {"en": ("Sundargarh", "District"), "hi": ("सुंदरगढ़", "जिला"), "or": ("ସୁନ୍ଦରଗଡ଼", "ଜିଲ୍ଲା")}


def main() -> None:
    """Print what one costs, what all cost at first, and what all cost again, as at midnight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--districts", type=int, default=38)
    parser.add_argument("--alone", type=int, default=1, help="How often one alone is built.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-many-", dir=os.environ.get("TMPDIR")) as name:
        place = Path(name)
        one = [_alone(place / f"alone-{number}") for number in range(arguments.alone)]
        for cost in one:
            print(f"one alone: {_format_cost(cost)}", flush=True)
        _all(place / "many", arguments.districts, min(cost.processor for cost in one))


def _alone(place: Path) -> Cost:
    program = _program(place)
    content = _district(place, 0)
    cost = _run(program, "--content", str(content), "publish")
    shutil.rmtree(place)
    return cost


def _all(place: Path, count: int, one: float) -> None:
    program, settings = _program(place), place / "settings"
    for number in range(count):
        content = _district(place, number)
        folder = settings / content.name
        folder.mkdir(parents=True)
        portal = program / ".build" / "districts" / content.name / "published" / "current" / "portal.json"
        lines = (f'hosts = ["{content.name}.example"]', f'content = "{content}"', f'portal = "{portal}"')
        (folder / "district.toml").write_text("\n".join(lines), encoding="utf-8")
    for label in ("all, nothing made yet", "all, nothing changed"):
        _print(label, _run(program, "update", "--districts", str(settings)), one)
    for record in program.glob(".build/districts/*/.build/last-build"):
        shutil.rmtree(record)  # as on a new day: everything is built, from what is kept
    _print("all, on a new day", _run(program, "update", "--districts", str(settings)), one)


def _print(label: str, cost: Cost, one: float) -> None:
    print(f"{label}: {_format_cost(cost)}; {cost.processor / one:.1f} x one", flush=True)


def _format_cost(cost: Cost) -> str:
    return f"{cost.processor:.1f} s of processor, {cost.wall:.0f} s on the clock, largest process {cost.memory:.0f} MB"


def _program(place: Path) -> Path:
    """Return a copy of the program that has built nothing but the script for letters."""
    program = place / "program"
    program.mkdir(parents=True)
    without = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, program / name, **({"ignore": without} if (ROOT / name).is_dir() else {}))
    shutil.copytree(ROOT / ".build" / "seal", program / ".build" / "seal")
    _run(program, "--version")  # compiles the modules
    return program


def _district(place: Path, number: int) -> Path:
    """Write a district of at most 15 files and return its content."""
    content = place / f"d{number:02}"
    shutil.copytree(MODEL, content)
    text = (content / "portal.yml").read_text(encoding="utf-8")
    text = text.replace("../../library/india", str(place / "program" / "library" / "india"))
    for name, kind in _NAMES.values():
        text = text.replace(f"{name} {kind}", f"{kind} {number}").replace(name, f"{kind} {number}")
    (content / "portal.yml").write_text(text, encoding="utf-8")
    page = f"---\ntitle: What is special in district {number}\nchanged: 2026-11-01\n---\n\n# What is special here\n\n"
    (content / "en").mkdir(exist_ok=True)
    (content / "en" / "special.md").write_text(f"{page}The {number}th of the districts.\n", encoding="utf-8")
    _own_row(content, "helplines", {"id": "own", "for_en": f"The office of district {number}", "order": "90"})
    _own_row(content, "events", {})
    (content / "addresses.json").unlink(missing_ok=True)
    return content


def _own_row(content: Path, table: str, changes: Mapping[str, str]) -> None:
    """Write a table with a row of its own, after a row of the library or of the demonstration."""
    found = (ROOT / "content" / "tables" / f"{table}.csv", ROOT / "library" / "india" / "tables" / f"{table}.csv")
    for path in found:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        if rows:
            break
    columns = [name for name in rows[0] if not name.endswith(("_ta", "_te"))]
    place = content / "tables" / "places.csv"
    if table == "events":
        with place.open(newline="", encoding="utf-8-sig") as file:
            changes = {"place": next(csv.DictReader(file))["id"], "part_of": ""}
    with (content / "tables" / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerow({**rows[0], **changes})


def _run(program: Path, *arguments: str) -> Cost:
    """Run a command of build.py; return what it and all that it started cost. Ends where it fails."""
    return timed([sys.executable, str(program / "build.py"), *arguments], program)


if __name__ == "__main__":
    main()
