"""The desk's window with very many letters: how long it takes to unlock, list and search them.

    .venv/bin/python bench/desk.py [letters]

Letters are sealed as those of people are, put into a folder of a desk, and asked for through the window. Prints a first
unlock (every letter is opened), of a later one (what was read is kept sealed), and milliseconds of lists and searches.
"""

import random
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]
import pyrage  # noqa: E402
from sitegen.content import page_reader  # noqa: E402

from forms.core import portal as portals  # noqa: E402
from forms.core.crypto.encryption import seal  # noqa: E402
from forms.desk.crypto.keys import make_demonstration  # noqa: E402
from forms.desk.services.place import DeskPlace  # noqa: E402
from forms.desk.window.app import create_window  # noqa: E402
from forms.desk.window.current import authenticator_of  # noqa: E402
from tests.desk.window_helpers import make_portal  # noqa: E402

TODAY = date(2027, 1, 12)
LANGUAGES = ("en", "ta", "te", "hi", "or")
RUNS = 15


def letters(folder: Path, key: str, count: int) -> str:
    """Seal letters of 10 to 120 words of our own pages into a folder; a word of the last one, to be found."""
    chance = random.Random(1976)  # noqa: S311 - repeatable text, no secret
    words = {language: _words(language) for language in LANGUAGES}
    reply_to = str(pyrage.x25519.Identity.generate().to_public())
    (folder / "letters").mkdir(parents=True)
    for number in range(count):
        language, id = chance.choice(LANGUAGES), f"{number:032x}"
        letter_answers: dict[str, Any] = {
            "what": " ".join(chance.choices(words[language], k=chance.randint(10, 120))) + f" w{number}",
            "place": chance.choice(("northtown", "southtown", "hillside")),
            "work": chance.choice(("kiln", "farm")),
            "danger": chance.choice(("yes", "no", "no", "no", "unknown")),
        }
        day = TODAY - timedelta(days=chance.randint(0, 300))
        letter = {
            "form": "concern", "version": 1, "id": id, "day": day.isoformat(), "language": language,
            "desks": ["police"], "answers": letter_answers, "reply_to": reply_to,
        }  # fmt: skip
        (folder / "letters" / f"{id}.age").write_bytes(seal(letter, [key], 16384))
    return f"w{count - 1}"


def _words(language: str) -> list[str]:
    found, _ = page_reader.read_language(ROOT / "content", language)
    return [word for page in found.values() for word in page.text.split() if word.isprintable()]


def timed(label: str, ask: Any, runs: int = RUNS) -> None:
    """Print the median and the worst of some runs."""
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        answer = ask()
        took.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code in {200, 303}, answer.text[:2000]  # noqa: S101
    print(f"{label:<46} median {statistics.median(took):>8.0f} ms   worst {max(took):>8.0f} ms", flush=True)


def main() -> None:
    """Seal, unlock, list, search."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        desks = make_demonstration(home, ("police", "revenue", "legal", "partner"))
        portals.write(make_portal(desks), home / "police" / "portal.json")
        last = letters(home / "police", desks["police"][0], count)
        app = create_window(DeskPlace("police", home / "police", "http://127.0.0.1:1"), today=lambda: TODAY)
        authenticator, client = authenticator_of(app), app.test_client()
        client.get(f"/enter/{authenticator.token}")
        form, headers = {"form_token": authenticator.form_token}, {"Origin": "http://localhost"}

        def open_and_list() -> Any:
            client.post("/unlock", data=form, headers=headers)
            return client.get("/")

        print(f"{count} letters")
        timed("first unlock and list (every letter is opened)", open_and_list, 1)
        client.post("/lock", data=form, headers=headers)
        timed("a later unlock and list", open_and_list, 1)
        timed("list", lambda: client.get("/"))
        timed("list, last page", lambda: client.get("/?page=99999"))
        timed("search, one letter found", lambda: client.get(f"/?text={last}"))
        timed("search, two words of Tamil", lambda: client.get("/", query_string={"text": "வேலை கூலி"}))
        timed("search, nothing found", lambda: client.get("/?text=nothing-like-this"))
        timed("filter: place, late", lambda: client.get("/?place=hillside&late=1"))
        one = f"{count - 1:032x}"
        timed("a case", lambda: client.get(f"/case/{one}"))
        note = {**form, "seen": "", "text": "A note"}
        timed("writing a note", lambda: client.post(f"/case/{one}/note", data=note, headers=headers), 3)
        timed("list after a note", lambda: client.get("/"), 1)


if __name__ == "__main__":
    main()
