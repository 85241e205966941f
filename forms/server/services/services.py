"""What the server's services work with: the portal, the stores, the salt, the limits. No request, no HTML."""

from dataclasses import dataclass, field, replace

from forms.core.crypto import receipts
from forms.core.crypto.receipts import Cost, Keys
from forms.core.form_schema import LETTER_KINDS, Kind
from forms.core.portal import Event, Portal
from forms.server.services.flood.flood_control import FLOOD_THRESHOLD, PLACES_THRESHOLD, FloodControl
from forms.server.services.flood.leaky_bucket import LeakyBucket
from forms.server.services.flood.likeness import Likeness
from forms.server.services.flood.limiters import FileLimiter, LookupLimiter
from forms.server.services.mailbox import SECOND_QUEUE_SHARE, Full, Mailbox
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import PRIORITY_QUEUE, SECOND_QUEUE, NewLetter
from forms.server.store.database import Store
from forms.server.store.date_store import DateStore
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.statement_store import StatementStore


@dataclass(frozen=True)
class Services:
    """What is needed to keep letters: the portal, the stores, the salt and cost of receipts, the limits.

    requests: letters that are not concerns; they are stored with the sign-ups, apart from concerns. days: what is known
    of today's date. statements: what the server has stated to desks. budget: bytes of disk for each store. places: how
    many places of events were asked for lately. unlike_letters: how many letters unlike others came in a flood.
    """

    portal: Portal
    concerns: ConcernStore
    signups: SignupStore
    requests: ConcernStore
    days: DateStore
    statements: StatementStore
    salt: bytes
    cost: Cost
    budget: int
    flood_control: FloodControl = field(default_factory=FloodControl)
    likeness: Likeness = field(default_factory=Likeness)
    unlike_letters: LeakyBucket = field(default_factory=lambda: LeakyBucket(FLOOD_THRESHOLD))
    lookups: LookupLimiter = field(default_factory=LookupLimiter)
    signup_lookups: LookupLimiter = field(default_factory=LookupLimiter)
    browser_lookups: LookupLimiter = field(default_factory=LookupLimiter)
    files: FileLimiter = field(default_factory=FileLimiter)
    places: LeakyBucket = field(default_factory=lambda: LeakyBucket(PLACES_THRESHOLD))

    @property
    def stores(self) -> tuple[Store, ...]:
        """All stores."""
        return (self.concerns, self.signups, self.requests, self.days, self.statements)

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """A mailbox for each kind of letter."""
        mailboxes = {
            Kind.CONCERN: Mailbox(Kind.CONCERN, self.concerns, has_queues=True, keep="concerns_days"),
            Kind.REQUEST: Mailbox(Kind.REQUEST, self.requests, has_queues=False, keep="requests_days"),
        }
        return tuple(mailboxes[kind] for kind in LETTER_KINDS)

    def mailbox(self, kind: Kind) -> Mailbox:
        """Return the mailbox for a kind of letter."""
        return next(mailbox for mailbox in self.mailboxes if mailbox.kind == kind)

    def close(self) -> None:
        """Close the stores' connections."""
        for store in self.stores:
            store.close()

    def keys(self, code: str, purpose: Kind) -> Keys:
        """Return the keys that are derived from a receipt for this purpose, with this server's salt."""
        return receipts.derive(code, self.salt, purpose, self.cost)

    def keys_for_lookup(self, code: str, purpose: Kind) -> Keys:
        """Return the keys of a receipt that somebody typed. Raises Busy if too many are looked up at once."""
        with (self.signup_lookups if purpose == Kind.SIGNUP else self.lookups).slot():
            return self.keys(code, purpose)

    def event(self, event_id: str) -> Event | None:
        """Return the event with this id, or None."""
        return next((event for event in self.portal.events if event.id == event_id), None)

    def keep(self, mailbox: Mailbox, letter: NewLetter, *, with_work: bool = False, is_unlike: bool = False) -> bool:
        """Keep a letter in its mailbox. Return False if it was kept before.

        A mailbox without queues is not affected by a flood, nor counted in it. with_work, is_unlike: as in
        `keep_concern`. Raises NotKept (Full if there is no room), PartsMissing.
        """
        if mailbox.has_queues:
            return self.keep_concern(letter, with_work=with_work, is_unlike=is_unlike)
        self.require_room(1, mailbox.store)
        return mailbox.store.intake.save(letter)

    def keep_concern(self, letter: NewLetter, *, with_work: bool = False, is_unlike: bool = False) -> bool:
        """Keep a concern in the queue it belongs to. Return False if it was kept before.

        with_work: it came with proof of work. is_unlike: it is not like the letters of a flood; as many of these as the
        threshold go to the priority queue. Raises NotKept (Full if there is no room), PartsMissing.
        """
        is_flooded = self.flood_control.is_high() and not with_work
        is_preferred = is_flooded and is_unlike and not self.unlike_letters.is_high()
        queue = SECOND_QUEUE if is_flooded and not is_preferred else PRIORITY_QUEUE
        self.require_room(1 if queue == PRIORITY_QUEUE else SECOND_QUEUE_SHARE, self.concerns)
        is_new = self.concerns.intake.save(replace(letter, tray=queue))
        if is_new:
            self.flood_control.count(with_work=with_work, is_priority=queue == PRIORITY_QUEUE)
            if is_preferred:
                self.unlike_letters.count()
        return is_new

    def require_room(self, share: float, store: ConcernStore | SignupStore) -> None:
        """Raise Full if this store uses more than this share of the disk budget; each store has its own budget."""
        if store.size > self.budget * share:
            raise Full("store", "The letter box is full.", "Raise the setting `budget`, or let desks fetch.")
