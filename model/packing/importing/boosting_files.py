"""The own files of XGBoost and CatBoost, which hold a model's trees, columns and classes, and no code."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from model.errors import one_line
from model.packing.data import PackError

_CLASSIFIES = ("binary:", "multi:")
MISSING = "XGBoost's own files do not say what was missing in training: NaN is, and no other value"


def open_xgboost(path: Path) -> Any:
    """Return the scikit-learn estimator of a JSON or UBJSON file."""
    xgboost = import_module("xgboost")
    try:
        booster = xgboost.Booster(model_file=path)
        estimator = getattr(xgboost, f"XGB{_kind_of(booster).capitalize()}")()
        estimator.load_model(path)
    except PackError:
        raise
    except Exception as error:
        raise PackError(f"{path} is not a model of XGBoost: {one_line(error, 200)}") from error
    return estimator


def _kind_of(booster: Any) -> str:
    """Return what a file says of its estimator, or what the objective of a mere Booster means."""
    if kind := json.loads(booster.attr("scikit_learn") or "{}").get("_estimator_type"):
        return str(kind)
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    if objective == "binary:logitraw":
        raise PackError("a Booster of binary:logitraw answers with margins: train XGBClassifier or XGBRegressor")
    if objective.startswith(_CLASSIFIES):
        return "classifier"
    return "ranker" if objective.startswith("rank:") else "regressor"


def open_catboost(path: Path) -> Any:
    """Return the scikit-learn estimator of a .cbm file; only a classifier has classes."""
    catboost = import_module("catboost")
    try:
        classifies = len(catboost.CatBoost().load_model(str(path)).classes_) > 0
        estimator = (catboost.CatBoostClassifier if classifies else catboost.CatBoostRegressor)()
        estimator.load_model(str(path))
    except Exception as error:
        raise PackError(f"{path} is not a model of CatBoost: {one_line(error, 200)}") from error
    return estimator
