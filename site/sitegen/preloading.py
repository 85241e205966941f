"""Loads what every build needs into a process from which builds are forked: nothing of any district."""

from importlib import import_module
from pathlib import Path

from forms.core import form_schema, i18n
from sitegen import kept_work, workers
from sitegen.render.engine import interface

_NEEDED = (
    *workers.PRELOADED, "sitegen.build", "sitegen.shared_work", "sitegen.incremental.building",
    "sitegen.incremental.drawn", "sitegen.content.tables", "sitegen.render.events.calendars", "sitegen.media.speech",
    "sitegen.publish.withdrawals.withdrawal", "forms.core.media.audio",
)  # fmt: skip


def load(program: Path) -> None:
    """Import what builds import, compile templates, and read forms and the words of the program's languages."""
    for name in (*_NEEDED, interface.module_of(program)):
        import_module(name)
    form_schema.load_all()
    for path in sorted(i18n.FOLDER.glob("*.po")):
        i18n.translations(path.stem)
    kept_work.code_mark()
    workers.in_this_process = True
