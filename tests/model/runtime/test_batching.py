"""Simultaneous calls are taken together, split by count, and only the guilty one fails."""

from threading import Barrier, Event, Thread

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from model.runtime.call_batcher import CallBatcher, join, split
from model.runtime.estimator import height


def held(function):
    """Return CallBatcher of a function whose first call waits until it is told to go on."""
    entered, go, heights = Event(), Event(), []

    def slow(rows):
        heights.append(height(rows))
        if len(heights) == 1:
            entered.set()
            assert go.wait(10)
        return function(rows)

    return CallBatcher(slow, join, split), entered, go, heights


def ask_all(together, calls, entered, go):
    """Make the first call hold the model, queue the others behind it, and collect what each one gets."""
    results = [None] * len(calls)

    def ask(place):
        try:
            results[place] = together(calls[place])
        except Exception as error:
            results[place] = error

    threads = [Thread(target=ask, args=(place,)) for place in range(len(calls))]
    threads[0].start()
    assert entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(together._waiting) < len(calls) - 1:
        pass
    go.set()
    for thread in threads:
        thread.join(10)
    return results


X, y = load_iris(return_X_y=True)
FOREST = RandomForestClassifier(5, random_state=0).fit(X, y)


@given(st.lists(st.lists(st.integers(0, 149), min_size=1, max_size=5), min_size=1, max_size=8))
def test_together_answers_as_one_by_one(places):
    calls = [X[rows] for rows in places]
    together, entered, go, heights = held(FOREST.predict_proba)
    results = ask_all(together, calls, entered, go)
    for call, result in zip(calls, results, strict=True):
        np.testing.assert_array_equal(result, FOREST.predict_proba(call))
    assert heights == [len(calls[0])] + ([sum(map(len, calls[1:]))] if calls[1:] else [])


def test_one_bad_row_fails_alone():
    calls = [np.full((1, 4), value) for value in (1.0, 2.0, np.nan, 3.0)]

    def fussy(rows):
        if np.isnan(rows).any():
            raise ValueError("a missing value")
        return rows[:, 0]

    together, entered, go, _ = held(fussy)
    first, second, bad, last = ask_all(together, calls, entered, go)
    assert (first, second, last) == (1.0, 2.0, 3.0)
    assert isinstance(bad, ValueError)


def test_an_answer_of_another_length_is_given_to_nobody():
    together, entered, go, _ = held(lambda rows: rows[:1, 0])
    calls = [np.full((1, 1), float(value)) for value in range(4)]
    assert ask_all(together, calls, entered, go) == [0.0, 1.0, 2.0, 3.0]


def test_columns_are_joined_by_name():
    together, entered, go, heights = held(lambda rows: rows["a"].ravel() + rows["b"].ravel())
    calls = [{"a": np.full((n, 1), n), "b": np.full((n, 1), 10 * n)} for n in (1, 2, 3)]
    results = ask_all(together, calls, entered, go)
    assert [result.tolist() for result in results] == [[11], [22, 22], [33, 33, 33]]
    assert heights == [1, 5]


def test_a_crowd_gets_its_own_answers():
    threads = 8
    together, start, wrong = CallBatcher(lambda rows: rows[:, 0] * 2, join, split), Barrier(threads), []

    def ask(number):
        start.wait(10)
        for step in range(300):
            value = number * 1000.0 + step
            if together(np.array([[value]])).tolist() != [value * 2]:
                wrong.append(value)

    crowd = [Thread(target=ask, args=(number,)) for number in range(threads)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(30)
    assert not wrong
