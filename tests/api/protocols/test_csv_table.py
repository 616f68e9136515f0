"""A CSV file is matched to the features by name, or refused: never read by position unless the caller asks for it."""

import pytest

NAMES = "sepal_length,sepal_width,petal_length,petal_width"
SETOSA, VIRGINICA = "5.1,3.5,1.4,0.2", "6.7,3.0,5.2,2.3"
GOOD = f"{NAMES}\n{SETOSA}\n{VIRGINICA}\n"
PATHS = ["/predict_file", "/invocations", "/batch"]
CSV = {"Content-Type": "text/csv", "Accept": "application/json"}


@pytest.fixture(params=PATHS)
def send(request, make_client):
    client = make_client()

    def post(content, query="", headers=CSV):
        content = content.encode() if isinstance(content, str) else content
        return client.post(request.param + query, content, headers)

    return post


MEANS_THE_SAME = {
    "as it is": GOOD,
    "another order": "petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n2.3,5.2,3.0,6.7\n",
    "other columns": f"id,{NAMES},\n1,{SETOSA},é\n2,{VIRGINICA},\n",
    "spaces": f" {NAMES.replace(',', ' , ')}\n 5.1, 3.5,1.4 ,0.2\n{VIRGINICA}\n",
    "quotes": 'sepal_length,"sepal_width","petal_length",petal_width\n"5.1",3.5,"1.4",0.2\n6.7,3.0,5.2,2.3\n',
    "quoted text": f'{NAMES},note\n{SETOSA},"a ""b"",\nc"\n{VIRGINICA},"x"\n',
    "a byte order mark": GOOD.encode("utf-8-sig"),
    "other line ends": GOOD.replace("\n", "\r\n"),
    "empty lines at the end": GOOD + "\r\n\n",
}


@pytest.mark.parametrize("form", MEANS_THE_SAME)
def test_columns_are_found_by_name(form, send):
    answer = send(MEANS_THE_SAME[form])
    assert (answer.status, answer.json) == (200, {"predictions": [0, 2]})


REFUSED = {
    "unknown header": (f"a,b,c,d\n{SETOSA}\n", "sepal_length: is missing"),
    "no header": (f"{SETOSA}\n{VIRGINICA}\n", "a file without a header needs ?header=absent"),
    "upper case": (f"{NAMES.upper()}\n{SETOSA}\n", "sepal_length: is missing"),
    "one name too few": ("sepal_length,sepal_width,petal_length\n1,2,3\n", "petal_width: is missing"),
    "a feature twice": (f"{NAMES},sepal_length\n{SETOSA},9\n", "sepal_length: stands in the header twice"),
    "a feature twice, by spaces": (f"{NAMES}, sepal_length\n{SETOSA},9\n", "sepal_length: stands in the header twice"),
    "semicolons": (GOOD.replace(",", ";"), "cells must be separated by commas"),
    "tabs": (GOOD.replace(",", "\t"), "cells must be separated by commas"),
    "two byte order marks": (b"\xef\xbb\xbf" + GOOD.encode("utf-8-sig"), "sepal_length: is missing"),
    "UTF-16": (GOOD.encode("utf-16"), "in UTF-8"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "NUL"),
    "Latin-1": (f"{NAMES},note\n{SETOSA},é\n".encode("latin-1"), "in UTF-8"),
    "NUL in a cell": (f"{NAMES}\n{SETOSA}\0\n", "NUL"),
    "NUL in another column": (f"{NAMES},note\n{SETOSA},\0\n", "NUL"),
    "a quote that stays open": (f'{NAMES}\n"{SETOSA}\n', "in UTF-8"),
    "a quote within a cell": (f'{NAMES},note\n{SETOSA},a "b, c"\n', "in UTF-8"),
    "a quote after a space": (f'{NAMES},note\n{SETOSA}, "b"\n', "a quote stands within a bare cell"),
    "text after a quote": (f'{NAMES}\n"5.1"x,3.5,1.4,0.2\n', "in UTF-8"),
    "a short row": (f"{NAMES}\n{SETOSA}\n5.1,3.5\n", "row 1 has 2 cells, the header 4"),
    "a long row": (f"{NAMES}\n{SETOSA},1\n", "row 0 has 5 cells, the header 4"),
    "an empty line within": (f"{NAMES}\n{SETOSA}\n\n{VIRGINICA}\n", "line 3 of the file is empty"),
    "no rows": (f"{NAMES}\n\n", "a header and at least one row"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_cannot_be_matched_is_refused(form, send):
    content, words = REFUSED[form]
    answer = send(content)
    assert answer.status in (400, 422), answer.body
    if "json" in answer.headers["content-type"]:
        assert words in answer.json["message"]


CELLS = [
    "inf",
    "-Infinity",
    "1e999",
    "0x10",
    "1_0",
    "\u0665",
    "\uff15",
    "\u00a05",
    "5\x0c",
    "1,5",
    "true",
    "None",
    "NA",
    "--1",
]


@pytest.mark.parametrize("cell", CELLS)
def test_only_a_number_is_a_number(cell, send):
    answer = send(f'{NAMES}\n{SETOSA}\n"{cell}",3.5,1.4,0.2\n')
    assert answer.status == 422, answer.body
    assert b"sepal_length" in answer.body


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN"])
def test_an_empty_cell_and_nan_are_missing(cell, send, make_client):
    wanted = make_client().post("/score", {"X": [None, 3.5, 1.4, 0.2]}).json["score"]
    assert send(f"{NAMES}\n{cell},3.5,1.4,0.2\n").json["predictions"] == wanted


@pytest.mark.parametrize("cell", ["5.1", "+5.1", "51e-1", "5.1E0", " 5.1"])
def test_numbers_have_many_spellings(cell, send):
    assert send(f"{NAMES}\n{cell},3.5,1.4,.2\n").json == {"predictions": [0]}


def test_columns_are_read_by_position_only_if_that_is_asked_for(send):
    assert send(f"{SETOSA}\n{VIRGINICA}\n", "?header=absent").json == {"predictions": [0, 2]}
    assert send(SETOSA, "?header=absent").json == {"predictions": [0]}
    assert send(GOOD, "?header=present").json == {"predictions": [0, 2]}
    for content in (GOOD, f"{SETOSA},1\n", f"{SETOSA}\n5.1,3.5\n", "", "\n"):
        assert send(content, "?header=absent").status in (400, 422)
    assert send(GOOD, "?header=perhaps").status == 400


def test_a_file_without_a_header_gets_a_column_more_without_a_name(make_client):
    answer = make_client().post("/predict_file?header=absent", f"{SETOSA}\n".encode(), CSV | {"Accept": "text/csv"})
    assert answer.body.decode() == f"{SETOSA},0\n"


@pytest.mark.parametrize(("charset", "status"), [("utf-8", 200), ('"UTF-8"', 200), ("latin-1", 415), ("utf-16", 415)])
def test_another_charset_is_refused_where_it_matters(charset, status, make_client):
    rows = "tenure_months,monthly_charges,support_calls,contract,internet,payment\n1,9,9,{},dsl,card\n"
    headers = CSV | {"Content-Type": f"text/csv; charset={charset}"}
    client = make_client("churn")
    assert client.post("/invocations", rows.format("é").encode(), headers).status == status
    assert client.post("/invocations", rows.format("e").encode(), headers).status == 200
