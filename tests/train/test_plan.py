from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract, Cost, Objective
from plait.core.errors import InvalidSettings, UnknownName
from plait.core.extras import installed
from plait.train.base import candidate_names
from plait.train.corpus import prepare_text
from plait.train.encoder import Encoder
from plait.train.plan import MANY_TEXTS, plan_few, plan_race
from plait.train.prepare import prepare


def test_the_plan_is_what_the_contract_says(loans, contracts):
    contract = replace(contracts["binary"], metric="log_loss", candidates=("linear", "dummy"))
    plan = plan_race(prepare(loans, contract), contract, seed=5)
    assert list(plan.recipes) == ["linear", "dummy"]
    assert plan.metric.name == "log_loss"
    assert (plan.costs.false_positive, plan.costs.false_negative) == (5, 1)
    assert (plan.splits.folds, plan.splits.repeats, plan.splits.seed) == (5, 4, 5)


def test_a_plan_without_wishes_takes_what_is_usual(loans, contracts):
    contract = replace(contracts["regression"])
    plan = plan_race(prepare(loans, contract), contract)
    able = [name for name in candidate_names("tabular") if name != "tabm" or installed("torch")]
    assert list(plan.recipes) == able
    assert plan.metric.name == "rmse"
    assert (plan.costs.false_positive, plan.costs.false_negative) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"metric": "rmse"}, UnknownName, "unknown_metric"),
        ({"candidates": ("forest",)}, UnknownName, "unknown_component"),
        (
            {"objective": Objective(cost=Cost(false_positive=0))},
            InvalidSettings,
            "settings_wrong_value",
        ),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(loans, contracts, changes, kind, code):
    contract = replace(contracts["binary"], **changes)
    with pytest.raises(kind) as caught:
        plan_race(prepare(loans, contract), contract)
    assert caught.value.code == code


TEXTS = Contract(task="text", data="", target="intent")


def test_texts_have_candidates_of_their_own(talk, encoder):
    prepared = prepare_text(talk(8), TEXTS)
    plan = plan_race(prepared, TEXTS, encoder=encoder)
    assert list(plan.recipes) == [
        "majority",
        "tfidf_linear",
        "minilm_linear",
        "minilm_neighbours",
    ]
    assert (plan.max_loss, plan.metric.name) == (0.05, "log_loss")
    assert {"onnxruntime", "tokenizers"} < set(plan.libraries)
    assert plan_race(prepared, replace(TEXTS, out_of_scope=None)).max_loss is None


def test_an_encoder_whose_weights_are_at_hand_may_be_tuned(talk, tiny_encoder):
    prepared = prepare_text(talk(8), TEXTS)
    published = Encoder(tiny_encoder, published=tiny_encoder.folder)
    plan = plan_race(prepared, TEXTS, encoder=published)
    assert ("minilm_tuned" in plan.recipes) == installed("torch")
    assert any("minilm_tuned was not raced" in note for note in plan.prepared.notes) != installed(
        "torch"
    )
    named = replace(TEXTS, candidates=("minilm_tuned", "majority"))
    plan = plan_race(prepared, named, encoder=published)
    assert list(plan.recipes) == ["minilm_tuned", "majority"]
    assert ("torch" in plan.libraries) == installed("torch")
    assert list(plan_race(prepared, named, encoder=Encoder(tiny_encoder)).recipes) == ["majority"]


def test_without_an_encoder_its_candidates_are_left_out(talk):
    plan = plan_race(prepare_text(talk(8), TEXTS), TEXTS)
    assert list(plan.recipes) == ["majority", "tfidf_linear"]
    assert "onnxruntime" not in plan.libraries


def test_many_texts_are_split_once(talk):
    prepared = prepare_text(talk(8), TEXTS)
    large = replace(prepared, target=np.arange(MANY_TEXTS + 3) % 3)
    assert plan_race(large, TEXTS).splits.repeats == 1
    assert plan_race(prepared, TEXTS).splits.repeats == 4


@pytest.mark.parametrize(
    ("names", "encoded", "taken"),
    [
        ((), True, "minilm_linear"),
        ((), False, "tfidf_linear"),
        (("minilm_neighbours", "tfidf_linear"), True, "minilm_neighbours"),
        (("minilm_neighbours", "tfidf_linear"), False, "tfidf_linear"),
    ],
)
def test_of_few_texts_one_method_learns(talk, encoder, names, encoded, taken):
    prepared = prepare_text(talk(8), TEXTS)
    contract = replace(TEXTS, candidates=names, metric="macro_f1")
    plan = plan_few(prepared, contract, encoder=encoder if encoded else None)
    assert list(plan.recipes) == [taken]
    assert (len(plan.splits), plan.metric.name) == (20, "accuracy")
    assert all(len(set(prepared.target[split.train])) == 3 for split in plan.splits)
