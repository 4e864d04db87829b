import lightgbm
import numpy as np
import pytest

from plait.engines.booster import Booster
from plait.train.bag import averaged

ROUNDS = 12


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def grown(request):
    """Return rows and boosters of unlike dice, one of them with a feature of few values."""
    random = np.random.default_rng(0)
    rows = random.random((300, 4))
    rows[:, 3] = rows[:, 3].round()
    rows[::7, 1] = np.nan
    target = rows[:, 0] + np.nan_to_num(rows[:, 1]) * rows[:, 3] + random.normal(0, 0.1, 300)
    classes = {}
    if request.param != "regression":
        count = 2 if request.param == "binary" else 3
        target = np.digitize(target, np.quantile(target, np.arange(1, count) / count))
        classes = {"num_class": 3} if count == 3 else {}
    settings = {"objective": request.param, "feature_fraction": 0.5, "num_leaves": 5, **classes}
    fixed = {"verbosity": -1, "num_threads": 1, "deterministic": True}
    boosters = [
        lightgbm.train({**settings, **fixed, "seed": seed}, lightgbm.Dataset(rows, target), ROUNDS)
        for seed in range(3)
    ]
    return rows, boosters


@pytest.mark.parametrize("contributions", [False, True])
def test_its_scores_and_their_parts_are_the_mean_of_those_of_each(grown, contributions):
    rows, boosters = grown
    text = averaged([each.model_to_string() for each in boosters])
    asked = {"pred_contrib": True} if contributions else {"raw_score": True}
    parts = [each.predict(rows, **asked) for each in boosters]
    found = lightgbm.Booster(model_str=text).predict(rows, **asked)
    assert np.abs(parts[0] - parts[1]).max() > 0.01
    assert found == pytest.approx(np.mean(parts, axis=0), abs=1e-12)


def test_the_engine_takes_it_for_a_sound_model(grown):
    rows, boosters = grown
    booster = Booster(averaged([each.model_to_string() for each in boosters]))
    assert booster.n_trees == 3 * ROUNDS * booster.n_classes
    wanted = np.mean([each.predict(rows, raw_score=True) for each in boosters], axis=0)
    assert booster.raw(rows) == pytest.approx(wanted, abs=1e-12)


def test_one_booster_is_left_as_it_is(grown):
    text = grown[1][0].model_to_string()
    assert averaged([text]) == text
