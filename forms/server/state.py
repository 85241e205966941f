"""The state of a running endpoint: services, retention, operator log. app.py creates it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from forms.core.portal import Portal
from forms.server.in_use import InUse
from forms.server.services.operator_log import Leader, OperatorLog
from forms.server.services.portal_file import PortalFile
from forms.server.services.retention import DailyRetention, RetentionThread
from forms.server.services.services import Services


@dataclass
class ServerState:
    """The state of one endpoint, which is one district: in a service of many districts each has its own.

    name: the district's, empty if there is only one. services: replaced as a whole when a new portal.json comes.
    retention: has the clock, which returns the day that this machine shows; `today` and `open_day` are the days that
    can be trusted. tell: writes a sentence into the operator's log. salt_problem: returns what is wrong with the salt's
    file now, or an empty text. public: the folder of the built site, if this server serves it too. rewritten: the day
    on which the databases were last rewritten. away_pages: the page that says that nothing was sent, by language, for
    `away_portal`.
    """

    name: str
    services: Services
    portal_file: PortalFile
    operator_log: OperatorLog
    retention: DailyRetention
    tell: Callable[[str], None]
    salt_problem: Callable[[], str]
    leader: Leader
    in_use: InUse
    public: Path | None = None
    retention_thread: RetentionThread | None = None
    rewritten: date | None = None
    away_pages: dict[str, bytes] = field(default_factory=dict)
    away_portal: Portal | None = None

    @property
    def today(self) -> date:
        """The latest day that it may be, with which letters are stored."""
        return self.retention.known.latest

    @property
    def open_day(self) -> date:
        """The earliest day that it may be, by which events close: a clock that is ahead refuses nobody."""
        return self.retention.known.earliest

    def use_portal(self, portal: Portal) -> None:
        """Use this portal from now on; running requests keep the one with which they began."""
        self.services = replace(self.services, portal=portal)

    def close(self) -> None:
        """End the thread, release the locks and close the connections."""
        if self.retention_thread is not None:
            self.retention_thread.end.set()
        self.leader.close()
        self.services.close()
        self.in_use.close()
