"""Addresses as people hold them, from public bug reports: each leads to the page that is meant, in one step."""

import http.client
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core import portal as portals
from forms.server.web.addresses import corrected_address
from tests.server.deployed import gunicorn, nginx

LANGUAGES = ("en", "ta", "or", "sat-Olck")
WRITTEN = {
    "/EN/": "/en/", "/Ta/Help/": "/ta/help/", "/TA/HELP": "/ta/help/",  # YOURLS 3724, mdn/kuma 5161, next-intl 775
    "/ta/help.": "/ta/help/", "/ta/help/.": "/ta/help/", "/ta/help/)": "/ta/help/",  # golink 148, publishing-api 166
    "/ta/help,": "/ta/help/", "/ta/help/%E2%80%9D": "/ta/help/", "/ta/help*": "/ta/help/", "/ta/help...": "/ta/help/",
    "/ta/help/%E0%A5%A4": "/ta/help/",
    "/ta/help%20": "/ta/help/", "/ta/help/%20call%20us": "/ta/help/", "/ta/%20help/": "/ta/help/",
    "/ta/help%C2%A0": "/ta/help/", "/ta/help%0A": "/ta/help/", "/ta/help%2520": "/ta/help/",
    "/ta/help%E2%80%8B": "/ta/help/", "/%E2%80%8Bta/help/": "/ta/help/", "/ta/he%C2%ADlp/": "/ta/help/",
    "/ta/help/%3Ffbclid=IwAR0": "/ta/help/", "/ta/help/&utm_source=wa": "/ta/help/", "/ta/help/%23top": "/ta/help/",
    "/ta-IN/help/": "/ta/help/", "/ta_IN/help/": "/ta/help/", "/en-GB/": "/en/", "/tam/help/": "/ta/help/",
    "/ory/": "/or/", "/sat/help/": "/sat-Olck/help/", "/sat-olck/help/": "/sat-Olck/help/", "/SAT-OLCK/": "/sat-Olck/",
    "/TA/help/index.html": "/ta/help/", "/ta/help.html": "/ta/help/", "/ta/help/INDEX.HTM": "/ta/help/",
    "/ta%5Chelp": "/ta/help/", "/TA/Calendar.ICS": "/ta/calendar.ics", "/TA/events/on/2027-01": "/ta/events/on/2027-01/",
    "/TA//HELP//": "/ta/help/", "/forms/TA/Concern": "/forms/ta/concern", "/forms/ta/concern/": "/forms/ta/concern",
    # Not ours, and nothing else's either.
    "/ta/help/": None, "/xx/HELP/": None, "/HELP": None, "/": None, "": None, "/forms/": None, "/forms/ta": None,
    "/forms/sealed/Parts": None, "/TA/../../etc/passwd": None, "/TA/%2e%2e/x": None, "/EVIL.EXAMPLE/TA/": None,
    "/ta/%E0%AE%89%E0%AE%A4%E0%AE%B5%E0%AE%BF/": None, "/TA/.git/config": None, "/\x00TA/": None, "/ta/%00": None,
}  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), WRITTEN.items())
def test_an_address_as_people_write_it_is_known(written: str, meant: str | None) -> None:
    assert corrected_address(unquote(written), LANGUAGES) == meant


@given(st.text(max_size=40) | st.text("/\\.:@?#%TaeEnN \u200b-_\n\r5c2f", max_size=40))
def test_no_address_leads_to_another_host_or_round_in_a_circle(path: str) -> None:
    ours = corrected_address(f"/{path}", LANGUAGES)
    if ours is not None:
        assert ours.startswith(("/en/", "/ta/", "/or/", "/sat-Olck/", "/forms/"))
        assert "//" not in ours
        assert ".." not in ours.split("/")
        assert ours.isascii()
        assert ours.isprintable()
        assert corrected_address(ours, LANGUAGES) is None


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built site in small."""
    public = tmp_path / "public"
    for name in ("ta/index.html", "ta/help/index.html", "ta/404.html", "404.html", "index.html"):
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_text(f"{name} of the site", encoding="utf-8")
    return public


SEEN = [
    ("/TA/HELP", "/ta/help/"), ("/ta/help.?utm_source=wa", "/ta/help/?utm_source=wa"), ("/ta/help%20", "/ta/help/"),
    ("/ta-IN/help/", "/ta/help/"), ("/%E2%80%8Bta/help/", "/ta/help/"), ("/ta/help.html", "/ta/help/"),
    ("/tam/help/", "/ta/help/"), ("/forms/TA/concern", "/forms/ta/concern"), ("/ta/help/%22", "/ta/help/"),
]  # fmt: skip


@pytest.mark.parametrize("where", ["the endpoint shows the site", "nginx shows it"])
def test_a_person_lands_on_the_page_in_one_step(
    where: str, built: Path, make_endpoint: Callable[..., Any], district: Any, tmp_path: Path
) -> None:
    def get(path: str, method: str = "GET") -> tuple[int, str, str]:
        if where == "the endpoint shows the site":
            answer = client.open(path, method=method, buffered=True)
            return answer.status_code, answer.headers.get("Location", ""), answer.get_data(as_text=True)
        connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=120)
        connection.request(method, path)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, response.headers.get("Location", ""), text

    if where == "the endpoint shows the site":
        client = make_endpoint(public=built).client
        running = []
    else:
        portals.write(district.portal, tmp_path / "portal.json")
        behind = gunicorn(tmp_path / "made", tmp_path / "portal.json")
        started = nginx(tmp_path / "made", built, behind.port)
        if started is None:
            behind.stop()
            pytest.skip("no nginx here")
        front, running = started, [started, behind]
    try:
        for written, meant in SEEN:
            status, location, _ = get(written)
            assert (status, location.removeprefix("http://localhost")) == (301, meant), written
            assert get(meant)[0] == 200
        for path, page in {"/ta/No!x/": "ta/404.html", "/XX/": "404.html", "/ta/nothing/": "ta/404.html"}.items():
            assert get(path) == (404, "", f"{page} of the site"), path
        assert get("/TA/HELP", "POST")[0] in {404, 405}, "what is sent is never sent elsewhere"
        if where == "nginx shows it":
            running.pop().stop()
            assert get("/TA/HELP")[::2] == (404, "404.html of the site"), "while the forms are away"
    finally:
        for each in running:
            each.stop()
