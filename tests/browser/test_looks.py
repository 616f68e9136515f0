"""What holds for every page: nothing that keeps people out, and little to load."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = {"form": "", "batch": "batch", "card": "model", "apidocs": "apidocs/", "answer": "prediction?petal_width=wide"}


def stop_here(page):
    """Let a page come to rest."""
    page.wait_for_load_state("networkidle")
    page.wait_for_selector("h1:not(:text('Loading…'))")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name, page, site):
    page.set_extra_http_headers({"X-API-Key": "a-key-of-mine"})
    page.goto(f"{site}/{PAGES[name]}")
    stop_here(page)
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_and_its_files_are_small(name, browser, site):
    page = browser.new_page(extra_http_headers={"X-API-Key": "a-key-of-mine"})
    sizes = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.goto(f"{site}/{PAGES[name]}")
    stop_here(page)
    page.close()
    program = sum(size for url, size in sizes.items() if "/static/" in url)
    assert program < 60_000, sizes


def test_the_card_holds_what_was_asked_against_training(page, site):
    asked = """fetch('score', {method: 'POST', body: JSON.stringify({X: Array(50).fill([9, 9, 9, 9])}),
        headers: {'X-API-Key': 'a-key-of-mine'}}).then((answer) => answer.status)"""
    page.goto(f"{site}/")
    assert page.evaluate(asked) == 200
    page.get_by_role("link", name="Now").click()
    shown = page.locator("section.now")
    assert "large shift" in shown.inner_text()
    assert shown.get_by_role("img", name="petal_width").is_visible()
