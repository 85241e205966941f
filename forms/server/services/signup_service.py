"""Sign-ups: taking places, the line, looking up, changing, cancelling. No request, no HTML."""

from dataclasses import dataclass
from datetime import date

from forms.core.crypto.encryption import seal
from forms.core.portal import Event
from forms.server.services.mailbox import Services, Submission, keys_of
from forms.server.store.signups.signup_store import CANCELLED, NOT_THERE, WAITING, Signup

FORM = "signup"


@dataclass(frozen=True)
class SignupStatus:
    """A sign-up as its number shows it. event: as it stands now, None where it left the table.

    before: groups before it in the line; too_large: it waits, and is larger than the whole event has become.
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
    """Return why nobody can sign up for this event: past, cancelled, closed or unknown; empty where one can."""
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


def in_line_before(services: Services, event: Event, people: int) -> int | None:
    """Return None where there is a place for so many people now; else how many groups wait already.

    Only a look: the places are taken when the sign-up is sent. Raises NotKept.
    """
    settle(services, event)
    line = services.signups.line(event.id)
    is_open = line.waiting == 0 and not line.held and not services.places.is_high()
    if is_open and line.taken + people <= (event.capacity or 0):
        return None
    return line.waiting


def sign_up(services: Services, submission: Submission, event: Event) -> tuple[str, Signup] | None:
    """Take places, or else the last place in the line, and keep it durably; then return its number and the sign-up.

    None where the group is larger than the whole event. While sign-ups surge, the group waits until staff let it in.
    Raises NotKept (Full where there is no room), LineFull.
    """
    services.require_room(1, services.signups)
    signup = Signup(submission.id, event.id, submission.values["people"], WAITING)
    lookup = services.keys(submission.code, FORM).lookup
    sealed = _sealed(services, submission, event.id, signup.people)
    kept = services.signups.save(
        signup, lookup, sealed, capacity=event.capacity or 0, last_day=event.last_day, hold=services.places.is_high()
    )
    services.places.count(signup.people)
    return (submission.code, kept) if kept else None


def _sealed(services: Services, submission: Submission, event_id: str, people: int) -> bytes:
    """What the events desk opens. `remind`: only with this consent may the phone number be used for reminders."""
    clear = {"event", "people", "anew"}
    answers = {name: value for name, value in submission.values.items() if name not in clear}
    remind = bool(answers.get("phone") and answers.get("remind"))
    letter = submission.letter(answers, event=event_id, people=people, remind=remind, reply_to=None)
    return seal(letter, keys_of(services.portal.readers(FORM)), submission.definition.pad_to)


def look_up(services: Services, code: str, today: date) -> SignupStatus | None:
    """Return how the sign-up with this number stands; None for an unknown number. Raises NotKept, Busy."""
    lookup = services.looked_up(code, FORM).lookup
    signup = services.signups.find(lookup)
    if signup is None:
        services.signup_lookups.missed()
        return None
    event = services.event(signup.event)
    if event and signup.state == WAITING:
        settle(services, event)
        signup = services.signups.find(lookup) or signup
    return status_of(services, signup, event, today)


def status_of(services: Services, signup: Signup, event: Event | None, today: date) -> SignupStatus:
    """Return how a sign-up stands, as its page shows it. Raises NotKept."""
    before = services.signups.before(signup) if signup.state == WAITING else 0
    too_large = bool(signup.state == WAITING and event and event.capacity and signup.people > event.capacity)
    return SignupStatus(signup, event, before, too_large, over=event is not None and event.last_day < today)


def change(services: Services, code: str, submission: Submission, standing: SignupStatus) -> str:
    """Change the number of people and, where anything else was written or `anew` is ticked, all that was told.

    standing: as it was just looked up. Returns CHANGED, TOO_MANY or NOT_THERE of the store. Raises NotKept.
    """
    if not standing.changeable:
        return NOT_THERE
    people, capacity = submission.values["people"], standing.event.capacity if standing.event else None
    told = set(submission.values) - {"people"}
    sealed = _sealed(services, submission, standing.signup.event, people) if told else None
    return services.signups.change(services.keys(code, FORM).lookup, people, sealed, capacity=capacity)


def cancel(services: Services, code: str, standing: SignupStatus) -> bool:
    """Cancel a sign-up that was just looked up; the line moves up. False where there was nothing to cancel."""
    event = standing.event
    goes_on = event is not None and event.takes_place and not standing.over
    lookup = services.keys(code, FORM).lookup
    return services.signups.cancel(lookup, capacity=event.capacity if event and goes_on else None)


def renewed(services: Services, code: str, standing: SignupStatus, today: date) -> SignupStatus:
    """Return how a sign-up stands after it was changed. Raises NotKept, but never Busy: it was let in before."""
    signup = services.signups.find(services.keys(code, FORM).lookup) or standing.signup
    return status_of(services, signup, standing.event, today)


def settle(services: Services, *events: Event) -> None:
    """Move the line up where an event has become larger; all events of the portal where none is named."""
    chosen = events or services.portal.events
    services.signups.settle({event.id: event.capacity for event in chosen if event.capacity and event.takes_place})


def act(services: Services, target: str, action: str) -> bool:
    """Do what the events desk asks with a sign-up (its id) or, for `let-go`, an event. False where nothing was done.

    remove: as if the person had cancelled; let-in: places now, whoever stands before; pass-over: to the end of the
    line; let-go: the line of an event moves up by itself again. Raises NotKept.
    """
    if action == "let-go":
        event = services.event(target)
        if event is not None:
            services.signups.let_go(event.id, _capacity(event))
        return event is not None
    signup = next((one for one in services.signups.listed() if one.id == target), None)
    event = services.event(signup.event) if signup else None
    capacity = _capacity(event)
    if action == "remove":
        return services.signups.remove(target, capacity)
    if action == "pass-over":
        return services.signups.pass_over(target, capacity)
    return action == "let-in" and services.signups.let_in(target, capacity or 0)


def _capacity(event: Event | None) -> int | None:
    """Return the places of an event that still takes place, or None."""
    return event.capacity if event is not None and event.takes_place else None
