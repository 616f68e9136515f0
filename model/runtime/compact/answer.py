"""Answer one row from a compact form, or leave it to the full model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import hypot
from operator import add as sum_of_two
from operator import mul, sub
from typing import Any, TypeVar

from model.runtime.compact.decide import decider
from model.runtime.compact.documents import added
from model.runtime.compact.form import Form, Sum, Term, Trees
from model.runtime.compact.trees import scorer
from model.schema.signature import MISSING_TEXT, Signature
from model.schema.values import ALLOWED, FLAGS, LARGEST_EXACT, NUMBERS

Row = Callable[[Sequence[Any]], Any]
Scores = Callable[[Sequence[Any]], tuple[list[float], float] | None]
T = TypeVar("T")
# Whether a float holds a larger whole number exactly is the full model's to say.
_LIMIT = float(LARGEST_EXACT - 1)


def answerer(form: Form, signature: Signature) -> Row:
    """Return a function that answers one row by position, or None where only the full model can tell."""
    return of_known_categories(_answerer(form, signature), signature)


def of_known_categories(ask: Callable[[Sequence[Any]], T | None], signature: Signature) -> Callable[..., T | None]:
    """Return what answers only rows whose closed features and booleans have values that they take."""
    closed = [
        (
            place,
            frozenset((feature.categories or ()) if feature.closed else FLAGS)
            | ({None} if feature.missing else frozenset()),
        )
        for place, feature in enumerate(signature.features)
        if feature.closed or feature.type == "boolean"
    ]

    def ask_known(row: Sequence[Any]) -> T | None:
        # First the answer: it tells that the row has its width, and no value that could not be looked up.
        found = ask(row)
        return found if found is not None and all(row[place] in known for place, known in closed) else None

    return ask_known if closed else ask


def _answerer(form: Form, signature: Signature) -> Row:
    if isinstance(form, Trees):
        return _from_trees(form, signature)
    if any(term.by_category for term in form.terms) or any(each.type == "boolean" for each in signature.features):
        return _from_mixed_terms(form, signature)
    return _from_weights(form, signature)


def _from_trees(form: Trees, signature: Signature) -> Row:
    width, limit, margin = len(signature.features), min(form.limit, _LIMIT), form.margin
    scores, decide = scorer(form, width), decider(form.link, signature.targets[0])
    are_numbers = _kinds_check(signature)

    def answer(row: Sequence[Any]) -> Any:
        # The norm is within the limit only if every number is, and none of them is NaN.
        try:
            if len(row) == width and are_numbers(row) and hypot(*row) <= limit:
                return decide(scores(row), margin)
        except OverflowError:  # an integer too large for a float is the full model's to refuse
            pass
        return None

    return answer


def _kinds_check(signature: Signature) -> Callable[[Sequence[Any]], bool]:
    """Return what tells whether every value of a row is of a type that its feature takes."""
    if all(feature.type != "boolean" for feature in signature.features):
        return lambda row: NUMBERS.issuperset(map(type, row))
    kinds = [ALLOWED[feature.type] for feature in signature.features]
    return lambda row: all(type(value) in kind for value, kind in zip(row, kinds, strict=True))


def _from_weights(form: Sum, signature: Signature) -> Row:
    lines = [tuple((term.weights or ())[place] for term in form.terms) for place in range(len(form.intercepts))]
    centers = tuple(term.center for term in form.terms)
    decide, width = decider(form.link, signature.targets[0]), len(form.terms)
    limit, (unit, least), moved = min(form.limit, _LIMIT), form.margin, any(centers)
    are_numbers = NUMBERS.issuperset
    (first, start), *others = zip(lines, form.intercepts, strict=True)

    def answer(row: Sequence[Any]) -> Any:
        try:
            if len(row) == width and are_numbers(map(type, row)) and (size := hypot(*row)) <= limit:
                values = list(map(sub, row, centers)) if moved else row
                scores = [sum(map(mul, first, values), start)]
                if others:
                    scores += [sum(map(mul, each, values), more) for each, more in others]
                return decide(scores, unit * size + least)
        except OverflowError:
            pass
        return None

    return answer


def _from_mixed_terms(form: Sum, signature: Signature) -> Row:
    scores_of, decide = mixed_scores(form, signature), decider(form.link, signature.targets[0])

    def answer(row: Sequence[Any]) -> Any:
        try:
            found = scores_of(row)
            return None if found is None else decide(*found)
        except (OverflowError, ValueError):  # a number that is too large, or a text that scikit-learn refuses
            return None

    return answer


def mixed_scores(form: Sum, signature: Signature) -> Scores:
    """Return what gives the scores of a row and by how much rounding may have moved them, or None for its values."""
    pairs = zip(form.terms, signature.features, strict=True)
    terms, start, width = [_Lookup(term, ALLOWED[each.type]) for term, each in pairs], form.intercepts, len(form.terms)
    limit, (unit, least) = min(form.limit, _LIMIT), form.margin
    texts = [(document.feature, added(document, len(start))) for document in form.documents]

    def scores_of(row: Sequence[Any]) -> tuple[list[float], float] | None:
        if len(row) != width:
            return None
        scores, size = list(start), 0.0
        for term, value in zip(terms, row, strict=True):
            if value is None:
                part = term.missing
            elif term.texts is not None:
                part = term.texts.get(value, term.unknown) if type(value) is str else None
            elif type(value) not in term.kinds or not -limit <= value <= limit:
                part = None
            elif term.codes is not None:
                part = term.codes.get(value, term.unknown)
            else:
                size += abs(value)
                value -= term.center  # noqa: PLW2901
                scores = [score + weight * value for score, weight in zip(scores, term.weights, strict=True)]
                continue
            if part is None:
                return None
            scores = [score + each for score, each in zip(scores, part, strict=True)]
        margin = unit * size + least
        for place, add in texts:
            more, moved = add(row[place])
            scores = list(map(sum_of_two, scores, more))
            margin += moved
        return scores, margin

    return scores_of


class _Lookup:
    """A term as the loop over a row's values wants it."""

    __slots__ = ("center", "codes", "kinds", "missing", "texts", "unknown", "weights")

    def __init__(self, term: Term, kinds: frozenset[type]) -> None:
        self.kinds = kinds
        self.weights, self.center = term.weights or (), term.center
        self.unknown, self.missing = term.unknown, term.missing
        # Rows with the text that stands for a missing one are the full model's to refuse.
        self.texts = None if term.categories is None else {**term.categories, MISSING_TEXT: None}
        self.codes = None if term.codes is None else dict(term.codes)
