"""The page of the API: every operation is there, and can be tried."""

import re

from playwright.sync_api import expect


def test_every_operation_is_shown_and_one_is_tried(page, site):
    page.goto(f"{site}/apidocs/")
    page.wait_for_selector("details.operation")
    document = page.evaluate("fetch('../openapi.json').then((answer) => answer.json())")
    for methods in document["paths"].values():
        for operation in methods.values():
            assert page.locator(f"details#{operation['operationId']}").count() == 1
    page.get_by_label("API key").fill("a-key-of-mine")
    score = page.locator("details#score")
    score.locator("summary").first.click()
    score.get_by_role("button", name="Send").click()
    expect(score.locator(".status")).to_have_text(re.compile("^200"), timeout=30_000)
    assert '"score": [0]' in score.get_by_label("Answer").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_a_key_it_says_what_is_missing(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/apidocs/#score")
    page.locator("details#score").get_by_role("button", name="Send").click()
    expect(page.locator("#score .status")).to_have_text(re.compile("^401"), timeout=30_000)
    page.close()
