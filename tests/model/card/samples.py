"""Manifests of every kind of model, small enough to know by heart."""

from model.bundle.manifest import Evaluation, Golden, Histogram, Manifest, Parity, Reference
from model.schema.input_form import Input
from model.schema.signature import Feature, Signature, Target


def manifest(signature, reference, name="a-model", **more):
    fields = {
        "title": "A model",
        "estimator": "Estimator",
        "runtime": "onnx",
        "requires": {"scikit-learn": "1.9.1"},
        "built_with": {"scikit-learn": "1.9.1", "numpy": "2.4.6"},
        "files": {"model.joblib": "ab" * 32},
        **more,
    }
    empty = Golden(rows=(), predict=())
    given = {"signature": signature, "reference": reference, "golden": empty, "input": Input("matrix")}
    return Manifest(format=2, proof=2, name=name, version="", **given, **fields).stamped()


def classifier():
    features = (
        Feature(name="length", type="number", unit="cm", low=0.0, high=10.0, typical=4.5, missing=True),
        Feature(name="colour", type="string", categories=("red", "blue"), typical="red", closed=True),
    )
    targets = (Target(name="species", classes=(0, 1), titles=("setosa", "virginica")),)
    histograms = {
        "length": Histogram(counts=(10, 20, 5), edges=(2.0, 4.0), missing=3),
        "colour": Histogram(counts=(30, 8), categories=("red", "blue")),
    }
    evaluation = Evaluation(
        rows=131,
        source="held back",
        metrics={"roc_auc": 0.9876, "accuracy": 0.875},
        balance=(61, 70),
        confusion=((57, 4), (13, 57)),
        calibration=((0.1, 0.05, 40), (0.6, 0.7, 91)),
        importance={"length": 0.4, "colour": -0.1},
    )
    return manifest(
        Signature(task="classification", features=features, targets=targets, proba=True),
        Reference(features=histograms, predictions=(Histogram(counts=(20, 18), categories=(0, 1)),)),
        evaluation=evaluation,
        parity=Parity(training_rows=38, drawn_rows=1000, differing_labels=0, largest_error=2e-7, tolerance=1e-5),
        notes=("Not for roses.",),
    )


def regressor():
    numbers = Evaluation(rows=3, source="held back", metrics={"r2": 0.5}, scatter=((1, 1.5), (2, 2.0), (3, 2.5)))
    return manifest(
        Signature(
            task="regression",
            features=(Feature(name="x", type="number", low=1.0, high=1.0),),
            targets=(Target(name="y"),),
        ),
        Reference(
            features={"x": Histogram(counts=(0, 9), edges=(1.0,))},
            predictions=(Histogram(counts=(4, 5), edges=(2.0,)),),
        ),
        evaluation=numbers,
        runtime="sklearn",
        reason="there is no converter for Oddity",
    )


def unjudged(task, *targets):
    words = Feature(name="words", type="string")
    known = Reference(features={"words": Histogram(counts=(9,))}, predictions=())
    return manifest(Signature(task=task, features=(words,), targets=targets), known)


def wide():
    names = [f"feature {place}" for place in range(200)]
    features = tuple(Feature(name=name, type="number", low=-1.0, high=1.0) for name in names)
    histograms = {name: Histogram(counts=(1, 2, 1), edges=(-0.5, 0.5)) for name in names}
    return manifest(
        Signature(task="clustering", features=features, targets=(Target(name="cluster", whole=True),)),
        Reference(features=histograms, predictions=(Histogram(counts=(3, 1), categories=(0, 1)),)),
        evaluation=Evaluation(rows=4, source="all", metrics={"silhouette": 0.2}, importance=dict.fromkeys(names, 0.1)),
    )


EVERY = {
    "classifier": classifier(),
    "regressor": regressor(),
    "clusters": unjudged("clustering", Target(name="cluster", whole=True)),
    "outliers": unjudged("outliers", Target(name="outlier", classes=(-1, 1), titles=("odd", "ordinary"))),
    "targets": unjudged(
        "classification", Target(name="team", classes=("a", "b")), Target(name="urgent", classes=(0, 1))
    ),
    "wide": wide(),
}
