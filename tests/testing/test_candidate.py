"""The suite for candidates passes those of plait, and finds what may be wrong with another's."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plait.core.ids import new_id
from plait.core.table import API
from plait.engines.base import json_bytes, load, read_artefact, read_bytes, write_artefact
from plait.testing.candidate import check_candidate, sample_of
from plait.train.base import recipes
from plait.train.dummy import Dummy

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"


@pytest.mark.parametrize(
    "name",
    [
        "dummy",
        "linear",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("rule_list", "neighbours", "lightgbm", "extra_trees", "ensemble")
        ),
    ],
)
def test_candidates_of_plait_pass(name, tmp_path):
    check_candidate(recipes.load(name), tmp_path)


def test_the_plug_in_of_the_page_passes_the_test_of_the_page(tmp_path):
    plug_in, told = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M
    )
    known = {}
    exec(plug_in, known)
    exec(told.replace("from centroids import Centroids\n", ""), known)
    known["test_centroids"](tmp_path)


class Plugged(Dummy):
    """A plug-in that is right; what is wrong with it is added."""

    api = API

    def __init__(self, folder, *, threshold=None):
        super().__init__(folder, threshold=threshold)
        self.folder = folder

    def rewritten(self, **changes):
        """Write the artefact again with another manifest, or other files."""
        files = changes.pop("files", {})
        written = read_artefact(self.folder)
        kept = {name: read_bytes(self.folder / name) for name in written.manifest.files}
        write_artefact(self.folder, replace(written.manifest, **changes), kept | files)
        return load(self.folder)


class NoThreshold(Plugged):
    def __init__(self, folder):
        super().__init__(folder)


class Positional(Plugged):
    def __init__(self, *, folder, threshold=None):
        super().__init__(folder, threshold=threshold)


class OfAnotherApi(Plugged):
    api = 2


class Nameless(Plugged):
    name = ""


class OfNoParadigm(Plugged):
    paradigm = "magic"


class Simplest(Plugged):
    complexity = None


class Numbers(Plugged):
    def configuration(self):
        return {"trees": np.int64(3)}


class Infinite(Plugged):
    def configuration(self):
        return {"most": float("inf")}


class Placed(Plugged):
    def configuration(self):
        return {"folder": str(self.folder)}


class Fitless(Plugged):
    fit = None


class Greedy(Plugged):
    def fit(self, sample):
        sample.columns["income"][:] = 0.0
        return super().fit(sample)


class OfText(Plugged):
    def fit(self, sample):
        super().fit(sample)
        return self.rewritten(task="text")


class Unlicensed(Plugged):
    def fit(self, sample):
        super().fit(sample)
        return self.rewritten(licence=" ")


class Hoarding(Plugged):
    form = "<f8"

    def fit(self, sample):
        super().fit(sample)
        kept = np.asarray(sample.columns["debt"]).astype(self.form).tobytes()
        return self.rewritten(files={"rows.bin": kept})


class HoardingSingle(Hoarding):
    form = "<f4"


class HoardingText(Plugged):
    def fit(self, sample):
        super().fit(sample)
        kept = json_bytes(np.asarray(sample.columns["debt"]).tolist())
        return self.rewritten(files={"rows.json": kept})


class Otherwise(Plugged):
    def fit(self, sample):
        runnable = super().fit(sample)
        other = load(self.folder)

        class Proud:
            def predict(self, columns, *, reasons=0):
                answer = dict(other.predict(columns, reasons=reasons))
                name = "probability_yes" if "probability_yes" in answer else "prediction"
                return answer | {name: [0.5] * len(answer["prediction"])}

        return Proud() if sample.problem != "multiclass" else runnable


class Unlike(Plugged):
    def fit(self, sample):
        super().fit(sample)
        return self.rewritten(origin=new_id("made"))


class Deaf(Plugged):
    def __init__(self, folder, *, threshold=None):
        super().__init__(folder)


class Strict(Plugged):
    def fit(self, sample):
        if min(sample.target.count(each) for each in (0.0, 1.0)) < 2:
            raise ValueError("too few of a class")
        return super().fit(sample)


class OfMean(Plugged):
    def fit(self, sample):
        return super().fit(replace(sample, quantile=None))


@pytest.mark.parametrize(
    ("kind", "problem", "message"),
    [
        (NoThreshold, "binary", r"made with {'threshold': None}.*unexpected keyword"),
        (Positional, "binary", "cannot be made with {}.*positional"),
        (OfAnotherApi, "binary", "does not carry `api = 1`"),
        (Nameless, "binary", "its `name` is ''"),
        (OfNoParadigm, "binary", "its `paradigm` is 'magic', none of rule, linear"),
        (Simplest, "binary", "its `complexity` is None"),
        (Numbers, "binary", "not a mapping that JSON can say"),
        (Infinite, "binary", "not a mapping that JSON can say"),
        (Placed, "binary", "configuration is another each time"),
        (Fitless, "binary", "its `fit` is no method"),
        (Greedy, "binary", "its fit changes the sample"),
        (OfText, "binary", "is for "),
        (Unlicensed, "binary", "says no licence"),
        (Hoarding, "binary", "of the values of 'debt' stand in its files"),
        (HoardingSingle, "binary", "of the values of 'debt' stand in its files"),
        (HoardingText, "binary", "of the values of 'debt' stand in its files"),
        (Otherwise, "binary", "probability_yes of what it returns is not that of what it wrote"),
        (Otherwise, "regression", "prediction of what it returns is not"),
        (Unlike, "binary", "the same sample and seed give another artefact"),
        (Deaf, "binary", "answers otherwise than from 0.9 on"),
        (OfMean, "regression", "of the rows are below its quantile of 90%"),
    ],
)
def test_what_is_wrong_is_said(kind, problem, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        check_candidate(kind, tmp_path, problems=[problem])


def test_a_class_of_one_row_must_do(tmp_path):
    with pytest.raises(ValueError, match="too few of a class"):
        check_candidate(Strict, tmp_path, problems=["binary"])


def test_the_rows_tell_the_target_and_are_the_seeds():
    one, other = sample_of("binary"), sample_of("binary", seed=1)
    assert repr(one) == repr(sample_of("binary"))
    assert one.target != other.target
    debt, target = np.asarray(one.columns["debt"]), np.asarray(one.target)
    usual = debt < 900
    assert np.corrcoef(debt[usual], target[usual])[0, 1] < -0.3
