"""The pages as a program sees them: the first tutorial's form, and what a browser without script would get."""

import re
from base64 import b64encode
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.helpers.bundles import SAMPLES

HTML = {"Accept": "text/html,application/xhtml+xml"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", **HTML}
TUTORIAL = {
    "csrf_token": "x", "SepalLengthCm": "5.1", "SepalWidthCm": "3.5", "PetalLengthCm": "1.4", "PetalWidthCm": "0.2",
    "submit": "Predict",
}  # fmt: skip


def visible_text(answer):
    return unescape(re.sub(r"<[^>]+>", " ", answer.body.decode()))


def test_the_tutorial_s_form_leads_to_the_species_name(make_client):
    client = make_client("iris")
    answer = client.post("/", urlencode(TUTORIAL).encode(), FORM)
    assert answer.status == 303
    assert answer.headers["location"].startswith("prediction?SepalLengthCm=5.1&")
    shown = client.get("/" + answer.headers["location"], HTML)
    assert (shown.status, "Iris-setosa" in visible_text(shown)) == (200, True)
    assert client.post("/prediction", urlencode(TUTORIAL).encode(), FORM).status == 200


def test_a_program_learns_that_the_service_lives(make_client):
    assert make_client("iris").get("/").json == {"status": "alive"}
    assert "<form" in make_client("iris").get("/", HTML).body.decode()


def test_no_values_lead_back_to_the_form(make_client):
    answer = make_client("iris").get("/prediction", HTML)
    assert (answer.status, answer.headers["location"]) == (303, "./")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SepalLengthCm": "long"}, "expected a number, got a string"),
        ({"colour": "red"}, "colour: is not a feature of this model"),
    ],
)
def test_what_is_wrong_is_shown_on_the_form(change, words, make_client):
    answer = make_client("iris").post("/prediction", urlencode({**TUTORIAL, **change}).encode(), FORM)
    assert answer.status == 422
    assert words in visible_text(answer)
    assert 'value="3.5"' in answer.body.decode()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/prediction", urlencode({**TUTORIAL, "sepal_length": "9"})),
        ("/prediction", urlencode(TUTORIAL) + "&SepalLengthCm=9"),
        ("/prediction", urlencode(TUTORIAL) + "%ff"),
        ("/prediction?SepalLengthCm=9", urlencode(TUTORIAL)),
    ],
)
def test_a_field_with_two_values_is_refused(path, body, make_client):
    answer = make_client("iris").post(path, body.encode(), FORM)
    assert (answer.status, "predicted" in answer.body.decode()) == (400, False)


def test_what_is_typed_stays_text(make_client):
    answer = make_client("iris").post("/prediction", urlencode({"sepal_length": '"><script>x'}).encode(), FORM)
    assert "<script>x" not in answer.body.decode()


def test_a_browser_asks_for_the_key_as_a_password(make_client):
    client = make_client("iris", api_keys=("a-key-of-mine",))
    body = urlencode(TUTORIAL).encode()
    refused = client.post("/prediction", body, FORM)
    assert (refused.status, "a valid key is needed" in visible_text(refused)) == (401, True)
    assert refused.headers["www-authenticate"].startswith("Basic ")
    for user, status in (("anybody:a-key-of-mine", 200), (":a-key-of-mine", 200), ("a-key-of-mine:", 401), ("", 401)):
        basic = {"Authorization": f"Basic {b64encode(user.encode()).decode()}"}
        assert client.post("/prediction", body, FORM | basic).status == status
        # A browser would send it along from any site's form, so it opens nothing that such a form could harm.
        assert client.post("/score", b"{}", basic).status == 401
    assert client.post("/prediction", body, FORM | {"Authorization": "Basic é!"}).status == 401


@pytest.mark.parametrize("name", SAMPLES)
def test_every_model_has_a_form_that_is_filled_so_that_it_answers(name, make_client):
    client = make_client(name)
    page = client.get("/", HTML).body.decode()
    fields = re.findall(r'<input id="field-\d+" name="([^"]+)" value="([^"]*)"', page)
    for select, options in re.findall(r'<select id="field-\d+" name="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
        fields.append((select, re.search(r"<option selected>([^<]*)<", options)[1]))
    answer = client.post("/prediction", urlencode([(n, unescape(v)) for n, v in fields]).encode(), FORM)
    assert (answer.status, 'class="predicted"' in answer.body.decode()) == (200, True), visible_text(answer)


FILE = b"sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"


# The last one is what the page's own script sends.
@pytest.mark.parametrize("accept", ["", "text/html", "text/csv", "text/csv, application/json;q=0.1"])
def test_a_file_is_answered_with_a_column_more(accept, make_client):
    headers = {"Content-Type": "text/csv", "Accept": accept}
    answer = make_client("churn", "iris").post("/batch?model=iris", FILE, headers)
    assert answer.body.decode().splitlines()[1] == "5.1,3.5,1.4,0.2,0"
    assert "iris-predictions.csv" in answer.headers["content-disposition"]


def test_a_file_is_answered_as_json_for_who_accepts_nothing_else(make_client):
    headers = {"Content-Type": "text/csv", "Accept": "application/json"}
    assert make_client("iris").post("/batch", FILE, headers).json == {"predictions": [0]}
