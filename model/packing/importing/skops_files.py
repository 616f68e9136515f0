"""A file of skops: it names types and holds their state, and no Python in it runs.

skops does not look whether the trees of a file are sound, which compiled code walks without looking either: here it is.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from skops.io import get_untrusted_types, load

from model.errors import one_line
from model.packing.data import PackError, listed
from model.packing.importing.soundness import is_sound

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


def open_skops(path: Path, trusted: Collection[str]) -> Any:
    """Return what the file holds, or raise a PackError that names the types which nobody trusts."""
    try:
        untrusted = get_untrusted_types(file=path)
        unknown = [name for name in untrusted if name not in _KNOWN and name not in trusted]
        thing = None if unknown else load(path, trusted=untrusted)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise PackError(f"{path} cannot be opened: {one_line(error, 200)}") from error
    if unknown:
        options = " ".join(f"--trust {name}" for name in unknown)
        raise PackError(f"{path} holds {listed(unknown)}: if you know them to be harmless, add {options}")
    if not is_sound(thing):
        raise PackError(
            f"{path} holds a tree or a function that fitting does not make: it is damaged, or made to do harm"
        )
    return thing
