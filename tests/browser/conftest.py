"""A real browser, Debian's or whichever is there, and a real server."""

import pytest
from playwright.sync_api import sync_playwright

from tests.helpers.chromium import CHROMIUM
from tests.helpers.server import running
from tests.helpers.waiting import unless

# A browser calls every refusal an error; these tests ask for some.
REFUSED = "status of 4"
KEY = "a-key-of-mine"
# What a person types where the browser asks for a name and a password.
CREDENTIALS = {"username": "anyone", "password": KEY}


@pytest.fixture(scope="session")
def browser():
    unless(CHROMIUM, "no Chromium is here")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def site():
    with running(model="iris,churn", api_keys=KEY) as process:
        yield process.url


@pytest.fixture(params=[(1440, "light"), (360, "dark")], ids=["wide", "narrow"])
def page(request, browser, site):
    """Give a page that fails the test if anything leaves the origin or is written to the console."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, http_credentials=CREDENTIALS
    )
    found = context.new_page()
    wrong = []
    found.on(
        "console",
        lambda message: wrong.append(message.text) if message.type == "error" and REFUSED not in message.text else None,
    )
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on("request", lambda asked: None if asked.url.startswith((site, "data:")) else wrong.append(asked.url))
    yield found
    context.close()
    assert not wrong
