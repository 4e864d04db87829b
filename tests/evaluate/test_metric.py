import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import assume, given
from hypothesis import strategies as st

from plait.core.errors import InvalidData, UnknownName
from plait.evaluate.interval import Interval
from plait.evaluate.metric import METRICS, default_metric, metric_named, pinball, score


def sample(k, n=300, seed=0):
    """Truth, coarse probabilities (so that there are ties) and weights."""
    random = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(k), random.integers(0, k, n - k)])
    raw = np.round(random.random((n, k)) + 0.6 * np.eye(k)[truth], 1) + 0.1
    return truth, raw / raw.sum(axis=1, keepdims=True), random.integers(1, 4, n).astype(float)


def decided(function, **options):
    return lambda t, p, w: function(t, p.argmax(axis=1), sample_weight=w, **options)


BINARY = {
    "roc_auc": lambda t, p, w: oracle.roc_auc_score(t, p[:, 1], sample_weight=w),
    "average_precision": lambda t, p, w: oracle.average_precision_score(
        t, p[:, 1], sample_weight=w
    ),
    "brier": lambda t, p, w: oracle.brier_score_loss(t, p[:, 1], sample_weight=w),
}
MULTICLASS = {
    "roc_auc": lambda t, p, w: oracle.roc_auc_score(t, p, multi_class="ovr", sample_weight=w),
    "average_precision": lambda t, p, w: oracle.average_precision_score(
        np.eye(p.shape[1])[t], p, sample_weight=w
    ),
    "brier": lambda t, p, w: np.average(((p - np.eye(p.shape[1])[t]) ** 2).sum(axis=1), weights=w),
}
BOTH = {
    "log_loss": lambda t, p, w: oracle.log_loss(t, p, sample_weight=w),
    "accuracy": decided(oracle.accuracy_score),
    "balanced_accuracy": decided(oracle.balanced_accuracy_score),
    "macro_f1": decided(oracle.f1_score, average="macro"),
}
REGRESSION = {
    "mae": lambda t, p, w: oracle.mean_absolute_error(t, p, sample_weight=w),
    "rmse": lambda t, p, w: oracle.root_mean_squared_error(t, p, sample_weight=w),
    "r2": lambda t, p, w: oracle.r2_score(t, p, sample_weight=w),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("name", sorted(BINARY | BOTH))
def test_classification_agrees_with_scikit_learn(name, k, weighted):
    truth, prediction, weight = sample(k)
    weight = weight if weighted else None
    expected = (BOTH | (BINARY if k == 2 else MULTICLASS))[name](truth, prediction, weight)
    assert score(METRICS[name], truth, prediction, weight) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_regression_agrees_with_scikit_learn(name, weighted):
    random = np.random.default_rng(3)
    truth = random.normal(10, 3, 200)
    prediction = truth + random.normal(0, 1, 200)
    weight = random.random(200) if weighted else None
    expected = REGRESSION[name](truth, prediction, weight)
    assert score(METRICS[name], truth, prediction, weight) == pytest.approx(expected, rel=1e-12)


def test_every_metric_has_an_oracle():
    assert set(METRICS) == set(BINARY | BOTH | REGRESSION)


BITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=40)


@given(rows=BITS)
def test_auc_depends_on_order_alone(rows):
    truth, level = np.array(rows).T
    assume(0 < truth.sum() < len(truth))
    auc = METRICS["roc_auc"]

    def of(positive):
        return score(auc, truth, np.column_stack([1 - positive, positive]))

    plain = of(level / 20)
    assert of((level / 20) ** 3) == pytest.approx(plain)
    assert of(1 - level / 20) == pytest.approx(1 - plain)
    below = level[truth == 0][:, None] - level[truth == 1]
    assert plain == pytest.approx(np.mean((below < 0) + 0.5 * (below == 0)))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_weight_of_two_is_the_row_given_twice(name):
    if "regression" in METRICS[name].problems:
        random = np.random.default_rng(0)
        truth, prediction = random.normal(size=50), random.normal(size=50)
        weight = random.integers(1, 3, 50).astype(float)
    else:
        truth, prediction, weight = sample(3, n=50)
    twice = np.repeat(np.arange(50), weight.astype(int))
    assert score(METRICS[name], truth, prediction, weight) == pytest.approx(
        score(METRICS[name], truth[twice], prediction[twice])
    )


@pytest.mark.parametrize("name", sorted(METRICS))
def test_the_sign_makes_the_truth_the_best_prediction(name):
    metric = METRICS[name]
    if "regression" in metric.problems:
        truth = np.arange(10.0)
        perfect, poor = truth, truth[::-1]
    else:
        truth, poor, _ = sample(3, n=50)
        perfect = np.eye(3)[truth]
    assert metric.sign * score(metric, truth, perfect) > metric.sign * score(metric, truth, poor)


def test_a_certain_mistake_costs_a_finite_log_loss():
    truth, prediction = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])
    assert 15 < score(METRICS["log_loss"], truth, prediction) < 20


def test_a_class_absent_from_the_rows_is_left_out_of_the_mean():
    truth = np.array([0, 1, 0, 1])
    prediction = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.3, 0.6, 0.1]])
    assert score(METRICS["roc_auc"], truth, prediction) == 1.0
    assert score(METRICS["macro_f1"], truth, prediction) == 1.0


@pytest.mark.parametrize(
    ("name", "truth", "prediction"),
    [
        ("roc_auc", np.zeros(4, dtype=int), np.full((4, 2), 0.5)),
        ("roc_auc", np.zeros(4, dtype=int), np.full((4, 3), 1 / 3)),
        ("average_precision", np.zeros(4, dtype=int), np.full((4, 2), 0.5)),
        ("r2", np.ones(4), np.ones(4)),
    ],
)
def test_an_undefined_metric_is_an_error(name, truth, prediction):
    with pytest.raises(InvalidData) as caught:
        score(METRICS[name], truth, prediction)
    assert caught.value.code == "data_target_constant"
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("name", "prediction"),
    [
        ("roc_auc", np.full(4, 0.5)),
        ("roc_auc", np.full((3, 2), 0.5)),
        ("roc_auc", np.array([[0.5, np.nan]] * 4)),
        ("rmse", np.full((4, 1), 0.5)),
        ("rmse", np.array([1.0, 2.0, np.inf, 3.0])),
    ],
)
def test_unusable_predictions_are_an_error(name, prediction):
    with pytest.raises(InvalidData) as caught:
        score(METRICS[name], np.array([0, 1, 0, 1]), prediction)
    assert caught.value.code == "data_prediction"
    assert caught.value.where == name


def test_a_metric_is_named_for_its_problem():
    assert metric_named("rmse", "regression") is METRICS["rmse"]
    with pytest.raises(UnknownName) as caught:
        metric_named("roc_acu", "binary", where="plait.yaml:7")
    assert (caught.value.code, caught.value.nearest) == ("unknown_metric", "roc_auc")
    with pytest.raises(UnknownName) as caught:
        metric_named("rmse", "binary")
    assert "binary metric" in caught.value.message


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_the_default_metric_serves_its_problem(problem):
    assert problem in default_metric(problem).problems


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("roc_auc", 0.0, 1.0), ("brier", 0.0, 2.0), ("rmse", 0.0, 9.0), ("r2", -9.0, 1.0)],
)
def test_an_interval_stays_within_what_the_metric_can_be(name, low, high):
    cut = METRICS[name].within(Interval(0.5, -9.0, 9.0))
    assert (cut.estimate, cut.low, cut.high) == (0.5, low, high)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_pinball_is_scikit_learns(quantile):
    random = np.random.default_rng(1)
    truth, answer, weight = random.normal(size=(3, 50))
    weight = np.abs(weight)
    wanted = oracle.mean_pinball_loss(truth, answer, alpha=quantile, sample_weight=weight)
    assert score(pinball(quantile), truth, answer, weight) == pytest.approx(wanted)
    best = np.full(50, np.quantile(truth, quantile, method="inverted_cdf"))
    least = score(pinball(quantile), truth, best)
    assert all(score(pinball(quantile), truth, best + off) >= least for off in (-0.1, 0.1))
