"""The doctor's checks of letters: unreadable ones, conflicting, late or repeated ones, and the outbox."""

from collections.abc import Iterator

from forms.core.i18n.lazy_text import joined, lazy_gettext, lazy_ngettext
from forms.desk.cases.acknowledgement import doubts
from forms.desk.command_line import command
from forms.desk.doctor.finding import MAX_NAMED, Finding
from forms.desk.session import Session
from forms.desk.sync.fetching import CONFLICTS, conflicts


def readable_letters(session: Session) -> Iterator[Finding]:
    """Yield whether all letters and entries can be decrypted."""
    unreadable = session.cases.unreadable()
    total = len(session.cases.all())
    if unreadable:
        yield Finding(
            False,
            lazy_gettext(
                "%(number)s letters or entries do not open with this machine's keys (%(letter)s ...). A colleague who "
                "can open them may seal them anew: %(command)s",
                number=len(unreadable),
                letter=unreadable[0][:8],
                command=command("reseal"),
            ),
        )
    else:
        yield Finding(
            True, lazy_ngettext("All letters open, of %(count)s case.", "All letters open, of %(count)s cases.", total)
        )


def other_versions(session: Session) -> Iterator[Finding]:
    """Yield letters and entries of which a conflicting version came."""
    folder = session.place.folder / CONFLICTS
    for conflict in conflicts(session.local_store):
        yield Finding(
            False,
            lazy_gettext(
                "Another version of %(item)s came, which says something else. The first stays. The other lies in "
                "%(file)s, encrypted. Ask who handed it over.",
                item=conflict.item[:8],
                file=folder / f"{conflict.name}.age",
            ),
        )


def outgoing(session: Session) -> Iterator[Finding]:
    """Yield how many requests wait to be sent, and how many the server refused."""
    waiting, refused = session.outbox.waiting, len(session.local_store.ids("refused"))
    if waiting:
        yield Finding(
            False,
            lazy_gettext("%(waiting)s sealed things wait to be sent. Fetch when the server is there.", waiting=waiting),
        )
    if refused:
        folder = session.place.folder / "refused"
        yield Finding(
            False,
            lazy_gettext(
                "The server refused %(refused)s sealed things; they are kept in %(folder)s. Tell a developer.",
                refused=refused,
                folder=folder,
            ),
        )
    if not waiting and not refused:
        yield Finding(True, "Nothing waits to be sent.")


def late_letters(session: Session) -> Iterator[Finding]:
    """Yield signs of letters that the server withheld or gave out twice."""
    arrivals = session.withheld.arrivals.unusual()
    yield from (Finding(False, arrival.sentence) for arrival in arrivals[-MAX_NAMED:])
    missing = session.withheld.missing_letters()
    if missing:
        yield Finding(
            False,
            lazy_gettext(
                "Colleagues wrote about %(number)s letters that never came to this machine (%(letter)s ...). They may "
                "be from before it had its key: have them sealed anew (%(command)s). If not, the server holds them "
                "back.",
                number=len(missing),
                letter=missing[0][:8],
                command=command("reseal"),
            ),
        )
    doubted = {case.id: by_letter for case in session.cases.all() if (by_letter := doubts(case))}
    for case_id, by_letter in list(doubted.items())[:MAX_NAMED]:
        sentences = dict.fromkeys(sentence for sentences in by_letter.values() for sentence in sentences)
        yield Finding(
            False,
            joined(lazy_gettext("Case %(case)s, what was added:", case=case_id[:8]), *sentences),
        )
    if not arrivals and not missing and not doubted:
        yield Finding(True, "No letter came late or twice, and none is missing of which a colleague knows.")
