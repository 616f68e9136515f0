"""The own files of XGBoost and CatBoost, which hold a model's trees, columns and classes, and no code."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from model.errors import one_line
from model.packing.data import PackError

_CLASSIFIES = ("binary:", "multi:")


def open_xgboost(path: Path) -> Any:
    """Return the scikit-learn estimator of a JSON or UBJSON file."""
    xgboost = import_module("xgboost")
    try:
        config = json.loads(xgboost.Booster(model_file=path).save_config())
        objective = config["learner"]["objective"]["name"]
        estimator = _xgboost_class(xgboost, objective)()
        estimator.load_model(path)
    except Exception as error:
        raise PackError(f"{path} is not a model of XGBoost: {one_line(error, 200)}") from error
    return estimator


def _xgboost_class(xgboost: Any, objective: str) -> Any:
    if objective.startswith(_CLASSIFIES):
        return xgboost.XGBClassifier
    return xgboost.XGBRanker if objective.startswith("rank:") else xgboost.XGBRegressor


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
