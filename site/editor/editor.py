"""All that the pages of the window work with, put together in one place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from sitegen.languages import table_schemas

from editor import settings
from editor.approvals import Approvals
from editor.looking import Looking
from editor.publishing import Publisher
from editor.remotes.place import RemotePlace
from editor.saving.store import ContentStore
from editor.tables.rows import WRITTEN_BY_PROGRAMS
from editor.translation import staff_words
from forms.core.i18n import gettext_noop as _
from forms.core.i18n import locales
from forms.core.problem import Problem
from forms.core.trusted_date import day_here


@dataclass
class Editor:
    """The editor of one project. `withdraw` takes a story off the built site and writes the day into consents.csv."""

    root: Path
    memory: Path
    store: ContentStore
    looking: Looking
    publisher: Publisher
    withdraw: Callable[[str], object]
    today: Callable[[], date] = day_here
    field: Callable[[], Path | None] = lambda: None
    """The script of the field in which texts are written; None while there is none: then it is a plain one."""

    @property
    def content(self) -> Path:
        """The folder that is edited."""
        return self.store.content

    @property
    def approvals(self) -> Approvals:
        """What a second person must read before it is published."""
        return Approvals(self.content, self.memory, self.store.history)

    @property
    def pushes(self) -> RemotePlace | None:
        """What publishes by a push, where that is how the site is published."""
        place = self.publisher.place
        return place if isinstance(place, RemotePlace) else None

    def require_read(self) -> None:
        """Raise Problem while a second person must read something before it is published."""
        if waiting := self.approvals.waiting():
            what = _("A second person must read this before it is published.")
            raise Problem(waiting[0].change.path, what, _("Ask a colleague to read it."))

    @property
    def settings(self) -> settings.EditorSettings:
        """Who writes, in which language, and what is on the site."""
        return settings.read(self.memory)

    def remember(self, **values: str) -> None:
        """Remember some of the settings anew."""
        settings.changed(self.memory, **values)

    @cached_property
    def schemas(self) -> Mapping[str, Any]:
        """The schema of each table that a person may write."""
        found = table_schemas.read_all(self.root / "site" / "schemas", self.store.languages)
        return {name: schema for name, schema in found.items() if name not in WRITTEN_BY_PROGRAMS}

    @property
    def titles(self) -> list[tuple[str, str]]:
        """The English title of each table that a person may write, sorted by the table's name."""
        return [(name, str(self.schemas[name]["title"])) for name in sorted(self.schemas)]

    def schema_in(self, language: str, table: str) -> Mapping[str, Any]:
        """Return the schema of a table, its titles and descriptions in a language of the window. Raises KeyError."""
        if table not in self.schemas:
            raise KeyError(table)
        written = table_schemas.written(self.root / "site" / "schemas" / f"{table}.yaml")
        said = table_schemas.in_words(written, staff_words.translations(language).gettext)
        return table_schemas.expanded(said, self.store.languages, lambda code: locales.name_in(code, language))
