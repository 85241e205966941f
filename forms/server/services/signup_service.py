"""Sign-ups: take places or a place in the line, look a sign-up up, change it, cancel it. No request, no HTML."""

from dataclasses import dataclass
from datetime import date

from forms.core.crypto.encryption import seal
from forms.core.form_schema import Kind
from forms.core.portal import Event
from forms.server.services.sending import keys_of
from forms.server.services.services import Services
from forms.server.services.submissions import Submission
from forms.server.store.signups.signup_tables import CANCELLED, NOT_THERE, WAITING, Signup


@dataclass(frozen=True)
class SignupStatus:
    """A sign-up as its number shows it. event: as it is now, None if it was removed from the table.

    before: groups before it in the line. too_large: it waits, and is larger than the whole event. over: the event is.
    """

    signup: Signup
    event: Event | None
    before: int
    too_large: bool
    over: bool

    @property
    def changeable(self) -> bool:
        """Whether anything can still be changed."""
        ended = self.event is None or self.event.state == CANCELLED or self.over
        return self.signup.state != CANCELLED and not ended


def why_closed(services: Services, event_id: str, today: date) -> str:
    """Return why nobody can sign up for this event: past, cancelled, closed or unknown; empty if sign-up is open."""
    event = services.event(event_id)
    if event is None:
        return "unknown"
    if event.takes_signups(today):
        return ""
    if event.state == CANCELLED:
        return "cancelled"
    if not event.takes_place or event.last_day < today:
        return "past"
    return "closed"


def groups_in_line(services: Services, event: Event, people: int) -> int | None:
    """Return how many groups wait for an event; None if there are places for so many people now.

    Takes no places: that happens when the sign-up is sent. Raises NotKept.
    """
    move_lines_up(services, event)
    occupancy = services.signups.occupancy(event.id)
    is_open = occupancy.waiting == 0 and not occupancy.held and not services.places.is_high()
    if is_open and occupancy.taken + people <= (event.capacity or 0):
        return None
    return occupancy.waiting


def sign_up(services: Services, submission: Submission, event: Event) -> tuple[str, Signup] | None:
    """Take places, or else the last place in the line; keep the sign-up durably, and return its number and itself.

    None if the group is larger than the whole event. While sign-ups surge, the group waits until staff let it in.
    Raises NotKept (Full if there is no room), LineFull.
    """
    services.require_room(1, services.signups)
    signup = Signup(submission.id, event.id, submission.values["people"], WAITING)
    lookup = services.keys(submission.code, Kind.SIGNUP).lookup
    sealed = _seal_answers(services, submission, event.id, signup.people)
    kept = services.signups.save(
        signup, lookup, sealed, capacity=event.capacity or 0, last_day=event.last_day, hold=services.places.is_high()
    )
    services.places.count(signup.people)
    return (submission.code, kept) if kept else None


def _seal_answers(services: Services, submission: Submission, event_id: str, people: int) -> bytes:
    """Return the answers encrypted for the events desk. `remind`: consent to use the phone number for reminders."""
    plaintext_fields = {"event", "people", "anew"}
    answers = {name: value for name, value in submission.values.items() if name not in plaintext_fields}
    remind = bool(answers.get("phone") and answers.get("remind"))
    letter = submission.letter(answers, event=event_id, people=people, remind=remind, reply_to=None)
    return seal(letter, keys_of(services.portal.readers(Kind.SIGNUP)), submission.definition.pad_to)


def look_up(services: Services, code: str, today: date) -> SignupStatus | None:
    """Return the status of the sign-up with this number; None for an unknown number. Raises NotKept, Busy."""
    lookup = services.keys_for_lookup(code, Kind.SIGNUP).lookup
    signup = services.signups.find(lookup)
    if signup is None:
        services.signup_lookups.record_miss()
        return None
    event = services.event(signup.event)
    if event and signup.state == WAITING:
        move_lines_up(services, event)
        signup = services.signups.find(lookup) or signup
    return status_of(services, signup, event, today)


def status_of(services: Services, signup: Signup, event: Event | None, today: date) -> SignupStatus:
    """Return the status of a sign-up, as its page shows it. Raises NotKept."""
    before = services.signups.groups_before(signup) if signup.state == WAITING else 0
    too_large = bool(signup.state == WAITING and event and event.capacity and signup.people > event.capacity)
    return SignupStatus(signup, event, before, too_large, over=event is not None and event.last_day < today)


def change(services: Services, code: str, submission: Submission, status: SignupStatus) -> str:
    """Change the number of people and, if anything else was written or `anew` is ticked, all other answers.

    status: as it was just looked up. Return CHANGED, TOO_MANY or NOT_THERE of the store. Raises NotKept.
    """
    if not status.changeable:
        return NOT_THERE
    people, capacity = submission.values["people"], status.event.capacity if status.event else None
    has_other_answers = bool(set(submission.values) - {"people"})
    sealed = _seal_answers(services, submission, status.signup.event, people) if has_other_answers else None
    return services.signups.change(services.keys(code, Kind.SIGNUP).lookup, people, sealed, capacity=capacity)


def cancel(services: Services, code: str, status: SignupStatus) -> bool:
    """Cancel a sign-up that was just looked up, and move the line up. Return False if there was nothing to cancel."""
    event = status.event
    line_moves_up = event is not None and event.takes_place and not status.over
    lookup = services.keys(code, Kind.SIGNUP).lookup
    return services.signups.cancel(lookup, capacity=event.capacity if event and line_moves_up else None)


def status_after_change(services: Services, code: str, status: SignupStatus, today: date) -> SignupStatus:
    """Return the status of a sign-up after it was changed. Raises NotKept, but never Busy: it was looked up before."""
    signup = services.signups.find(services.keys(code, Kind.SIGNUP).lookup) or status.signup
    return status_of(services, signup, status.event, today)


def move_lines_up(services: Services, *events: Event) -> None:
    """Give places to waiting groups of events that have become larger: of these events, or of all in the portal."""
    takes_place = [event for event in events or services.portal.events if event.takes_place]
    services.signups.move_lines_up({event.id: event.capacity for event in takes_place if event.capacity})


def act(services: Services, target: str, action: str) -> bool:
    """Do an action of the events desk on a sign-up (its id) or, for `let-go`, an event. Return whether it was done.

    remove: as if the person had cancelled. let-in: give it places now, also if others wait before it. pass-over: move
    it to the end of the line. let-go: the line of an event moves up by itself again. Raises NotKept.
    """
    if action == "let-go":
        event = services.event(target)
        if event is not None:
            services.signups.let_go(event.id, _capacity(event))
        return event is not None
    signup = next((signup for signup in services.signups.all_signups() if signup.id == target), None)
    event = services.event(signup.event) if signup else None
    capacity = _capacity(event)
    if action == "remove":
        return services.signups.remove(target, capacity)
    if action == "pass-over":
        return services.signups.pass_over(target, capacity)
    return action == "let-in" and services.signups.let_in(target, capacity or 0)


def _capacity(event: Event | None) -> int | None:
    """Return the number of places of an event that takes place, or None."""
    return event.capacity if event is not None and event.takes_place else None
