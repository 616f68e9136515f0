"""A file of skops: it names types and holds their state, and no Python in it runs.

skops does not look whether the trees of a file are sound, which compiled code walks without looking either: here it is.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from skops.io import get_untrusted_types, load

from model.errors import one_line
from model.packing.data import PackError
from model.packing.importing.skops_checks import bound_functions, has_sound_trees
from model.packing.importing.versions import opened

# What scikit-learn and the boosting libraries keep of a fitted estimator, and skops does not list: numbers and names.
_KNOWN = {
    "catboost.core.CatBoostClassifier", "catboost.core.CatBoostRanker", "catboost.core.CatBoostRegressor",
    "collections.OrderedDict", "collections.defaultdict", "functools.partial", "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRanker", "lightgbm.sklearn.LGBMRegressor", "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLossIdentity", "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration", "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel", "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF", "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._PassthroughScorer", "sklearn.metrics._scorer._Scorer",
    "sklearn.model_selection._split.KFold", "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.multiclass._ConstantPredictor", "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree", "sklearn.utils._bunch.Bunch", "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest", "sklearn.utils.validation.check_array",
    "xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRanker",
    "xgboost.sklearn.XGBRegressor",
}  # fmt: skip
_NAMED = 4
"""So many types a sentence names."""


def open_skops(path: Path, trusted: Collection[str]) -> tuple[Any, str | None]:
    """Return what the file holds, and the other scikit-learn that saved it, or raise a PackError."""
    try:
        untrusted = get_untrusted_types(file=path)
        unknown = [name for name in untrusted if name not in _KNOWN and name not in trusted]
        thing, version = (None, None) if unknown else opened(lambda: load(path, trusted=untrusted))
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise PackError(f"{path} cannot be opened: {one_line(error, 200)}") from error
    if unknown:
        options = " ".join(f"--trust {name}" for name in unknown[:_NAMED])
        more = f", and then {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        raise PackError(
            f"{path} holds types that skops does not know: if you know them to be harmless, add {options}{more}"
        )
    if name := next((name for name in bound_functions(thing) if name not in trusted), None):
        raise PackError(f"{path} holds {name} with fixed arguments: save the model with joblib, or add --trust {name}")
    if not has_sound_trees(thing):
        raise PackError(f"{path} holds a tree that fitting does not make: it is damaged, or made to do harm")
    return thing, version
