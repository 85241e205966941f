"""First contentful paint over slow lines, beside a default mkdocs-material site with the same pages, in one run.

    python3 build.py build && .venv/bin/python bench/paint.py

Chromium, 360 x 740, empty cache each time, its own throttling: 400 kbit/s with 400 ms, 50 kbit/s with 500 ms. Both
sites are served by the same server with the same compression. Prints seconds (median of RUNS) and the ratio.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site"), str(ROOT / "tests")]
from browser import FLAGS, find, slow  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from sitegen.publish import compression  # noqa: E402

from forms.server.app import create_app  # noqa: E402
from forms.web.serving import make  # noqa: E402

RUNS = 3
LINES = ((400, 400), (50, 500))
PAGES = ("en/", "or/", "ta/rights/", "or/approach-police/")
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def material(folder: Path) -> Path:
    """The same Markdown, one language a site, with mkdocs-material as it comes; fonts of its own choice."""
    for language in ("en", "ta", "or"):
        config = folder / f"{language}.yml"
        config.write_text(
            f"site_name: Portal\ndocs_dir: {ROOT / 'content' / language}\nsite_dir: {folder / 'site' / language}\n"
            "theme: {name: material}\nmarkdown_extensions: [attr_list, md_in_html, admonition, def_list]\n"
        )
        command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(config)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    compression.compress(ROOT, compression.uncompressed_files(folder / "site"))
    return folder / "site"


def paint(browser: Browser, address: str, kilobits: int, milliseconds: int) -> float:
    seconds = []
    for _ in range(RUNS):
        context = browser.new_context(viewport={"width": 360, "height": 740})
        page = context.new_page()
        slow(page, kilobits=kilobits, milliseconds=milliseconds)
        # Material asks Google for fonts; here nobody answers, and at once: kinder to it than a real 2G line.
        context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
        page.goto(address, wait_until="commit", timeout=180_000)
        painted = None
        while not painted:  # asked from outside: our headers forbid the waiting script that Playwright would use
            page.wait_for_timeout(50)
            painted = page.evaluate(PAINT)
        seconds.append(painted / 1000)
        context.close()
    return statistics.median(seconds)


def serve(public: Path, data: Path) -> tuple[str, object]:
    app = create_app({"portal": ROOT / ".build" / "portal.json", "public": public, "data": data})
    if public != ROOT / "public":  # Material has scripts inside its pages, which our headers forbid
        app.after_request_funcs[None].insert(0, _bare)
    server = make(app, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", server


def _bare(response: object) -> object:
    response.headers.pop("Content-Security-Policy", None)  # type: ignore[attr-defined]
    return response


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        site_address, first = serve(ROOT / "public", folder / "a")
        material_address, second = serve(material(folder), folder / "b")
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        print(f"{'page':<20} {'line':<18} {'ours':>7} {'Material':>9} {'ratio':>6}")
        for kilobits, milliseconds in LINES:
            for page in PAGES:
                own = paint(browser, f"{site_address}/{page}", kilobits, milliseconds)
                other = paint(browser, f"{material_address}/{page}", kilobits, milliseconds)
                line = f"{kilobits} kbit/s {milliseconds} ms"
                print(f"{page:<20} {line:<18} {own:>6.2f}s {other:>8.2f}s {other / own:>6.1f}", flush=True)
        browser.close()
        first.shutdown()  # type: ignore[attr-defined]
        second.shutdown()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
