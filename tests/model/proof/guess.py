"""The compact form as version 1 found it: by asking the whole pipeline what one changed feature does.

It is wrong for whole classes of models. The proof must find that without knowing how a form was made.
"""

import numpy as np

from model.runtime.compact.form import Sum, Term

UNSEEN = "never seen by anyone"


def guessed(model, table):
    """Return the sum of one term a feature that explains the model's answers around one row."""
    features = model.signature.features
    base = {f.name: f.typical if f.type == "string" else float(f.low or 0.0) for f in features}
    if any(value is None for value in base.values()):
        base |= {f.name: str(table[f.name].ravel()[0]) for f in features if base[f.name] is None}
    start = _ask(model, [base])[0]
    terms, intercepts = [], start.copy()
    for feature in features:
        if feature.type == "string":
            known = sorted({text for text in table[feature.name].ravel() if isinstance(text, str)})
            change = {text: tuple(_ask(model, [{**base, feature.name: text}])[0] - start) for text in known}
            try:
                unknown = tuple(_ask(model, [{**base, feature.name: UNSEEN}])[0] - start)
            except ValueError:
                unknown = None
            terms.append(Term(categories=change, unknown=unknown))
            continue
        low, high = base[feature.name], float(feature.high)
        ends = _ask(model, [{**base, feature.name: end} for end in (low, high)])
        weight = (ends[1] - ends[0]) / (high - low)
        intercepts = intercepts - weight * low
        terms.append(Term(weights=tuple(weight)))
    classes = model.signature.targets[0].classes
    return Sum(tuple(intercepts), tuple(terms), "sign" if classes else "number", limit=1e300, margin=(0.0, 0.0))


def _ask(model, rows):
    numeric = model.signature.numeric
    columns = {
        f.name: np.array([[row[f.name]] for row in rows], dtype=object if f.type == "string" else float)
        for f in model.signature.features
    }
    table = np.column_stack(list(columns.values())) if numeric else columns
    ask = model.estimator.decision_function if model.signature.targets[0].classes else model.estimator.predict
    return np.concatenate([np.asarray(ask(given), dtype=float).reshape(-1, 1) for _, given in model.given(table)])
