"""What is carried to people: the site on a memory card, three papers in each language, and papers of events."""

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
    """Make the kit of the site built in `public` into `out`. Raises Problem or Problems."""
    context, _ = prepare(root, keys=keys, today=today)
    out.mkdir(parents=True, exist_ok=True)
    count = offline_card.write(public, out / CARD, context.portal)
    say(f"  {CARD}: {count} files, {(out / CARD).stat().st_size / 1e6:.1f} MB")
    leaflet = (settings.read_settings(root / "content").get("paper") or {}).get("leaflet", "index")
    for code in context.portal.language_codes():
        if told := leaflets.lacking(code):
            say(f"  {told}")
            continue
        own = replace(context, language=code)
        home = public / code
        place = home if leaflet == "index" else home / leaflet
        pages = leaflets.Pages(*((where / "index.html").read_text(encoding="utf-8") for where in (home, place)))
        for path in leaflets.write(out, own, pages, root / "content" / "media"):
            say(f"  {path.name}: {path.stat().st_size / 1e3:.0f} KB")
        made = list(event_posters.write(out, own, root / "content" / "media"))
        say(f"  {code}: a poster and a hand-out for each of {len(made) // 2} events, and one with strips to tear off")
