"""Photograph pages of a running service with Chromium."""

from html import escape

from playwright.sync_api import sync_playwright

from score_app import load
from tests.helpers.chromium import CHROMIUM
from tests.helpers.server import running

WIDTH, HEIGHT = 1200, 700
# Several features that matter, so that the answer has something to explain.
ROW = "volatile_acidity=0.62&sulphates=0.71&alcohol=12.8"
CODE = 'churn = pack(estimator, customers, left, name="churn")\nchurn'
CELL = (
    "<body style='margin: 1rem; font: 14px sans-serif'>"
    "<pre style='background: #f7f7f7; border: 1px solid #ddd; padding: .6rem'>{}</pre>{}"
)


def screenshots(folder):
    """Leave form.png, a form with its answer; model.png, the top of a card; notebook.png, a card in a notebook."""
    with running(model="iris,churn,wine", log_level="error") as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(f"{service.url}/?model=wine")
        for name, value in (pair.split("=") for pair in ROW.split("&")):
            page.get_by_label(name, exact=True).fill(value)
        page.get_by_role("button", name="Predict").click()
        page.wait_for_selector(".predicted")
        page.screenshot(path=folder / "form.png", full_page=True)
        page.goto(f"{service.url}/model?model=churn")
        page.screenshot(path=folder / "model.png")
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.set_content(CELL.format(escape(CODE), load("churn")._repr_html_()))
        page.frame_locator("iframe").locator("h1").wait_for()
        page.screenshot(path=folder / "notebook.png", full_page=True)
        browser.close()
