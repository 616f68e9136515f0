"""Documents are made one at a time, and who would wait long is refused, while everything else is answered."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from api.errors import ApiError
from api.limits.document_queue import MAX_WAITING, DocumentQueue
from tests.helpers.waiting import until


def test_one_is_made_at_a_time_and_few_wait():
    turns, go, made, most = DocumentQueue(), Event(), [], []

    def make():
        with turns.acquire():
            made.append(None)
            go.wait(20)
            most.append(len(made))
            made.pop()

    with ThreadPoolExecutor(MAX_WAITING) as pool:
        waiting = [pool.submit(make) for _ in range(MAX_WAITING)]
        until(lambda: made and not turns._places._value, "all places are taken", 20)
        assert refused(turns)
        go.set()
        for each in waiting:
            each.result(20)
    assert most == [1] * MAX_WAITING
    with turns.acquire():
        pass


def refused(turns):
    try:
        with turns.acquire():
            return False
    except ApiError as error:
        return error.status == 503


@pytest.mark.parametrize("path", ["/model", "/batch", "/apidocs/"])
def test_documents_are_refused_while_many_are_made_and_scoring_goes_on(path, make_client):
    client = make_client()
    assert client.get(path).status == 200
    places = client.service.limits.documents._places
    for _ in range(MAX_WAITING):
        assert places.acquire(blocking=False)
    found = client.get(path)
    assert (found.status, found.headers["retry-after"]) == (503, "1")
    assert client.get("/readyz").status == 200
    assert client.post("/score", {"X": [5.1, 3.5, 1.4, 0.2]}).status == 200
