"""Estimators of every kind, small enough to be fitted in a moment."""

import numpy as np
from sklearn import (
    calibration,
    cluster,
    cross_decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    gaussian_process,
    isotonic,
    kernel_ridge,
    linear_model,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    semi_supervised,
    svm,
    tree,
)
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope

from tests.differential import own_classes
from tests.differential.draws import pick

SEEDED = {"random_state": 0}

CLASSIFIERS = (
    lambda: linear_model.LogisticRegression(max_iter=200),
    lambda: linear_model.LogisticRegression(C=0.1, class_weight="balanced"),
    lambda: linear_model.LogisticRegressionCV(cv=2, Cs=3, max_iter=100, l1_ratios=(0,), use_legacy_attributes=False),
    linear_model.RidgeClassifier,
    linear_model.RidgeClassifierCV,
    lambda: linear_model.SGDClassifier(**SEEDED),
    lambda: linear_model.SGDClassifier(loss="log_loss", **SEEDED),
    lambda: linear_model.SGDClassifier(loss="modified_huber", **SEEDED),
    lambda: linear_model.Perceptron(**SEEDED),
    lambda: linear_model.SGDClassifier(loss="perceptron", alpha=0.01, **SEEDED),
    lambda: svm.LinearSVC(**SEEDED),
    svm.SVC,
    lambda: svm.SVC(kernel="linear", decision_function_shape="ovo"),
    lambda: svm.SVC(kernel="poly", degree=2),
    lambda: svm.NuSVC(nu=0.1),
    lambda: tree.DecisionTreeClassifier(max_depth=4, **SEEDED),
    lambda: tree.DecisionTreeClassifier(**SEEDED),
    lambda: tree.ExtraTreeClassifier(**SEEDED),
    lambda: ensemble.RandomForestClassifier(8, max_depth=4, **SEEDED),
    lambda: ensemble.ExtraTreesClassifier(8, **SEEDED),
    lambda: ensemble.GradientBoostingClassifier(n_estimators=8, **SEEDED),
    lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, min_samples_leaf=5, **SEEDED),
    lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, categorical_features="from_dtype", **SEEDED),
    lambda: ensemble.AdaBoostClassifier(n_estimators=6, **SEEDED),
    lambda: ensemble.BaggingClassifier(n_estimators=4, **SEEDED),
    naive_bayes.GaussianNB,
    lambda: naive_bayes.BernoulliNB(binarize=0.5),
    naive_bayes.MultinomialNB,
    naive_bayes.ComplementNB,
    lambda: naive_bayes.CategoricalNB(min_categories=200),
    neighbors.KNeighborsClassifier,
    lambda: neighbors.KNeighborsClassifier(3, weights="distance"),
    neighbors.NearestCentroid,
    lambda: neighbors.RadiusNeighborsClassifier(5.0),
    discriminant_analysis.LinearDiscriminantAnalysis,
    lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.3),
    lambda: neural_network.MLPClassifier(hidden_layer_sizes=(6,), max_iter=60, **SEEDED),
    dummy.DummyClassifier,
    own_classes.CautiousLogistic,
    lambda: own_classes.ContraryLine(**SEEDED),
    lambda: own_classes.UnsureTree(max_depth=3, **SEEDED),
    own_classes.Rules,
)

REGRESSORS = (
    linear_model.LinearRegression,
    linear_model.Ridge,
    lambda: linear_model.Ridge(positive=True),
    linear_model.RidgeCV,
    lambda: linear_model.Lasso(0.01),
    lambda: linear_model.LassoCV(cv=2, alphas=5),
    lambda: linear_model.ElasticNet(0.01),
    linear_model.BayesianRidge,
    linear_model.ARDRegression,
    lambda: linear_model.HuberRegressor(max_iter=50),
    linear_model.Lars,
    lambda: linear_model.LassoLars(0.01),
    linear_model.OrthogonalMatchingPursuit,
    lambda: linear_model.SGDRegressor(**SEEDED),
    linear_model.TheilSenRegressor,
    lambda: linear_model.RANSACRegressor(**SEEDED),
    lambda: linear_model.QuantileRegressor(alpha=0.01),
    lambda: linear_model.PoissonRegressor(max_iter=50),
    lambda: linear_model.GammaRegressor(max_iter=50),
    lambda: linear_model.TweedieRegressor(power=1.5, max_iter=50),
    lambda: svm.LinearSVR(**SEEDED),
    svm.SVR,
    lambda: svm.SVR(kernel="linear"),
    lambda: svm.NuSVR(kernel="sigmoid"),
    lambda: kernel_ridge.KernelRidge(kernel="rbf"),
    lambda: gaussian_process.GaussianProcessRegressor(alpha=0.1, optimizer=None),
    lambda: tree.DecisionTreeRegressor(max_depth=4, **SEEDED),
    lambda: tree.DecisionTreeRegressor(**SEEDED),
    lambda: tree.ExtraTreeRegressor(**SEEDED),
    lambda: ensemble.RandomForestRegressor(8, **SEEDED),
    lambda: ensemble.ExtraTreesRegressor(8, max_depth=5, **SEEDED),
    lambda: ensemble.GradientBoostingRegressor(n_estimators=10, **SEEDED),
    lambda: ensemble.GradientBoostingRegressor(loss="huber", n_estimators=6, **SEEDED),
    lambda: ensemble.HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=5, **SEEDED),
    lambda: ensemble.HistGradientBoostingRegressor(max_iter=8, loss="poisson", **SEEDED),
    lambda: ensemble.AdaBoostRegressor(n_estimators=5, **SEEDED),
    lambda: ensemble.BaggingRegressor(n_estimators=4, **SEEDED),
    neighbors.KNeighborsRegressor,
    lambda: neighbors.KNeighborsRegressor(3, weights="distance"),
    lambda: neighbors.RadiusNeighborsRegressor(3.0),
    lambda: neural_network.MLPRegressor(hidden_layer_sizes=(6,), max_iter=60, **SEEDED),
    lambda: cross_decomposition.PLSRegression(1),
    lambda: dummy.DummyRegressor(strategy="median"),
    lambda: isotonic.IsotonicRegression(out_of_bounds="clip"),
    own_classes.PositiveRidge,
    own_classes.RoundedLine,
    lambda: own_classes.CappedForest(6, **SEEDED),
    lambda: own_classes.LeafTree(max_depth=4, **SEEDED),
    own_classes.Tariff,
)

OUTLIERS = (
    lambda: ensemble.IsolationForest(n_estimators=8, **SEEDED),
    lambda: neighbors.LocalOutlierFactor(novelty=True),
    svm.OneClassSVM,
    lambda: EllipticEnvelope(**SEEDED),
    lambda: linear_model.SGDOneClassSVM(**SEEDED),
)
CLUSTERERS = (
    lambda: cluster.KMeans(3, n_init=1, **SEEDED),
    lambda: cluster.MiniBatchKMeans(3, n_init=1, **SEEDED),
    lambda: cluster.BisectingKMeans(3, **SEEDED),
    lambda: cluster.MeanShift(bandwidth=3),
    lambda: cluster.Birch(n_clusters=3),
    lambda: cluster.AffinityPropagation(**SEEDED),
    lambda: mixture.GaussianMixture(2, **SEEDED),
)


def estimator(rng, task):
    """Return an estimator for the task, alone or in a wrapper."""
    if task == "outliers":
        return pick(rng, OUTLIERS)()
    if task == "clustering":
        return pick(rng, CLUSTERERS)()
    pool = CLASSIFIERS if task == "classification" else REGRESSORS
    if rng.random() > 0.2:
        return pick(rng, pool)()
    one, two = pick(rng, pool)(), pick(rng, pool)()
    return pick(rng, CLASSIFIER_WRAPPERS if task == "classification" else REGRESSOR_WRAPPERS)(one, two)


CLASSIFIER_WRAPPERS = (
    lambda a, b: ensemble.VotingClassifier([("a", a), ("b", b)]),
    lambda a, b: ensemble.VotingClassifier([("a", a), ("b", b)], voting="soft"),
    lambda a, b: ensemble.StackingClassifier([("a", a), ("b", b)], cv=2),
    lambda a, b: ensemble.StackingClassifier([("a", a), ("b", b)], passthrough=True, cv=2),
    lambda a, b: calibration.CalibratedClassifierCV(a, cv=2),
    lambda a, b: calibration.CalibratedClassifierCV(a, cv=2, method="isotonic"),
    lambda a, b: ensemble.BaggingClassifier(a, n_estimators=3, **SEEDED),
    lambda a, b: ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=2), n_estimators=4, **SEEDED),
    lambda a, b: multiclass.OneVsRestClassifier(a),
    lambda a, b: multiclass.OneVsOneClassifier(a),
    lambda a, b: semi_supervised.SelfTrainingClassifier(a),
    lambda a, b: model_selection.FixedThresholdClassifier(a, threshold=0.3),
    lambda a, b: model_selection.TunedThresholdClassifierCV(a, cv=2),
    lambda a, b: model_selection.GridSearchCV(linear_model.LogisticRegression(), {"C": [0.1, 1]}, cv=2),
)
REGRESSOR_WRAPPERS = (
    lambda a, b: ensemble.VotingRegressor([("a", a), ("b", b)]),
    lambda a, b: ensemble.StackingRegressor([("a", a), ("b", b)], cv=2),
    lambda a, b: ensemble.BaggingRegressor(a, n_estimators=3, **SEEDED),
    lambda a, b: TransformedTargetRegressor(a, func=np.cbrt, inverse_func=_cube),
    lambda a, b: TransformedTargetRegressor(a, func=np.arcsinh, inverse_func=np.sinh),
    lambda a, b: TransformedTargetRegressor(a, func=lambda y: y / 10, inverse_func=lambda y: y * 10),
    lambda a, b: model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=2),
    lambda a, b: model_selection.RandomizedSearchCV(
        tree.DecisionTreeRegressor(**SEEDED), {"max_depth": [2, 3]}, n_iter=2, cv=2
    ),
)


def _cube(values):
    return values**3


SEVERAL_CLASSIFIERS = (
    lambda: ensemble.RandomForestClassifier(6, **SEEDED),
    lambda: tree.DecisionTreeClassifier(max_depth=4, **SEEDED),
    lambda: multioutput.MultiOutputClassifier(linear_model.LogisticRegression()),
    neighbors.KNeighborsClassifier,
    lambda: multioutput.ClassifierChain(linear_model.LogisticRegression()),
    lambda: neural_network.MLPClassifier(hidden_layer_sizes=(5,), max_iter=50, **SEEDED),
    linear_model.RidgeClassifier,
)
SEVERAL_REGRESSORS = (
    linear_model.LinearRegression,
    linear_model.Ridge,
    lambda: linear_model.MultiTaskLasso(0.01),
    lambda: cross_decomposition.PLSRegression(1),
    lambda: ensemble.RandomForestRegressor(6, **SEEDED),
    lambda: multioutput.MultiOutputRegressor(ensemble.GradientBoostingRegressor(n_estimators=5, **SEEDED)),
    lambda: multioutput.RegressorChain(linear_model.Ridge()),
    neighbors.KNeighborsRegressor,
    lambda: tree.DecisionTreeRegressor(max_depth=4, **SEEDED),
    lambda: neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=50, **SEEDED),
    kernel_ridge.KernelRidge,
    lambda: gaussian_process.GaussianProcessRegressor(alpha=0.1, optimizer=None),
)
