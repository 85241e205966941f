"""Releases as the editor publishes into them: one release forward, or one back."""

from dataclasses import dataclass
from functools import partial

from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.cli.main import Checkout
from forms.operations.cli.release_commands import publish_newest, purge_while_waiting
from forms.operations.publishing_lock import publishing_lock


@dataclass(frozen=True)
class ReleasePlace:
    """The releases of a checkout; what is published is public at once (docs/decisions/0059)."""

    here: Checkout
    is_live: bool = True

    @property
    def where(self) -> str:
        """The folder of the releases."""
        return str(self.here.published)

    @property
    def can_undo(self) -> bool:
        """Return whether there is a release before the one in use, or one from which an operator went back."""
        site = self.here.published
        in_use = releases.current(site)
        has_earlier = in_use is not None and any(one.number < in_use.number for one in releases.every(site))
        return has_earlier or releases.rolled_back_from(site) is not None

    def publish(self, commit: str, _who: str) -> str:
        """Build, and put the build into use; wait for another program that publishes. Raises Problem or Problems."""
        with publishing_lock(self.here.published, while_waiting=partial(purge_while_waiting, self.here)):
            publish_newest(self.here)
        return commit

    def withdraw(self, _who: str) -> None:
        """Do nothing: a withdrawal has been removed from every release already."""

    def undo(self, before: str, _who: str) -> str:
        """Put the previous release into use; after an undo, put the release into use that was undone.

        Raises Problem, also while another program publishes.
        """
        seen = releases.current(self.here.published)
        with publishing_lock(self.here.published, partial(_raise_busy, self.where)):
            undone = releases.rolled_back_from(self.here.published)
            number = undone.number if undone else None
            releases.rollback(self.here.published, number, purge=self.here.purge, seen=seen)
        return before


def _raise_busy(where: str) -> None:
    """Raise Problem: another program publishes here."""
    raise Problem(where, "another program publishes here just now.", "Wait a minute, look at the site, then go on.")
