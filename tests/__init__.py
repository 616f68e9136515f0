"""Tests; failed asserts in helpers explain themselves too."""

import pytest

pytest.register_assert_rewrite("tests.helpers")
