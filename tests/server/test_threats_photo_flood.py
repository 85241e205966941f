"""A flood of photos: they wait for few decoders and few threads, and no word of anybody waits with them."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from forms.core.media import decoder_process
from forms.core.media.decoder_process import Slots
from forms.server.services.flood.leaky_bucket import LeakyBucket
from forms.server.services.flood.limiters import Busy, FileLimiter
from forms.server.web.current import state_of

from .test_attachments import files, parts_of, photo, recording

LANGUAGES = {
    "en": "Many photos are coming in",
    "ta": "மிகப் பல படங்கள்",
    "te": "చాలా ఫోటోలు",
    "hi": "बहुत सारी फोटो",
    "or": "ବହୁତ ଫଟୋ",
}


@pytest.fixture
def all_decoders_at_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a flood; a photo that comes now waits in vain, though not for long."""
    slots = Slots()
    monkeypatch.setattr(decoder_process, "SLOTS", slots)
    monkeypatch.setattr(FileLimiter, "WAIT", 0.05)
    with ExitStack() as stack:
        for _ in range(decoder_process.MAX_DECODERS):
            stack.enter_context(slots.one())
        yield


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_photo_that_finds_no_decoder_leaves_the_words_to_be_sent(
    endpoint: Any, language: str, all_decoders_at_work: None
) -> None:
    answer = endpoint.post("concern", language, what="marked-words", **files(photos=photo()))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert LANGUAGES[language] in page
    assert "marked-words</textarea>" in page
    assert parts_of(page) == []
    assert endpoint.code(endpoint.send("concern", language, what="marked-words"))
    assert [letter["answers"]["what"] for letter in endpoint.open_letters()] == ["marked-words"]


def test_a_recording_that_finds_none_is_said_too_and_what_is_added_keeps_its_words(
    endpoint: Any, all_decoders_at_work: None
) -> None:
    code = endpoint.code(endpoint.send("concern", what="first"))
    page = endpoint.post("followup", do="send", code=code, what="marked-more", **files(voice=recording(1)))
    assert page.status_code == 422
    assert "marked-more</textarea>" in page.get_data(as_text=True)
    assert 'id="voice-error"' in page.get_data(as_text=True)


def test_no_more_than_a_few_threads_take_care_of_photos_and_words_go_on(
    endpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight people send photos whose decoders hang: three threads hang with them, five get their page, words are kept."""
    at_work, go_on = threading.Semaphore(0), threading.Event()

    def hang(*_: Any) -> Any:
        at_work.release()
        go_on.wait(300)
        raise decoder_process.NoDecoderFree

    monkeypatch.setattr(decoder_process, "decode", hang)

    def with_photo(number: int) -> int:
        client = endpoint.client.application.test_client()
        data = {"what": str(number), "photos": (io.BytesIO(photo(size=(40, 40))), "x.jpg")}
        return int(client.post("/forms/en/concern", data=data).status_code)

    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(with_photo, number) for number in range(FileLimiter.MAX_ACTIVE)]
        for _ in sent:
            assert at_work.acquire(timeout=300)
        turned_away = [pool.submit(with_photo, number) for number in range(8 - FileLimiter.MAX_ACTIVE)]
        assert [each.result(300) for each in turned_away] == [422] * 5
        assert endpoint.code(endpoint.send("concern", what="while photos hang"))
        assert not any(each.done() for each in sent)
        go_on.set()
        assert [each.result(300) for each in sent] == [422] * FileLimiter.MAX_ACTIVE


def test_where_very_many_photos_come_none_waits() -> None:
    gate = FileLimiter(LeakyBucket(threshold=3, clock=lambda: 0.0))
    waits = []
    for _ in range(5):
        with gate.slot() as wait:
            waits.append(wait)
    assert waits == [FileLimiter.WAIT, FileLimiter.WAIT, 0.0, 0.0, 0.0]


def test_a_room_is_given_back_whatever_happens() -> None:
    gate = FileLimiter()
    for _ in range(FileLimiter.MAX_ACTIVE + 1):
        with pytest.raises(ValueError, match="x"), gate.slot():
            raise ValueError("x")
    with ExitStack() as stack:
        for _ in range(FileLimiter.MAX_ACTIVE):
            stack.enter_context(gate.slot())
        with pytest.raises(Busy), gate.slot():
            pass


def test_photos_add_nothing_to_the_pressure_of_letters(endpoint: Any) -> None:
    office = state_of(endpoint.client.application).services
    for _ in range(FileLimiter.FLOOD_THRESHOLD + 1):
        with office.files.slot():
            pass
    assert office.files.bucket.is_high()
    assert not office.flood_control.is_high()
    assert not office.lookups.is_high()
