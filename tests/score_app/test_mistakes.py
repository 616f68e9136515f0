"""Each mistake of a caller in Python is one sentence, and leaves no file."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from model.user_error import UserError
from score_app import check, load, pack, serve

ROWS = pd.DataFrame({"age": np.arange(200), "spent": np.linspace(1, 90, 200)})
LEFT = pd.Series(np.where(ROWS["spent"] > 60, "yes", "no"), name="left")
FITTED = LinearRegression().fit(ROWS[["spent"]], np.arange(200))
TWO = LinearRegression().fit(ROWS[["spent"]], np.ones((200, 2)))
MISTAKES = {
    "not fitted": (lambda at: pack(LinearRegression(), ROWS, name="x", bundles=at), "before it was fitted"),
    "no estimator": (lambda at: pack({"a": 1}, ROWS, name="x", bundles=at), "the first argument is a dict, not"),
    "a column missing": (lambda at: pack(FITTED, ROWS[["age"]], name="x", bundles=at), "the data lacks spent"),
    "no rows": (lambda at: pack(FITTED, ROWS.head(0), name="x", bundles=at), "X has no rows"),
    "too few answers": (lambda at: pack(FITTED, ROWS, [1], name="x", bundles=at), "y has 1 answers and X has 200 rows"),
    "one target of two": (lambda at: pack(TWO, ROWS, LEFT, name="x", bundles=at), "the model answers 2 targets, but 1"),
    "two targets for one": (
        lambda at: pack(FITTED, ROWS, np.ones((200, 2)), name="x", bundles=at),
        "answers 1 target, but 2",
    ),
    "a unit of no feature": (
        lambda at: pack(FITTED, ROWS, name="x", units={"spend": "$"}, bundles=at),
        "the unit of 'spend': the model has no",
    ),
    "a wrong name": (lambda at: pack(FITTED, ROWS, name="No!", bundles=at), "'No!' is not a bundle's name"),
    "no such bundle": (lambda at: load("nothing", bundles=at), "there is no bundle"),
    "nothing to check": (lambda at: check("nothing", bundles=at), "there is no bundle"),
    "nothing to serve": (lambda at: serve(bundles=at), "name what to serve"),
    "serving what is not there": (lambda at: serve("nothing", bundles=at), "there is no bundle 'nothing'"),
    "no setting": (lambda at: serve("iris", max_bodies=1), "max_bodies is no setting of the service; it has host,"),
    "another machine's address": (
        lambda at: serve("iris", host="192.0.2.1"),
        "HOST '192.0.2.1': must be an address or",
    ),
    "a wrong setting": (lambda at: serve("iris", max_body_size="3gigs"), "MAX_BODY_SIZE '3gigs': must be a number of"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_sentence_and_writes_nothing(mistake, tmp_path):
    call, message = MISTAKES[mistake]
    with pytest.raises(UserError) as raised:
        call(tmp_path)
    assert message in str(raised.value)
    assert list(tmp_path.iterdir()) == []
