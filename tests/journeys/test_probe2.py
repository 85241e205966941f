"""scratch"""
from typing import Any
import pytest, json
from tests.journeys.test_bar import COVERED, SIZES
from tests.journeys.test_old_phones import BROKEN_WORDS, MISPLACED, RECEIPT
from tests.journeys.walking import LANGUAGES, press, go

def say(*a): 
    with open("/tmp/probe2.txt","a") as f: f.write(" ".join(map(str,a))+"\n")

PATHS=["","events/","stories/","stories/the-advance/","answer/","sign-up/","numbers/","you-said/","privacy/","rights/","signs/","withdrawn.html","search/","tablet/","meetings-held/","children/","/forms/{}/answer","/forms/{}/concern?step=1","/forms/{}/voice","/forms/{}/feedback","/forms/{}/signup"]
@pytest.mark.parametrize("language", LANGUAGES)
def test_forms(browser, installation, language):
    context = browser.new_context(base_url=installation.address, viewport={"width":240,"height":320}, java_script_enabled=False)
    p=context.new_page()
    p.goto(f"/forms/{language}/concern?step=1"); n=0
    try:
        while not p.locator('button[value="send"]').count():
            n+=1
            if p.locator("#what").count(): p.locator("#what").fill("SECRET words")
            rad=p.locator('main input[type=radio]:visible')
            if rad.count(): rad.first.check()
            if n==3:
                press(p,"back") if p.locator('button[value="back"]').count() else say("no back",language,n)
                if p.locator("#what").count(): say("what kept", language, p.locator("#what").input_value()); 
            p.wait_for_timeout(20)
            if n==4:
                p.reload(); say("reloaded", language, p.url, p.locator("h1").inner_text()[:40])
            press(p, "next" if p.locator('button[value="next"]').count() else "check")
            if n>20: say("stuck",language); break
        say("steps",language,n,"SECRET" in p.content())
        ch=p.locator('main button[value^="change"], main button[value^="step"], main button[name="do"]')
        say("buttons",language,[x.get_attribute("value") for x in ch.all()])
        p.goto(f"/forms/{language}/concern?step=1"); 
        say("fresh form holds nothing", language, "SECRET" not in p.content())
        while not p.locator('button[value="send"]').count():
            if p.locator("#what").count(): p.locator("#what").fill("SECRET words")
            press(p, "next" if p.locator('button[value="next"]').count() else "check")
        press(p,"change"); say("change", language, p.locator("h1").inner_text()[:30], p.evaluate("document.documentElement.scrollWidth") if False else "", p.locator("#what").count() and p.locator("#what").input_value())
        while not p.locator('button[value="send"]').count():
            if p.locator("#what").count(): p.locator("#what").fill("SECRET changed")
            press(p, "next" if p.locator('button[value="next"]').count() else "check")
        say("changed", language, "SECRET changed" in p.content(), "SECRET words" in p.content())
        press(p,"send")
        box=p.locator(".code").bounding_box(); code=p.locator(".code").inner_text().strip()
        say("receipt",language,repr(code),box)
        p.reload(); p.wait_for_timeout(200)
        say("after reload", language, p.locator(".code").count() and p.locator(".code").inner_text().strip()==code, p.locator("h1").inner_text()[:50], p.locator(".code").count() and repr(p.locator(".code").inner_text().strip()))
        try: p.go_back(wait_until="commit")
        except Exception as e: say("back from receipt", language, "own page" if "CACHE_MISS" in repr(e) else repr(e)[:80])
        p.wait_for_timeout(1500); say("after back", language, p.url, "SECRET" in p.content(), p.locator(".code").count())
        p.goto(f"/forms/{language}/answer"); p.locator("#code").fill(code); press(p,"check"); say("answer",language,p.locator(".states").count())
        try: p.reload()
        except Exception as e: say("reload answer",repr(e)[:80])
        say("answer reload",language,p.locator(".states").count(), p.locator("#code").count() and p.locator("#code").input_value())
    except Exception as e: say("ERR forms",language,repr(e)[:300], p.url)
    context.close()
