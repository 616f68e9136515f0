"""Keys: any of them opens, nothing else does."""

import pytest

from api.errors import ApiError
from api.limits.api_keys import ApiKeys

KEYS = ApiKeys(["first-key", "second-key"])


@pytest.mark.parametrize("key", ["first-key", "second-key"])
def test_each_key_opens(key):
    KEYS.require(key)


@pytest.mark.parametrize("text", ["", "first-ke", "first-key ", "FIRST-KEY", "first-key,second-key", "ключ", "\0"])
def test_nothing_else_does(text):
    with pytest.raises(ApiError) as caught:
        KEYS.require(text)
    assert (caught.value.status, caught.value.code) == (401, "unauthorized")
