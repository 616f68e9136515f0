"""How a question is answered: by the compact form or the full one, with the same result and the same counts."""

import pytest

from api.errors import ApiError
from api.inference.answers import Question
from api.inference.models import Models
from model.bundle.files import BundleError
from tests.helpers.server import model

FLOWER = [5.1, 3.5, 1.4, 0.2]


@pytest.fixture
def models():
    return Models([model("iris"), model("wine")], 5)


def test_one_row_and_several_are_answered_and_counted(models):
    iris = models.default
    one, two = models.answer(iris, Question(FLOWER)), models.answer(iris, Question([FLOWER, FLOWER]))
    assert (one.predictions, one.array, one.count) == ([0], None, 1)
    assert (two.predictions, two.array.tolist(), two.count) == ([0, 0], [0, 0], 2)
    models.metrics.flush()
    assert models.metrics.models["iris"].predicted.counts == {0: 3, 1: 0, 2: 0}
    assert models.metrics.models["iris"].batch_rows.sum == 3


def test_extras_come_only_if_they_are_wanted(models):
    answers = models.answer(models.default, Question([FLOWER], probabilities=True, labels=True))
    assert answers.under("score").keys() == {"score", "probabilities", "labels"}
    assert answers.labels == ["Iris-setosa"]
    assert models.answer(models.default, Question(FLOWER)).under("score") == {"score": [0]}


@pytest.mark.parametrize(
    ("name", "question", "status", "code"),
    [
        ("iris", Question([FLOWER] * 6), 413, "too_many_rows"),
        ("iris", Question([[1]]), 400, "width"),
        ("iris", Question([["a", 1, 1, 1]]), 422, "type"),
        ("wine", Question([[1.0] * 11], probabilities=True), 400, "no_probabilities"),
        ("wine", Question([[1.0] * 11], labels=True), 400, "no_labels"),
    ],
)
def test_what_cannot_be_answered_is_refused(name, question, status, code, models):
    with pytest.raises(ApiError) as caught:
        models.answer(models.get(name), question)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_models_are_found_by_name_and_version(models):
    assert models.get_or_default(None) is models.default
    assert models.get_or_default("wine") is models.version("wine", model("wine").version)
    for find in (lambda: models.get("nope"), lambda: models.version("iris", "1")):
        with pytest.raises(ApiError) as caught:
            find()
        assert caught.value.status == 404


def test_a_full_form_that_fails_its_check_makes_the_server_unready(models, monkeypatch):
    def fail(_):
        raise BundleError("iris: answers differently")

    models.require_ready()
    monkeypatch.setattr(models.default, "predict", fail)
    for act in (lambda: models.answer(models.default, Question([FLOWER, FLOWER])), models.require_ready):
        with pytest.raises(ApiError, match="answers differently") as caught:
            act()
        assert (caught.value.status, caught.value.code) == (503, "not_ready")
    assert models.answer(models.get("wine"), Question([[7.0] * 11])).count == 1
