"""A key that is good for withdrawals alone takes stories off, and does nothing else whatever is tried with it."""

import subprocess
from base64 import b64encode
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sitegen.publish.withdrawals.withdrawal_commits import withdrawn_stories

from forms.core.builds import git_signatures, passkey_commits
from forms.core.builds.git_signatures import GIT, WITHDRAWAL, PublishTarget, public_line
from forms.core.crypto.signing import PrivateKey, public_text, signing_key
from forms.core.problem import Problem
from forms.operations.updating.git_source import GitSource
from forms.operations.updating.update import update
from tests.test_passkey_signatures import Device

from .test_updating import TODAY, Repository, made

__all__ = ["made"]

OFFICE, STRANGER = signing_key("AGE-SECRET-KEY-1" + "Q" * 58), signing_key("AGE-SECRET-KEY-1" + "P" * 58)
SITE = "https://help.example.org"
CONSENTS = "id,kind,story,withdrawn_on,note\nwell,survivor,stories/the-well,,\nkiln,survivor,stories/kiln,,\n"
WELL_WITHDRAWN = CONSENTS.replace("the-well,,", "the-well,2027-01-01,")
PLACE = PublishTarget("main", SITE).line
TABLE = "tables/consents.csv"


class District(Repository):
    """A repository whose last commit a publisher signed for this site, with a key for withdrawals beside hers."""

    def source(self) -> GitSource:
        found = super().source()
        return GitSource(
            found.folder, found.repository, found.signers, keep_withdrawals=found.keep_withdrawals,
            withdrawn_stories=partial(withdrawn_stories, today=TODAY),
        )  # fmt: skip

    def name(self, line: str) -> None:
        with (self.home / "signers").open("a") as file:
            file.write(f"{line}\n")

    def write(self, **files: str | None) -> None:
        """Files of the next commit by their path, / written as __; None for one that goes."""
        for name, text in files.items():
            path = self.home / "staff" / name.replace("__", "/").replace("_csv", ".csv").replace("_md", ".md")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text)

    def publish_now(self, message: str = f"Publish\n\n{PLACE}") -> str:
        self.git("add", "-A")
        signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={self.home / 'anita'}"]
        self.git(*signing, "commit", "-q", "--allow-empty", "-S", "-m", message)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def push(
        self, key: PrivateKey = OFFICE, *, namespace: bytes = WITHDRAWAL, message: str = f"Withdraw well\n\n{PLACE}",
        parents: tuple[str, ...] = (), covers: bytes | None = None,
    ) -> str:  # fmt: skip
        """Commit what is written, signed as an office's machine would; `covers`: what is signed instead."""
        self.git("add", "-A")
        author = "office <> 1798800000 +0000"
        head = [f"tree {self.git('write-tree')}", *(f"parent {one}" for one in parents or (self.head(),))]
        payload = "\n".join([*head, f"author {author}", f"committer {author}", "", f"{message}\n"]).encode()
        return self.commit_of(payload, git_signatures.sign(covers or payload, key, namespace))

    def commit_of(self, payload: bytes, signature: bytes) -> str:
        header, _, text = payload.partition(b"\n\n")
        raw = header + b"\ngpgsig " + signature.replace(b"\n", b"\n ") + b"\n\n" + text
        asked = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
        done = subprocess.run(asked, cwd=self.home / "staff", input=raw, capture_output=True, check=True)
        commit = done.stdout.decode().strip()
        self.git("reset", "-q", "--hard", commit)
        return commit

    def refused(self, words: str) -> None:
        before = self.source().trusted_commit()
        with pytest.raises(Problem, match=words):
            self.update()
        assert self.source().trusted_commit() == before
        assert "2027-01-01" not in self.consents()


@pytest.fixture
def district(made: Path, tmp_path: Path) -> District:
    return start_district(made, tmp_path)


def start_district(made: Path, tmp_path: Path, message: str = f"Publish\n\n{PLACE}") -> District:
    """A district that has published once, with this message."""
    copy = District.copied(made, tmp_path / "home")
    copy.name(public_line("office", public_text(OFFICE), WITHDRAWAL.decode()))
    copy.write(tables__consents_csv=CONSENTS, drafts__ta__stories__the_well_md="half")
    (copy.home / "staff/drafts/ta/stories/the_well.md").rename(copy.home / "staff/drafts/ta/stories/the-well.md")
    copy.write(**{"portal.yml": f"address: {SITE}/\n"})
    copy.publish_now(message)
    copy.update()
    return copy


def test_a_withdrawal_is_taken_without_a_publisher(district: District) -> None:
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    assert district.update().endswith("signed by office.")
    assert district.consents() == WELL_WITHDRAWN


def test_a_row_that_a_library_lent_is_withdrawn_with_it(district: District) -> None:
    """Its row is copied into the district's table: a page in stories/, as the schema has it."""
    district.write(tables__consents_csv=f"{WELL_WITHDRAWN}lent,survivor,stories/lent,2027-01-01,\n")
    district.push()
    district.update()
    assert "lent,survivor,stories/lent,2027-01-01" in district.consents()


def test_it_takes_the_drafts_of_that_story_along(district: District) -> None:
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    (district.home / "staff/drafts/ta/stories/the-well.md").unlink()
    district.push()
    district.update()
    assert not (district.home / "content/drafts/ta/stories/the-well.md").exists()


def test_withdrawals_stand_on_what_a_publisher_signed_and_on_each_other(district: District) -> None:
    """The server looks every quarter of an hour: a publication and two withdrawals may have come since."""
    (district.home / "staff/page.md").write_text("second")
    district.publish_now()
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    both_withdrawn = WELL_WITHDRAWN.replace("kiln,,", "kiln,2027-01-01,")
    district.write(tables__consents_csv=both_withdrawn)
    district.push()
    district.update()
    assert (district.page(), district.consents()) == ("second", both_withdrawn)
    (district.home / "staff/page.md").write_text("third")
    district.publish_now()
    assert district.update().endswith("signed by anita.")


SMUGGLED = {
    "a page": ({"page_md": "hacked"}, "changes page.md too"),
    "a new page": ({"en__stories__new_md": "hacked"}, "changes en/stories/new.md too"),
    "settings": ({"portal.yml": "publishers: []"}, "changes portal.yml too"),
    "a page that goes": ({"page_md": None}, "changes page.md too"),
    "a draft that is written": ({"drafts__ta__stories__x_md": "words"}, "changes drafts/ta/stories/x.md too"),
    "nothing but a page": ({"tables__consents_csv": CONSENTS, "page_md": "hacked"}, "changes more of consents.csv"),
    "a consent that is given again": ({"tables__consents_csv": WELL_WITHDRAWN.replace("kiln,,", "kiln,,again")}, "changes more of"),
    "a row that goes": ({"tables__consents_csv": WELL_WITHDRAWN.rpartition("kiln")[0].rstrip() + "\n"}, "changes more of"),
    "another story": ({"tables__consents_csv": WELL_WITHDRAWN.replace("stories/kiln", "stories/other")}, "changes more of"),
    "a day to come": ({"tables__consents_csv": WELL_WITHDRAWN.replace("2027-01-01", "2099-01-01")}, "changes more of"),
    "no day": ({"tables__consents_csv": WELL_WITHDRAWN.replace("2027-01-01", "soon")}, "changes more of"),
    "no table": ({"tables__consents_csv": None}, "changes more of"),
    "a page that is no story": (
        {"tables__consents_csv": f"{WELL_WITHDRAWN}new,survivor,help/numbers,2027-01-01,\n"}, "changes more of"
    ),
    "a page by a way back": (
        {"tables__consents_csv": f"{WELL_WITHDRAWN}new,survivor,stories/../help/numbers,2027-01-01,\n"}, "changes more of"
    ),
    "a day in another form": ({"tables__consents_csv": WELL_WITHDRAWN.replace("2027-01-01", "20270101")}, "changes more of"),
    "a table of nothing": ({"tables__consents_csv": ""}, "changes more of"),
}  # fmt: skip


@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_a_withdrawal_brings_nothing_else_along(district: District, smuggled: str) -> None:
    files, sentence = SMUGGLED[smuggled]
    district.write(**{"tables__consents_csv": WELL_WITHDRAWN, **files})
    district.push()
    district.refused(sentence)
    assert district.page() == "first"


def test_a_link_or_program_in_the_place_of_the_table_is_none(district: District) -> None:
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    (district.home / "staff" / TABLE).chmod(0o755)
    district.push()
    district.refused("changes tables/consents.csv too")


def test_the_key_signs_nothing_that_git_would_believe(district: District) -> None:
    district.write(page_md="hacked")
    district.push(namespace=GIT)
    district.refused("is not signed by one of the people")


def test_a_key_that_could_publish_is_refused_for_withdrawals_and_named(district: District) -> None:
    """Its line without the option would let whoever takes the office's machine publish anything."""
    lines = (district.home / "signers").read_text().replace(f'namespaces="{WITHDRAWAL.decode()}" ', "")
    (district.home / "signers").write_text(lines)
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    district.refused("lets a key publish anything")


@pytest.mark.parametrize(
    "option", ['namespaces="git,withdrawal@portal"', 'namespaces="*"', 'namespaces="withdrawal@*"']
)
def test_a_line_for_more_than_withdrawals_is_refused(district: District, option: str) -> None:
    lines = (district.home / "signers").read_text().replace('namespaces="withdrawal@portal"', option)
    (district.home / "signers").write_text(lines)
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    district.refused("lets a key publish anything")


def test_an_option_behind_the_key_is_only_a_note(district: District) -> None:
    """OpenSSH reads options before the key: behind it they limit nothing."""
    option = f'namespaces="{WITHDRAWAL.decode()}"'
    lines = (district.home / "signers").read_text().splitlines()
    moved = [f"{line.replace(f' {option}', '')} {option}" if option in line else line for line in lines]
    (district.home / "signers").write_text("\n".join([*moved, ""]))
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    district.refused("lets a key publish anything")


def test_a_key_that_nobody_named_or_whose_time_is_over_withdraws_nothing(district: District) -> None:
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push(STRANGER)
    district.refused("is a withdrawal, and not signed with a key")
    lines = (district.home / "signers").read_text()
    (district.home / "signers").write_text(
        lines.replace('namespaces="withdrawal@portal"', 'namespaces="withdrawal@portal",valid-before="20200101"')
    )
    district.git("reset", "-q", "--hard", "HEAD^")
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    district.refused("is a withdrawal, and not signed with a key")


def test_a_signature_of_another_commit_is_none(district: District) -> None:
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push(covers=b"tree of another commit\n")
    district.refused("is a withdrawal, and not signed with a key")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Withdraw well", "does not say for which site"),
        (f"Withdraw well\n\n{PublishTarget('draft', SITE).line}", "for the branch draft"),
        (f"Withdraw well\n\n{PublishTarget('main', 'https://other.example').line}", "for another site"),
    ],
)
def test_a_withdrawal_of_another_site_or_branch_is_none_here(district: District, message: str, sentence: str) -> None:
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push(message=message)
    district.refused(sentence)


@pytest.mark.parametrize("site", ["https://other.example", "https://help.example.org.evil.example"])
def test_the_first_withdrawal_on_a_commit_without_a_place_may_name_no_other_site(
    made: Path, tmp_path: Path, site: str
) -> None:
    """It would keep every publisher out: whatever they sign for their own site would be for another."""
    district = start_district(made, tmp_path, "Published with git alone")
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    pushed = district.push(message=f"Withdraw well\n\n{PublishTarget('main', site).line}")
    district.refused("was signed for another site than portal.yml names")
    district.git("reset", "-q", "--hard", f"{pushed}^")
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    district.update()


def test_an_old_withdrawal_does_not_bring_back_what_was_there_before(district: District) -> None:
    old = district.head()
    (district.home / "staff/page.md").write_text("second")
    newest = district.publish_now()
    district.update()
    district.git("reset", "-q", "--hard", old)
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    replayed = district.push()
    district.refused("is older than")
    district.git("reset", "-q", "--hard", old)
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push(parents=(old, newest))
    district.refused("is older than")
    assert district.page() == "second"
    assert replayed


def test_what_nobody_signed_does_not_come_with_a_withdrawal(district: District) -> None:
    """It may lie on the branch: the withdrawal follows both, with the files of the one that is believed."""
    believed = district.head()
    (district.home / "staff/page.md").write_text("unsigned")
    unsigned = district.commit("unsigned", sign=False)
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    district.refused("is not signed by one of the people")
    district.git("reset", "-q", "--hard", believed)
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push(parents=(believed, unsigned))
    district.update()
    assert (district.page(), district.consents()) == ("first", WELL_WITHDRAWN)


def test_nothing_begins_with_a_withdrawal(district: District) -> None:
    for name in ("taken", "seen"):
        district.git("update-ref", "-d", f"refs/portal/{name}", checkout="content.git")
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.git("checkout", "-q", "--orphan", "alone")
    payload = f"tree {district.git('write-tree')}\nauthor o <> 1 +0000\ncommitter o <> 1 +0000\n\nWithdraw\n\n{PLACE}\n"
    commit = district.commit_of(payload.encode(), git_signatures.sign(payload.encode(), OFFICE, WITHDRAWAL))
    district.git("update-ref", "refs/heads/main", commit)
    district.git("checkout", "-q", "-f", "main")
    with pytest.raises(Problem, match="is not signed by one of the people"):
        district.update()


def test_without_somebody_who_reads_consents_no_withdrawal_is_taken(district: District) -> None:
    """A library has none that its district did not sign for."""
    district.write(tables__consents_csv=WELL_WITHDRAWN)
    district.push()
    source = Repository.source(district)
    with pytest.raises(Problem, match=r"changes more of consents\.csv"):
        update(source, district.publish, district.home / "published", TODAY)


def by_passkey(district: District, device: Device) -> str:
    """Publish a page that an office's publisher signed with a passkey."""
    (district.home / "staff/page.md").write_text("by a finger")
    district.git("add", "-A")
    author = "B. Das <> 1798800000 +0000"
    lines = [
        f"tree {district.git('write-tree')}",
        f"parent {district.head()}",
        f"author {author}",
        f"committer {author}",
    ]
    payload = "\n".join([*lines, "", f"Publish\n\n{PLACE}\n"]).encode()
    signature = device.sign(passkey_commits.challenge(payload))
    return district.commit_of(payload, passkey_commits.sshsig(Device().public(), signature))


def test_a_commit_that_a_passkey_signed_is_published(district: District) -> None:
    district.name(passkey_commits.signers_line("das", Device().public()))
    by_passkey(district, Device())
    assert district.update().endswith("signed by das.")
    assert district.page() == "by a finger"


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ({"flags": 0x01}, "not by a person whom it knew"),
        ({"more": {"crossOrigin": True}}, "not by a person whom it knew"),
        ({"origin": "https://evil.example"}, "is not signed by one of the people"),
        ({"host": "evil.example"}, "is not signed by one of the people"),
        ({"kind": "webauthn.create"}, "is not signed by one of the people"),
        ({"secret": 99}, "is not signed by one of the people"),
    ],
)
def test_a_passkey_on_another_page_or_of_nobody_publishes_nothing(
    district: District, device: dict[str, object], sentence: str
) -> None:
    district.name(passkey_commits.signers_line("das", Device().public()))
    by_passkey(district, Device(**device))  # type: ignore[arg-type]
    with pytest.raises(Problem, match=sentence):
        district.update()
    assert district.page() == "first"


def by_security_key(district: District, flags: int = 1) -> None:
    """Publish a page as `git commit -S` does with a key of ssh-keygen -t ecdsa-sk."""
    secret = ec.derive_private_key(7, ec.SECP256R1())
    point = secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    kind = b"sk-ecdsa-sha2-nistp256@openssh.com"
    public = b"".join(map(git_signatures.field, (kind, b"nistp256", point, b"ssh:")))
    district.name(f"ravi {kind.decode()} {b64encode(public).decode()}")
    (district.home / "staff/page.md").write_text("by a security key")
    district.git("add", "-A")
    author = "Ravi <> 1798800000 +0000"
    lines = [
        f"tree {district.git('write-tree')}",
        f"parent {district.head()}",
        f"author {author}",
        f"committer {author}",
    ]
    payload = "\n".join([*lines, "", f"Publish\n\n{PLACE}\n"]).encode()
    counted = bytes([flags]) + (5).to_bytes(4, "big")
    covers = git_signatures.signed_bytes(payload, b"sha512", GIT)
    raw = secret.sign(sha256(b"ssh:").digest() + counted + sha256(covers).digest(), ec.ECDSA(SHA256()))
    numbers = b"".join(
        git_signatures.field(one.to_bytes(one.bit_length() // 8 + 1, "big")) for one in decode_dss_signature(raw)
    )
    signature = git_signatures.field(kind) + git_signatures.field(numbers) + counted
    district.commit_of(payload, git_signatures.armor(public, GIT, b"sha512", signature))


def test_a_security_key_of_ssh_signs_as_before(district: District) -> None:
    """It is made for ssh and not for an office's page: what it signs by hand has no such page."""
    by_security_key(district)
    assert district.update().endswith("signed by ravi.")
    assert district.page() == "by a security key"


def test_a_line_that_is_commented_out_names_nobody() -> None:
    """That is how somebody who left is taken out; ssh-keygen passes such a line over too."""
    signature = git_signatures.sign(b"words", OFFICE)
    line = public_line("anita", public_text(OFFICE))
    assert git_signatures.signer(b"words", signature, [line]) == "anita"
    assert git_signatures.signer(b"words", signature, [f"#{line}"]) is None
    assert passkey_commits.passkey_of("#" + passkey_commits.signers_line("das", Device().public())) == ""
