"""A signed site, published through the office: no key on its machine, and nothing readers see without a finger."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import yaml
from commands.building import build_for_release, lacks_signature
from commands.checkouts import checkout_of
from commands.editors import signature_asked_for
from commands.withdrawals import remove_withdrawn
from editor.office.build_signatures import Build, BuildSignatures
from editor.publishing import Folder as PublicFolder
from editor.publishing import Publisher, PublishOutcome
from nacl.signing import SigningKey

from forms.core.builds import manifest as manifests
from forms.core.builds.manifest import ADDRESS, SIGNATURES, BuildManifest, is_signed
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.release_place import ReleasePlace
from tests.commands import site_in
from tests.editor.conftest import folder_place, make_editor, write_site
from tests.editor.office_helpers import (
    Device,
    Person,
    Publishing,
    fetch_challenge,
    open_office,
    send_passkey,
    with_passkey,
)
from tests.patience import until
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_threats_withdrawal import tell
from tests.test_passkey_signatures import Device as SigningDevice
from tests.test_passkey_signatures import line


@dataclass
class SignedSite(Publishing):
    """An office whose site is signed, one publisher with a passkey, and the folder that readers see."""

    folder: Folder
    named: list[str]

    @property
    def public(self) -> Path:
        return self.folder.root / "public"

    def publisher(self, name: str = "B. Das", device: Device | None = None, *, is_named: bool = True) -> Person:
        """Return a publisher whose passkey portal.yml names."""
        publisher = with_passkey(self.place, name, device or self.device, "publisher")
        key = self.place.office.accounts.find(name).passkeys[0]  # type: ignore[union-attr]
        if is_named:
            self.named.append(self.place.office.passkeys.publisher_key(key))
        return publisher

    def is_published(self) -> bool:
        self.place.editor.publisher.wait()
        if not self.public.exists():
            return False
        data, signed = ((self.public / name[1:]).read_bytes() for name in (ADDRESS, SIGNATURES))
        return is_signed(data, signed, self.named)


@pytest.fixture
def site(folder: Folder) -> Iterator[SignedSite]:
    named: list[str] = []
    signatures = BuildSignatures(lambda: list(named))
    numbers = iter(range(1, 99))

    def build(out: Path) -> None:
        manifest = manifests.write(BuildManifest(next(numbers), TODAY.isoformat(), {}, {}, "0" * 64))
        line = signatures.sign(manifest)
        write_site(folder, out)
        (out / ADDRESS[1:]).write_bytes(manifest)
        (out / SIGNATURES[1:]).write_text(line, "ascii")

    editor = make_editor(folder, PublicFolder(folder.root / "public", build, folder_place(folder).remove_withdrawn))
    signed_site = SignedSite(open_office(editor, signatures=signatures), folder, named)
    yield signed_site
    until(lambda: signatures.waiting or not editor.publisher.is_running)
    if signatures.waiting:
        signatures.refuse(signatures.waiting.digest)
    editor.publisher.wait()
    editor.store.history.close()


def test_a_publisher_signs_with_her_passkey_and_readers_see_it(site: SignedSite) -> None:
    publisher = site.publisher()
    build = site.press(publisher)
    page = publisher.get("/publish/")
    assert "waits for your signature" in page
    assert 'http-equiv="refresh"' not in page, "the page stands still while she reads"
    assert not site.public.exists()
    assert site.sign(publisher, build) == {"to": "/publish/"}
    assert site.is_published()
    assert "It is on the site." in publisher.get("/publish/")


def test_whoever_has_the_machine_and_no_finger_publishes_nothing(site: SignedSite) -> None:
    publisher = site.publisher()
    thief = Device(id=site.device.id)
    build = site.press(publisher)
    assert "problem" in site.sign(publisher, build, thief), "another key under her passkey's name"
    other = site.device.sign_challenge(fetch_challenge(publisher, "/again/ask"))
    assert "problem" in send_passkey(publisher, "/publish/sign", other, build=build), "what she signed to come in"
    for answer in ("", "{}", "[]", "null", '{"id": 1}', '{"response": "x"}', "{" * 3000):
        assert "problem" in send_passkey(publisher, "/publish/sign", answer, build=build)
    assert site.signatures.waiting, "what is no signature ends nothing"
    assert not site.public.exists()


def test_a_signature_is_good_for_the_build_that_she_saw(site: SignedSite) -> None:
    publisher = site.publisher()
    first = site.press(publisher)
    old = site.device.sign_challenge(fetch_challenge(publisher, "/publish/sign/ask", build=first))
    publisher.post("/publish/unsigned", build=first)
    assert not site.is_published()
    assert "It was not signed." in publisher.get("/publish/")
    second = site.press(publisher)
    assert second != first
    assert "problem" in fetch_challenge(publisher, "/publish/sign/ask", build=first), "a page that was left open"
    for build in (first, second):
        assert "problem" in send_passkey(publisher, "/publish/sign", old, build=build)
    publisher.post("/publish/unsigned", build=first)
    assert site.signatures.waiting, "the button of an old page lets nothing go"
    site.sign(publisher, second)
    assert site.is_published()


def test_only_a_passkey_that_portal_yml_names_signs(site: SignedSite) -> None:
    named, other = Device(), Device(id=b"another passkey, sixteen bytes or more")
    publisher, stranger = site.publisher(device=named), site.publisher("K. Rao", other, is_named=False)
    writer = site.place.person("M. Devi", "writer")
    build = site.press(publisher)
    assert "problem" in fetch_challenge(stranger, "/publish/sign/ask", build=build)
    answer = named.sign_challenge(fetch_challenge(publisher, "/publish/sign/ask", build=build))
    assert "problem" in send_passkey(stranger, "/publish/sign", answer, build=build), "somebody else's answer"
    for path in ("/publish/sign/ask", "/publish/sign", "/publish/unsigned"):
        writer.post(path, 403, build=build, answer=answer)
    assert "Sign and publish" not in writer.get("/publish/")
    site.named.clear()
    assert "problem" in send_passkey(publisher, "/publish/sign", answer, build=build), (
        "taken out of portal.yml meanwhile"
    )
    assert not site.public.exists()


def test_nobody_signs_and_the_site_stays(site: SignedSite) -> None:
    publisher = site.publisher()
    site.sign(publisher, site.press(publisher))
    assert site.is_published()
    before = (site.public / ADDRESS[1:]).read_bytes()
    site.signatures.seconds = 0.01
    publisher.post("/publish/")
    site.place.editor.publisher.wait()
    assert "Nobody signed it within five minutes." in publisher.get("/publish/")
    assert (site.public / ADDRESS[1:]).read_bytes() == before


def test_a_withdrawal_waits_for_no_signature(site: SignedSite) -> None:
    site.folder.page("stories/one", "Told.", consent="one")
    site.folder.table("consents", {"id": "one", "kind": "survivor", "story": "stories/one"})
    publisher = site.publisher()
    build = site.press(publisher)
    publisher.post("/consents/withdraw", consent="one")
    assert site.folder.rows("consents")[0]["withdrawn_on"]
    assert site.signatures.waiting, "and the build goes on to wait"
    site.sign(publisher, build)
    assert site.is_published()


def test_colleagues_save_while_a_build_waits_for_a_publisher_who_went_away(site: SignedSite) -> None:
    """What needs a second person stays as it is while a build reads it, and not for the five minutes after that."""
    path = site.folder.root / "content" / "portal.yml"
    path.write_text(path.read_text("utf-8") + "\nsecond_person: [helplines]\n", "utf-8")
    publisher, writer = site.publisher(), site.place.person("M. Devi", "writer")
    assert site.place.editor.approvals.covers("tables/helplines.csv")
    build = site.press(publisher)
    writer.post("/helplines/called", id="112")
    publisher.post("/publish/unsigned", build=build)
    site.place.editor.publisher.wait()
    publisher.post("/publish/", 400)


def test_a_removed_publisher_and_one_whose_role_went_sign_nothing(site: SignedSite) -> None:
    publisher = site.publisher()
    build = site.press(publisher)
    answer = site.device.sign_challenge(fetch_challenge(publisher, "/publish/sign/ask", build=build))
    site.place.office.accounts.change("B. Das", ("writer",), (), anyway=True)
    publisher.post("/publish/sign", 403, build=build, answer=answer)
    site.place.office.accounts.remove("B. Das")
    publisher.post("/publish/sign", 401, build=build, answer=answer)
    assert not site.public.exists()


def test_her_own_page_shows_the_number_that_she_reads_to_a_desk(site: SignedSite) -> None:
    publisher = site.publisher()
    assert publisher_fingerprint(site.named[0]) in publisher.get("/me")
    assert "signs what you publish" not in site.publisher("K. Rao", Device(id=b"x" * 20), is_named=False).get("/me")


def name_publishers(folder: Folder, *keys: str) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) | {"publishers": list(keys)}
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


def test_an_office_asks_for_a_signature_only_where_a_passkey_can_give_it(folder: Folder) -> None:
    machine, passkey = (
        f"ed25519:{SigningKey.generate().verify_key.encode().hex()}",
        f"passkey:office.example:02{'1' * 64}",
    )

    def ask(_: bytes) -> str:
        return "signed"

    assert signature_asked_for(site_in(folder.root, TODAY), ask) is None, "a site that is not signed"
    name_publishers(folder, machine)
    assert folder.problems() == []
    with pytest.raises(Problem, match="nobody's passkey is named"):
        signature_asked_for(site_in(folder.root, TODAY), ask)
    name_publishers(folder, machine, passkey)
    assert folder.problems() == []
    assert signature_asked_for(site_in(folder.root, TODAY), ask) is ask


def test_a_signed_site_is_not_replaced_by_one_that_nobody_signed(folder: Folder) -> None:
    """The timer of the day runs on a machine without a key: it takes off what ended, and leaves the rest as signed."""
    name_publishers(folder, f"passkey:office.example:02{'1' * 64}")
    release = folder.root / "published" / "releases" / "0000000001" / "public"
    release.mkdir(parents=True)
    (folder.root / "published" / "current").symlink_to("releases/0000000001")
    (release / SIGNATURES[1:]).write_text(f"passkey:office.example:02{'1' * 64} signed")
    with pytest.raises(Problem, match="nothing on this machine signs a new build"):
        build_for_release(site_in(folder.root, TODAY), lambda: None)


def test_after_a_withdrawal_publishers_are_told_that_the_site_is_not_signed(site: SignedSite) -> None:
    publisher = site.publisher()
    said_so = "is not signed any more"
    assert said_so not in publisher.get("/") + publisher.get("/publish/")
    site.signatures.is_missing = lambda: True
    assert said_so in publisher.get("/")
    assert said_so in publisher.get("/publish/")
    assert said_so not in site.place.person("M. Devi", "writer").get("/"), "whoever cannot mend it"


def test_a_broken_portal_yml_takes_no_page_from_a_publisher(site: SignedSite) -> None:
    publisher, built_site = site.publisher(), site_in(site.folder.root, TODAY)
    site.signatures.is_missing = partial(lacks_signature, built_site, site.public)
    site.sign(publisher, site.press(publisher))
    assert site.is_published()
    (site.public / SIGNATURES[1:]).write_bytes(b"")
    path = site.folder.root / "content" / "portal.yml"
    for publishers in ("5", "yes", "word", "{a: 1}", "[[1]]", "[", ""):
        path.write_text(f"publishers: {publishers}\n", encoding="utf-8")
        publisher.get("/")
        publisher.get("/publish/")


def test_a_whole_build_waits_for_its_signature_and_goes_without_one(folder: Folder) -> None:
    """The real build of a tiny site, put into a release: refused first, then signed."""
    device, site, named = SigningDevice(), site_in(folder.root, TODAY), [SigningDevice().public()]
    tell(folder)
    name_publishers(folder, *named)
    signatures = BuildSignatures(lambda: named)
    site.published.mkdir()
    asked_for = partial(signature_asked_for, site, signatures.sign)
    place = ReleasePlace(replace(checkout_of(site), build=lambda: build_for_release(site, asked_for)))
    publisher = Publisher(place, site.editor_memory)

    def begin() -> Build:
        publisher.start("0" * 40, "B. Das", TODAY.isoformat())
        until(lambda: signatures.waiting or not publisher.is_running)
        assert signatures.waiting, publisher.outcome
        return signatures.waiting

    signatures.refuse(begin().digest)
    publisher.wait()
    assert publisher.outcome is not None
    assert [problem.what for problem in publisher.outcome.problems] == ["It was not signed."]
    assert releases.current(site.published) is None
    build = begin()
    assert releases.current(site.published) is None, "it is not there before it is signed"
    signatures.accept(build.digest, line(device, build.manifest).decode())
    publisher.wait()
    assert publisher.outcome == PublishOutcome()
    public = releases.current(site.published).public  # type: ignore[union-attr]
    assert (public / ADDRESS[1:]).read_bytes() == build.manifest
    assert is_signed(build.manifest, (public / SIGNATURES[1:]).read_bytes(), named)
    folder.page("index", "Something new.")
    with pytest.raises(Problem, match="nothing on this machine signs a new build"):
        build_for_release(site, lambda: None)
    assert not lacks_signature(site, site.public)
    remove_withdrawn(site, public, "stories/a")
    assert lacks_signature(site, site.public)
    assert not is_signed((public / ADDRESS[1:]).read_bytes(), (public / SIGNATURES[1:]).read_bytes(), named)
    with pytest.raises(Problem, match="nothing on this machine signs a new build"):
        build_for_release(site, lambda: None)  # else whoever withdraws, which needs no role, publishes what is saved
