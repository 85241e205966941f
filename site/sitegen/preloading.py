"""Loads what every build needs into a process from which builds are forked: nothing of any district."""

from datetime import date
from importlib import import_module
from pathlib import Path

from forms.core import form_schema, i18n
from forms.core.i18n import extraction
from sitegen import kept_work, workers
from sitegen.content.spreadsheets.csv_files import CsvFile
from sitegen.languages import table_schemas
from sitegen.layers import typed_rows
from sitegen.publish import browser_bundle, compression
from sitegen.render import site_files
from sitegen.render.engine import interface
from sitegen.render.engine.markdown_html import to_html

_NEEDED = (
    *workers.PRELOADED, "sitegen.build", "sitegen.shared_work", "sitegen.incremental.building",
    "sitegen.incremental.drawn", "sitegen.content.tables", "sitegen.render.events.calendars",
    "sitegen.render.events.calendar_numbers", "sitegen.media.speech", "sitegen.publish.withdrawals.withdrawal",
    "forms.core.media.audio",
)  # fmt: skip


def load(program: Path) -> None:
    """Import what builds import, compile templates, read the program's forms, words and schemas, pack its styles."""
    for name in (*_NEEDED, interface.module_of(program)):
        import_module(name)
    form_schema.load_all()
    for path in sorted(i18n.FOLDER.glob("*.po")):
        i18n.translations(path.stem)
        i18n.full_day(date.min, path.stem)
        extraction.untranslated(path.stem)
    assets, schemas, browser = (program / "site" / name for name in ("assets", "schemas", "browser"))
    site_files.asset_names(assets)
    letter_script = browser_bundle.LETTER_SCRIPT.cached_path(browser, program / browser_bundle.CACHE)
    compression.preload(site_files.published(assets, letter_script))
    for path in schemas.glob("*.yaml"):
        table_schemas.read_unexpanded(path)
    to_html("", program)
    typed_rows.read({"any": CsvFile("", ["id"], [["1"]], [2])}, {"any": {"fields": [{"name": "id", "type": "string"}]}})
    kept_work.code_mark()
    workers.in_this_process = True
