"""A whole file in the browser: cut into pieces, answered, what is wrong left out and reported."""

import csv

HEADER = "customer,tenure_months,monthly_charges,support_calls,contract,internet,payment"


def lines(count, wrong=()):
    yield HEADER
    for number in range(count):
        calls = "many" if number in wrong else number % 8
        yield f'"no. {number}, ""x""",{number % 72},{20 + number % 99},{calls},one year,dsl,card'


def start(page, site, model="churn"):
    page.goto(f"{site}/batch?model={model}")
    page.locator("details.key summary").click()
    page.get_by_label("Key", exact=True).fill("a-key-of-mine")


def test_a_large_file_is_answered_in_pieces_while_others_are_answered_too(page, site, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines(100_000, wrong={3, 77_777})))
    start(page, site)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector("#rows:not([hidden])")
    # The page is alive in the middle of it, and so is the server.
    assert page.evaluate("fetch('livez').then((answer) => answer.ok)")
    assert page.get_by_role("button", name="Stop").is_visible()
    page.wait_for_selector("#download:not([hidden])", timeout=60_000)
    assert page.locator("#status").inner_text().startswith("99,998 rows predicted in")
    assert "2 left out" in page.locator("#status").inner_text()
    problems = page.get_by_role("region", name="Rows left out").locator("tbody tr")
    assert [each.inner_text().split("\t")[:2] for each in problems.all()] == [
        ["4", "support_calls"], ["77778", "support_calls"]
    ]  # fmt: skip
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    with waiting.value.path().open(newline="") as found:
        rows = list(csv.reader(found))
    assert rows[0] == [*HEADER.split(","), "prediction"]
    assert len(rows) == 99_999
    assert {row[-1] for row in rows[1:]} == {"yes", "no"}
    assert rows[4][0] == 'no. 4, "x"'
    assert page.locator("#chart dt").all_inner_texts()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_rows_can_be_pasted_and_a_wrong_table_is_reported(page, site):
    start(page, site, "iris")
    page.get_by_label("Or paste rows").fill("sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector("#download:not([hidden])")
    assert page.locator("#rows tbody tr").all_inner_texts() == ["5.1\t3.5\t1.4\t0.2\t0"]
    page.get_by_label("Or paste rows").fill("one,two\n1,2\n")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector("#status.wrong")
    assert "sepal_length: is missing" in page.locator("#status").inner_text()
