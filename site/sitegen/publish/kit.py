"""The kit for field workers: the site for a memory card, papers in each language, posters of events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from sitegen.build import prepare
from sitegen.content import settings
from sitegen.content.district import DeskKeys
from sitegen.print import event_posters, leaflets
from sitegen.publish import offline_card

CARD = "portal.zip"


def make(
    root: Path, public: Path, out: Path, *, keys: DeskKeys | None, today: date, say: Callable[[str], None]
) -> None:
    """Make the kit of the site in `public`, and write it into `out`. say: called with a line about each file.

    Raises Problem or Problems.
    """
    context, _ = prepare(root, keys=keys, today=today)
    out.mkdir(parents=True, exist_ok=True)
    count = offline_card.write(public, out / CARD, context.portal)
    say(f"  {CARD}: {count} files, {(out / CARD).stat().st_size / 1e6:.1f} MB")
    leaflet = (settings.read_settings(root / "content").get("paper") or {}).get("leaflet", "index")
    for code in context.portal.language_codes():
        if missing_typeface := leaflets.missing_typeface(code):
            say(f"  {missing_typeface}")
            continue
        translated = replace(context, language=code)
        home = public / code
        folders = (home, home if leaflet == "index" else home / leaflet)
        pages = leaflets.Pages(*((folder / "index.html").read_text(encoding="utf-8") for folder in folders))
        for path in leaflets.write(out, translated, pages, root / "content" / "media"):
            say(f"  {path.name}: {path.stat().st_size / 1e3:.0f} KB")
        posters = list(event_posters.write(out, translated, root / "content" / "media"))
        say(
            f"  {code}: a poster and a hand-out for each of {len(posters) // 2} events, and one with strips to tear off"
        )
