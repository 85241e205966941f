"""A photo that attacks the desk: it meets the same confined process as on the server, and what is missing there is said."""

from typing import Any

import pytest

from forms.core.media import decoder_process
from forms.core.media.decoder_process import NoDecoderFree
from forms.core.problem import Problem
from forms.desk.doctor import machine_checks
from forms.desk.doctor.examination import examine
from forms.desk.services import parts
from forms.desk.services.parts import clean_part
from tests.desk.conftest import Office

pytestmark = pytest.mark.usefixtures("site_not_visited")


def test_the_doctor_says_what_keeps_the_decoder_in(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    anita = office.machine("police/anita")
    assert any(one.ok and "can reach nothing else" in one.sentence for one in examine(anita))
    monkeypatch.setattr(machine_checks, "missing_layers", lambda: ("Landlock", "seccomp"))
    [finding] = [one for one in examine(anita) if "lacks Landlock, seccomp" in one.sentence]
    assert not finding.ok


def test_a_photo_that_must_wait_is_not_called_harmful(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> Any:
        raise NoDecoderFree

    anita = office.machine("police/anita")
    monkeypatch.setattr(type(anita.local_store), "read", lambda *_: b"")
    monkeypatch.setattr(parts, "open_part", lambda *_: ("photo", b"\xff\xd8\xff"))
    monkeypatch.setattr(decoder_process, "decode", busy)
    with pytest.raises(Problem, match="Load the page again"):
        clean_part(anita.local_store, anita.own_keys.identities, "0" * 32)
