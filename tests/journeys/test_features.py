"""Browsers that lack something, or lie: trials 2, 3, 13 and 24 of issue 16, in Chromium made to behave like them."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from forms.core.media import attachments
from tests.journeys.conftest import ROOT
from tests.journeys.telling import NEXT, fill, in_steps, review, send, tell
from tests.journeys.test_sealing import at_the_desk, part_at_the_desk, photo

FEATURES = ROOT / "site" / "browser" / "src" / "features.js"
YOUNGER = (
    "Array.prototype.at Array.prototype.findLast Array.prototype.toSorted Array.prototype.toReversed Array.fromAsync"
    " String.prototype.at String.prototype.replaceAll String.prototype.isWellFormed Object.groupBy Promise.any"
    " Promise.allSettled Promise.withResolvers Promise.try structuredClone fetch FormData crypto.randomUUID"
    " Blob.prototype.arrayBuffer Blob.prototype.text Blob.prototype.stream Headers AbortController AbortSignal"
    " CompressionStream WeakRef OffscreenCanvas createImageBitmap Intl.Segmenter scheduler navigator.locks indexedDB"
    " localStorage sessionStorage requestIdleCallback IntersectionObserver ResizeObserver navigator.clipboard"
)
"""What the script must do without: a browser without all of it tells a concern by the script's way."""

LIES = {
    "white": "c.fillStyle = '#fff'; c.fillRect(0, 0, w, h)",
    "noise": "const d = c.createImageData(w, h); for (let i = 0; i < d.data.length; i++)"
    " d.data[i] = i % 4 == 3 ? 255 : Math.random() * 256; c.putImageData(d, 0, 0)",
    "stripes": "for (let x = 0; x < w; x += 8) { c.fillStyle = x % 16 ? '#96a' : '#eee'; c.fillRect(x, 0, 8, h) }",
    "half": "c.fillStyle = '#fff'; c.fillRect(0, 0, w, h); c.drawImage(this, 0, 0, w, h / 2, 0, 0, w, h / 2)",
}
LYING = """HTMLCanvasElement.prototype.toBlob = function (done, type, quality) {
  const w = this.width, h = this.height, canvas = document.createElement("canvas");
  canvas.width = w; canvas.height = h;
  const c = canvas.getContext("2d");
  %s;
  const bytes = Uint8Array.from(atob(canvas.toDataURL(type, quality).split(",")[1]), (s) => s.charCodeAt(0));
  setTimeout(() => done(new Blob([bytes], { type: "image/jpeg" })));
};"""


def script_without(names: str) -> str:
    """Return a script that takes these away from the browser."""
    return "".join(
        f"try {{ delete {name}; if ('{last}' in {holder}) "
        f"Object.defineProperty({holder}, '{last}', {{ value: undefined }}) }} catch {{}}\n"
        for name in names.split()
        for holder, _, last in [("window." + name).rpartition(".")]
    )


def test_row_2_a_browser_without_a_method_is_left_on_the_servers_road(phones: Any, installation: Any) -> None:
    page = phones("delete Element.prototype.replaceChildren;")
    page.goto("/en/tell/")
    words = f"old browser {time.time_ns()}"
    assert not in_steps(page)
    assert tell(page, what=words)
    assert [letter["sealed_by"] for letter in at_the_desk(installation, words)] == ["server"]


def test_row_2_the_test_of_features_finds_each_that_is_missing(phones: Any) -> None:
    """In one page: each is taken away, looked for, and put back."""
    page = phones()
    page.goto("/en/rights/")
    script = re.sub(r"(?m)^export ", "", FEATURES.read_text(encoding="utf-8"))
    missed = page.evaluate(
        """(script) => {
          const [USED, lacking] = new Function(script + "; return [USED, lacking]")(), missed = [];
          if (lacking(window)) return ["nothing is lacking, but: " + lacking(window)];
          for (const [holder, names] of Object.entries(USED)) for (const name of names.split(" ")) {
            const listed = (holder ? names : "").split(" ").filter((other) => other && other !== name);
            const whole = Object.fromEntries(Object.entries(USED).map(([each, all]) => [each, Object.fromEntries(all.split(" ").map((one) => [one, 1]))]));
            const fake = { ...whole[""], ...whole };
            if (holder) fake[holder] = { prototype: Object.fromEntries(listed.map((other) => [other, 1])) };
            else delete fake[name];
            if (lacking(fake) !== `${holder}.${name}`) missed.push(`${holder}.${name}: ${lacking(fake)}`);
          }
          return missed;
        }""",
        script,
    )
    assert missed == []


OWN_METHODS = frozenset(
    {"finish", "drop", "show", "hide", "summary", "max", "min", "start", "stop", "encrypt", "decrypt"}
)
"""Names in the sources that are our own, or those of Math, MediaRecorder and age, and of the page elsewhere."""

PLATFORM = """(named) => {
  const language = [Object, Function, Array, Number, String, Boolean, Symbol, Date, Promise, RegExp, Error, Map, Set, WeakMap, Uint8Array, BigInt];
  const known = new Set(language.flatMap((one) => [one, one.prototype, Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype)])
    .flatMap((one) => Object.getOwnPropertyNames(one)));
  const there = new Set();
  for (const holder of Object.getOwnPropertyNames(window)) {
    const one = (Object.getOwnPropertyDescriptor(window, holder) || {}).value;
    if (typeof one !== "function" || !one.prototype || language.includes(one)) continue;
    [one, one.prototype].flatMap((each) => Object.getOwnPropertyNames(each)).forEach((name) => there.add(name));
  }
  return named.filter((name) => (there.has(name) && !known.has(name)) || (name in window && /^[A-Z]/.test(name) && !language.includes(window[name])));
}"""


def test_row_2_each_method_of_the_page_that_the_script_names_is_in_the_list(phones: Any) -> None:
    """A method that is used tomorrow and stands in no list fails here."""
    sources = "".join(path.read_text(encoding="utf-8") for path in FEATURES.parent.glob("*.js") if path != FEATURES)
    methods = {*re.findall(r"\.([a-zA-Z]+)\(", sources), *re.findall(r"\bnew ([A-Z]\w+)", sources)}
    page = phones()
    page.goto("/en/rights/")
    found = set(page.evaluate(PLATFORM, sorted(methods - OWN_METHODS)))
    listed = set(re.findall(r"\w+", FEATURES.read_text(encoding="utf-8")))
    guarded = {"getUserMedia", "isTypeSupported", "getTracks", "MediaRecorder"}  # canRecord and what follows it
    assert {"replaceChildren", "toBlob"} <= found
    assert found - listed - guarded == set()
    assert methods & {name.rpartition(".")[2] for name in YOUNGER.split()} <= {"at", "text", "stream", "fetch"}


def test_row_2_what_no_list_names_is_not_needed(phones: Any, installation: Any, tmp_path: Path) -> None:
    page = phones(script_without(YOUNGER))
    page.goto("/en/tell/")
    assert page.evaluate("[typeof structuredClone, typeof fetch, typeof [].at]") == ["undefined"] * 3
    assert in_steps(page)
    words = f"a poor browser {time.time_ns()}"
    assert tell(page, what=words, photos=[photo(tmp_path)])
    [letter] = at_the_desk(installation, words)
    assert letter["sealed_by"] == "browser"
    assert len(letter["parts"]) == 1


@pytest.mark.parametrize(
    "fails",
    [
        "Element.prototype.replaceChildren = () => { throw new Error('late') }",
        "Element.prototype.append = Element.prototype.prepend = () => { throw new Error('late') }",
        "HTMLFormElement.prototype.reset = () => { throw new Error('late') }",
        "window.scrollTo = HTMLElement.prototype.focus = () => { throw new Error('late') }",
        "window.CustomEvent = undefined",
        "document.createElement = ((make) => function (name) { if (name !== 'p') throw new Error('late'); return make.call(document, name) })(document.createElement)",
    ],
)
def test_row_2_after_kept_the_receipt_is_shown_whatever_else_fails(phones: Any, fails: str) -> None:
    page = phones()
    page.goto("/en/tell/")
    fill(page, "what", "x")
    review(page)
    page.route("**/sealed/v1/letters/*", lambda route: (page.evaluate_handle, route.continue_())[-1])
    # From the moment on that the server has answered.
    page.evaluate(
        "(fails) => { const open = XMLHttpRequest.prototype.open; XMLHttpRequest.prototype.open = function (method, path) {"
        " if (/letters/.test(path)) this.addEventListener('load', () => new Function(fails)());"
        " return open.apply(this, arguments); } }",
        fails,
    )
    page.locator(".look .button").first.click()
    page.locator(".code").wait_for()
    assert re.fullmatch(r"(\d{4} ?){5}", page.locator(".code").inner_text().replace("\n", " ").strip())


@pytest.mark.parametrize("lie", LIES)
def test_row_3_no_photo_that_the_browser_changed_goes_along(
    phones: Any, installation: Any, tmp_path: Path, lie: str
) -> None:
    page = phones(LYING % LIES[lie])
    page.goto("/en/tell/")
    words = f"a canvas that lies, {lie} {time.time_ns()}"
    fill(page, "what", words)
    fill(page, "photos", photo(tmp_path))
    page.locator('[data-field="photos"] .error').wait_for()
    assert "This browser changes photos" in page.locator('[data-field="photos"]').inner_text()
    review(page)
    assert "Photos" not in page.locator(".look .summary").inner_text()
    send(page)
    assert [letter["parts"] for letter in at_the_desk(installation, words)] == [[]]


def test_row_3_the_photo_can_go_by_the_server(phones: Any, installation: Any, tmp_path: Path) -> None:
    page = phones(LYING % LIES["white"])
    page.goto("/en/tell/")
    words = f"by the server {time.time_ns()}"
    fill(page, "what", words)
    original = Image.new("RGB", (900, 600), (200, 30, 30))
    original.save(tmp_path / "red.jpg")
    fill(page, "photos", str(tmp_path / "red.jpg"))
    page.locator('[data-field="photos"] summary').click()
    page.locator('[data-field="photos"] details button').click()
    page.locator('button[value="send"]').wait_for()
    assert "Our server locks your letter" in page.locator("main").inner_text()
    send(page)
    [letter] = at_the_desk(installation, words)
    head, content = part_at_the_desk(installation, letter["parts"][0]["id"])
    (tmp_path / "got.jpg").write_bytes(content)
    red, green, _ = Image.open(tmp_path / "got.jpg").convert("RGB").getpixel((450, 300))
    assert (letter["sealed_by"], head["type"], red > 150, green < 90) == ("server", "image/jpeg", True, True)


@pytest.mark.parametrize("size", [(4000, 30), (12, 12), (1, 1), (1280, 960), (300, 4000)])
def test_row_3_honest_photos_of_any_shape_are_taken(phones: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    page = phones()
    page.goto("/en/tell/")
    fill(page, "photos", [photo(tmp_path, size=size), str(_flat(tmp_path))])
    page.locator(".held img").nth(1).wait_for()
    assert page.locator(".held .error").count() == 0


def _flat(tmp_path: Path) -> Path:
    """Return a photo of a white wall."""
    Image.new("RGB", (640, 480), "white").save(tmp_path / "wall.jpg")
    return tmp_path / "wall.jpg"


BROKEN_RECORDERS = {
    "start": "MediaRecorder.prototype.start = () => { throw new DOMException('no codec', 'NotSupportedError') }",
    "made": "window.MediaRecorder = class { constructor() { throw new DOMException('no', 'NotSupportedError') } }",
    "later": "MediaRecorder.prototype.start = function () { setTimeout(() => this.onerror({ error: new Error('x') }), 300) }",
    "nothing": "const stop = MediaRecorder.prototype.stop; Object.defineProperty(MediaRecorder.prototype, 'ondataavailable', { set() {} })",
}


@pytest.mark.windows
@pytest.mark.parametrize("fault", BROKEN_RECORDERS)
def test_row_24_a_recorder_that_fails_releases_the_microphone_and_says_so(phones: Any, fault: str) -> None:
    keeping = (
        "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices); window.streams = [];"
        "navigator.mediaDevices.getUserMedia = async (what) => { const got = await ask(what); streams.push(got); return got; };"
    )
    page = phones(keeping + BROKEN_RECORDERS[fault], permissions=["microphone"])
    page.goto("/en/tell/")
    page.locator(NEXT).click()
    field = page.locator('[data-field="voice"]')
    field.locator("button").first.click()
    if fault == "nothing":
        page.locator("button", has_text="Stop").click()
    field.locator(".error").wait_for()
    assert "Recording does not work" in field.inner_text()
    assert field.locator("input[type=file]").is_visible()
    page.wait_for_function("streams.every((one) => one.getTracks().every((track) => track.readyState === 'ended'))")
    assert page.evaluate("streams.length") == 1


def test_row_13_what_is_promised_fits_on_the_scripts_road(phones: Any, installation: Any, tmp_path: Path) -> None:
    """170 s of AAC at 128 kbit/s, as phones record; one byte more than is taken is said with the limit, once."""
    most = attachments.MAX_FILE_BYTES["voice"]
    page = phones()
    page.goto("/en/tell/")
    words = f"a long recording {time.time_ns()}"
    (tmp_path / "long.m4a").write_bytes(b"\0" * (most + 1))
    for _ in range(2):
        fill(page, "voice", str(tmp_path / "long.m4a"))
        page.locator('[data-field="voice"] .error').wait_for()
    assert page.locator('[data-field="voice"] .error').all_inner_texts() == [
        "This file is larger than 4 MB. Please make it smaller, or leave it out."
    ]
    assert "Up to 3 minutes and 4 MB." in page.locator('[data-field="voice"]').inner_text()
    (tmp_path / "fits.m4a").write_bytes(b"\1" * most)
    tell(page, voice=str(tmp_path / "fits.m4a"), what=words)
    [letter] = at_the_desk(installation, words)
    assert part_at_the_desk(installation, letter["parts"][0]["id"])[1] == b"\1" * most
