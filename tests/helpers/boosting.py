"""The boosting libraries, where `make setup EXTRAS=boosting` has installed them."""

from importlib.util import find_spec

from tests.helpers.waiting import unless

LIBRARIES = ("catboost", "lightgbm", "xgboost")


def require_boosting():
    """Skip a test where a library is not installed."""
    lacking = [name for name in LIBRARIES if find_spec(name) is None]
    unless(not lacking, f"needs {', '.join(lacking)}: make setup EXTRAS=boosting")
