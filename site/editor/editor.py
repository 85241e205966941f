"""The parts of the editor that the pages of its window use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from sitegen.languages import table_schemas

from editor import settings
from editor.approvals import Approvals
from editor.content_state import ContentCache
from editor.publishing import Publisher
from editor.remotes.destination import RemoteDestination
from editor.saving.store import ContentStore
from editor.tables.rows import WRITTEN_BY_PROGRAMS
from editor.translation import staff_words
from forms.core.i18n import gettext_noop as _
from forms.core.i18n import locales
from forms.core.problem import Problem
from forms.core.trusted_date import day_here


@dataclass
class Editor:
    """The editor of one project. withdraw: removes a story from the built site and writes the day into consents.csv."""

    root: Path
    memory: Path
    store: ContentStore
    content_cache: ContentCache
    publisher: Publisher
    withdraw: Callable[[str], object]
    today: Callable[[], date] = day_here
    field: Callable[[], Path | None] = lambda: None
    """Return the script of the text field (CodeMirror); None while it is not built, and the field is a plain one."""

    @property
    def content(self) -> Path:
        """The content folder."""
        return self.store.content

    @property
    def approvals(self) -> Approvals:
        """What a second person must read before it is published."""
        return Approvals(self.content, self.memory, self.store.history)

    @property
    def remote(self) -> RemoteDestination | None:
        """The destination, where the site is published by a push; else None."""
        destination = self.publisher.destination
        return destination if isinstance(destination, RemoteDestination) else None

    def require_approval(self) -> None:
        """Raise Problem while a second person must read something before it is published."""
        if waiting := self.approvals.waiting():
            what = _("A second person must read this before it is published.")
            raise Problem(waiting[0].change.path, what, _("Ask a colleague to read it."))

    @property
    def settings(self) -> settings.EditorSettings:
        """The settings on this machine: who writes, in which language, and what is on the site."""
        return settings.read(self.memory)

    def remember(self, **values: str) -> None:
        """Change some of the settings on this machine."""
        settings.update(self.memory, **values)

    @cached_property
    def schemas(self) -> Mapping[str, Any]:
        """The schema of each table that a person may write."""
        schemas = table_schemas.read_all(self.root / "site" / "schemas", self.store.languages)
        return {name: schema for name, schema in schemas.items() if name not in WRITTEN_BY_PROGRAMS}

    @property
    def titles(self) -> list[tuple[str, str]]:
        """The English title of each table that a person may write, sorted by the table's name."""
        return [(name, str(self.schemas[name]["title"])) for name in sorted(self.schemas)]

    def schema_in(self, language: str, table: str) -> Mapping[str, Any]:
        """Return the schema of a table, its titles and descriptions in a language of the window. Raises KeyError."""
        if table not in self.schemas:
            raise KeyError(table)
        source = table_schemas.read_unexpanded(self.root / "site" / "schemas" / f"{table}.yaml")
        translated = table_schemas.translate(source, staff_words.translations(language).gettext)
        return table_schemas.expand(translated, self.store.languages, lambda code: locales.name_in(code, language))
