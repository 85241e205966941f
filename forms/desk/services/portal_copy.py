"""The portal as this machine last fetched it: `portal.json` in the desk's folder, all of it public."""

from forms.core import i18n
from forms.core.files.durable import write_or_complain
from forms.core.handover_version import Unreadable
from forms.core.portal import Portal, parse
from forms.core.problem import Problem
from forms.desk.services.place import DeskPlace


class PortalCopy:
    """This desk's copy of the portal."""

    def __init__(self, place: DeskPlace) -> None:
        self._place, self._path = place, place.folder / "portal.json"
        self._portal: Portal | None = None

    @property
    def current(self) -> Portal:
        """The portal as last fetched; fetches it if it never was. Raises Problem."""
        if self._portal is None:
            if not self._path.exists():
                self.fetch()
            self._portal = parse(self._path.read_bytes(), str(self._path))
            i18n.set_process_words(self._portal.words)
        return self._portal

    def fetch(self) -> None:
        """Fetch the portal and store it. Raises Problem; Unreadable if this program is too old to read it."""
        text = self._place.server().portal()
        try:
            parse(text, self._place.address)
        except Unreadable:
            raise
        except Problem:
            raise Problem(self._place.address, "gave a strange answer.", "Is it the portal's address?") from None
        self.save(text)

    def save(self, text: bytes) -> None:
        """Store this portal. Raises Problem."""
        write_or_complain(self._path, text)
        self._portal = None

    def fetch_if_readable(self) -> str:
        """Fetch the portal; return a sentence if this program is too old to read it, else an empty text.

        Letters can be fetched and sent all the same. Raises Problem.
        """
        try:
            self.fetch()
        except Unreadable as problem:
            return problem.sentence
        return ""
