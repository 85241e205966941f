"""The releases of a server as another program publishes into them: one step on, and one back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.cli.main import Checkout
from forms.operations.cli.release_commands import publish_newest, purge_meanwhile
from forms.operations.publishing_lock import at_work


@dataclass(frozen=True)
class ReleasePlace:
    """The releases of a checkout, whose readers see what is published at once (docs/decisions/0059)."""

    here: Checkout
    is_live: bool = True

    @property
    def where(self) -> str:
        """The folder of the releases."""
        return str(self.here.published)

    @property
    def can_undo(self) -> bool:
        """Return whether there is a release before the one in use, or one from which somebody went back."""
        now = releases.current(self.here.published)
        earlier = any(one.number < now.number for one in releases.every(self.here.published)) if now else False
        return earlier or releases.left(self.here.published) is not None

    def publish(self, commit: str, _who: str) -> str:
        """Build, and put the build into use; waits for another program that publishes. Raises Problem or Problems."""
        with at_work(self.here.published, meanwhile=partial(purge_meanwhile, self.here)):
            publish_newest(self.here)
        return commit

    def withdraw(self, _who: str) -> None:
        """Do nothing: it was taken out of every release already."""

    def undo(self, before: str, _who: str) -> str:
        """Put the release before this one into use again; where that was done, the one that it was done from.

        Raises Problem, also while another program publishes.
        """
        seen = releases.current(self.here.published)
        with at_work(self.here.published, _busy(self.where)):
            left = releases.left(self.here.published)
            number = left.number if left else None
            releases.rollback(self.here.published, number, purge=self.here.purge, seen=seen)
        return before


def _busy(where: str) -> Callable[[], object]:
    def raised() -> None:
        """Raise Problem: another program publishes here."""
        raise Problem(where, "another program publishes here just now.", "Wait a minute, look at the site, then go on.")

    return raised
