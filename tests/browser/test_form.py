"""The form for one row: with and without script, on a desk and on a telephone, right and wrong input."""

from tests.browser.conftest import CREDENTIALS


def test_a_prediction_comes_without_a_reload_and_is_explained(page, site):
    page.goto(f"{site}/")
    assert page.get_by_label("petal_length").input_value()
    page.evaluate("window.stays = true")
    page.get_by_label("petal_length").fill("1.4")
    page.get_by_label("petal_width").fill("0.2")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector(".predicted")
    assert page.locator(".predicted").inner_text() == "Iris-setosa"
    assert page.get_by_role("img", name="Probabilities").is_visible()
    assert "probability of Iris-setosa" in page.locator("#answer").inner_text()
    assert page.evaluate("window.stays")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_text("As curl").click()
    assert f"curl {site}/v1/models/iris:predict" in page.locator("pre").first.inner_text()


def test_what_is_wrong_stands_beside_its_field(page, site):
    page.goto(f"{site}/")
    page.get_by_label("petal_length").fill("wide")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector("[aria-invalid]")
    assert page.locator("[aria-invalid]").get_attribute("name") == "petal_length"
    assert "expected a number" in page.locator(".field", has=page.locator("[aria-invalid]")).inner_text()
    page.get_by_label("petal_length").fill("60")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector(".predicted")
    assert page.locator("[aria-invalid]").count() == 0
    assert "petal_length: 60 lies outside the training data" in page.locator("#answer").inner_text()


def test_it_works_without_script(browser, site):
    context = browser.new_context(java_script_enabled=False, http_credentials=CREDENTIALS)
    page = context.new_page()
    page.goto(f"{site}/?model=churn")
    page.get_by_label("contract").fill("two years")
    page.get_by_label("tenure_months").fill("")
    page.get_by_role("button", name="Predict").click()
    assert page.url.endswith("/prediction")
    assert page.get_by_label("contract").input_value() == "two years"
    assert "stays" in page.locator("#answer").inner_text()
    context.close()


def test_a_wrong_key_is_refused_on_the_page(browser, site):
    context = browser.new_context(http_credentials=CREDENTIALS | {"password": "not-the-right-one"})
    page = context.new_page()
    page.goto(f"{site}/")
    page.get_by_role("button", name="Predict").click()
    page.get_by_text("a valid key is needed").wait_for()
    context.close()


def test_another_model_is_a_click_away_on_the_same_page(page, site):
    page.goto(f"{site}/model")
    page.get_by_role("link", name="churn").click()
    assert page.url == f"{site}/model?model=churn"
    page.get_by_role("link", name="Try it").click()
    assert page.get_by_label("tenure_months").is_visible()
