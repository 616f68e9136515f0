"""curl, as the tutorials type it."""

import shutil
import subprocess

import pytest

from tests.helpers.server import running
from tests.helpers.waiting import unless


@pytest.fixture(scope="module")
def echo():
    with running(model="echo") as process:
        yield process


def curl(*args):
    unless(shutil.which("curl"), "curl is not here")
    return subprocess.run(["curl", "-s", *args], capture_output=True, text=True, timeout=20, check=True).stdout


def test_the_kustomize_tutorial_s_answer_to_the_byte(echo):
    asked = ["--header", "Content-Type: application/json", "--request", "POST", "--data", '{"X": [1, 2]}']
    assert curl(f"{echo.url}/score", *asked) == '{"score":[1,2]}'


def test_plain_data_is_json(server):
    assert curl("-d", '{"X": [5.1, 3.5, 1.4, 0.2]}', f"{server.url}/score") == '{"score":[0]}'


def test_a_form_s_file(server, tmp_path):
    (tmp_path / "rows.csv").write_text("sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n")
    given = ["-F", f"file=@{tmp_path}/rows.csv", "-H", "Accept: text/csv", f"{server.url}/predict_file"]
    assert curl(*given).splitlines() == [
        "sepal_length,sepal_width,petal_length,petal_width,prediction", "5.1,3.5,1.4,0.2,0"
    ]  # fmt: skip


def test_streamed_bodies_are_read(server):
    given = ["-H", "Transfer-Encoding: chunked", "-d", '{"X": [5.1, 3.5, 1.4, 0.2]}', f"{server.url}/score"]
    assert curl(*given) == '{"score":[0]}'
