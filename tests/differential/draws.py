"""Small helps to draw from lists."""

from sklearn.preprocessing import FunctionTransformer


def pick(rng, items):
    """Return one of the items."""
    return items[rng.integers(len(items))]


def function(rng, functions, **options):
    return FunctionTransformer(pick(rng, functions), **options)
