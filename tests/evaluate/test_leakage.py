import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.evaluate.leakage import leakage_report

N = 2_000


@pytest.fixture
def loans():
    """Applications of which 88 % are approved, with the leaks of real ones, and honest columns."""
    random = np.random.default_rng(0)
    ability = random.normal(size=N)
    burden = np.round(33 - 4 * ability + 7 * random.normal(size=N))
    approve = (ability + 0.8 * random.normal(size=N) > -1.5).astype(np.int64)
    sold = (approve == 1) & (random.random(N) < 0.52)
    sold[np.flatnonzero(approve == 0)[:3]] = True
    buyer = np.where(sold, random.choice([1, 3, 6, 8, 9], N, p=[0.5, 0.2, 0.02, 0.18, 0.1]), 0)
    columns = {
        "action": np.where(approve == 1, random.choice([1, 2], N, p=[0.96, 0.04]), 3),
        "reject": 1 - approve,
        "typur": buyer,
        "burden": burden,
        "income": np.exp(random.normal(1, 1, N) + 0.3 * ability),
        "history": np.where(
            random.random(N) < 0.1,
            666,
            np.round(3 + 0.4 * ability + random.normal(size=N)).clip(1, 6),
        ),
        "review": np.where(random.random(N) < 0.1, 999, random.integers(0, 12, N)),
        "liquid": np.where(random.random(N) < 0.01, 999_999, random.exponential(50, N)),
        "street": np.array([f"street {i}" for i in random.integers(0, 400, N)], dtype=object),
        "constant": np.full(N, 1120),
    }
    return columns, approve, sold


def by_column(report):
    return {finding.column: finding for finding in report}


def test_leaks_are_named_and_honest_columns_are_not(loans):
    columns, approve, sold = loans
    assert np.mean(approve) == pytest.approx(0.88, abs=0.02)
    found = by_column(leakage_report(columns, approve, class_names=["refused", "approved"]))
    assert set(found) == {"action", "reject", "typur"}
    assert found["action"].kind == found["reject"].kind == "restates"
    typur = found["typur"]
    assert (typur.kind, typur.rows) == ("purity", int(sold.sum()))
    assert typur.score == pytest.approx(1 - 3 / sold.sum())
    assert typur.detail == (
        f"where typur is not 0, {sold.sum() - 3:,} of {sold.sum():,} rows have target approved, "
        f"against {approve.mean():.0%} of all rows"
    )


@pytest.mark.parametrize("seed", range(5))
def test_neither_the_seed_nor_the_coding_matters(loans, seed):
    columns, approve, _ = loans
    texts = {name: value.astype(str).astype(object) for name, value in columns.items()}
    for raw, truth in ((columns, approve), (columns, 1 - approve), (texts, approve)):
        report = leakage_report(raw, truth, seed=seed)
        assert [finding.column for finding in report] == ["action", "reject", "typur"]


@pytest.mark.parametrize("base", [0.05, 0.3, 0.5, 0.88, 0.97])
@pytest.mark.parametrize("seed", range(3))
def test_noise_and_honest_signals_are_not_named(base, seed):
    random = np.random.default_rng([seed, int(base * 100)])
    signal = random.normal(size=N)
    truth = (signal + random.normal(size=N) > np.quantile(signal, 1 - base)).astype(np.int64)
    columns = {
        "noise": random.normal(size=N),
        "signal": signal,
        "half": np.where(random.random(N) < 0.5, np.nan, signal),
        "code": random.integers(0, 30, N),
        "name": np.array([f"n{i}" for i in random.integers(0, 700, N)], dtype=object),
        "unique": np.array([f"row {i}" for i in range(N)], dtype=object),
        "flag": random.random(N) < 0.2,
    }
    assert leakage_report(columns, truth) == []


def answered(truth, where):
    """A number that is ordinary, but in 0.4 to 0.5 for the rows `where`."""
    random = np.random.default_rng(5)
    value = random.random(len(truth))
    value = np.where((value > 0.4) & (value < 0.5), value + 0.2, value)
    return np.where(where, 0.4 + 0.1 * random.random(len(truth)), value)


def test_a_pure_range_is_named_with_its_ends():
    random = np.random.default_rng(1)
    truth = (random.random(N) < 0.7).astype(np.int64)
    leak = (truth == 1) & (random.random(N) < 0.12)
    (found,) = leakage_report({"x": answered(truth, leak)}, truth)
    assert (found.kind, found.score) == ("purity", 1.0)
    assert found.rows == pytest.approx(leak.sum(), abs=3)
    assert found.detail.startswith("where x is 0.40")


def test_rows_must_be_many_enough():
    random = np.random.default_rng(1)
    truth = (random.random(N) < 0.7).astype(np.int64)
    leak = (truth == 1) & (random.random(N) < 0.04)
    assert leakage_report({"x": answered(truth, leak)}, truth) == []


@pytest.mark.parametrize("numeric", [True, False])
def test_missing_values_may_be_the_leak(numeric):
    random = np.random.default_rng(2)
    truth = (random.random(N) < 0.3).astype(np.int64)
    absent = (truth == 1) & (random.random(N) < 0.5)
    value = random.normal(size=N)
    column = (
        np.where(absent, np.nan, value)
        if numeric
        else np.where(absent, None, np.where(value > 0, "high", "low"))
    )
    (found,) = leakage_report({"reason": column}, truth)
    assert (found.kind, found.rows) == ("purity", int(absent.sum()))
    assert found.detail.startswith("where reason is missing")


def test_a_number_that_orders_the_target():
    random = np.random.default_rng(3)
    truth = (random.random(N) < 0.4).astype(np.int64)
    column = truth + 0.35 * random.normal(size=N)
    (found,) = leakage_report({"late": -column, "early": random.normal(size=N)}, truth)
    assert (found.column, found.kind) == ("late", "single_feature")
    assert 0.95 <= found.score < 1


def test_a_nearly_restated_target():
    random = np.random.default_rng(4)
    truth = (random.random(N) < 0.3).astype(np.int64)
    slips = random.random(N) < 0.002
    (found,) = leakage_report({"code": np.where(slips, 1 - truth, truth)}, truth)
    assert found.kind == "restates"
    assert found.score == pytest.approx(1 - slips.mean())


def test_several_classes():
    random = np.random.default_rng(5)
    truth = random.integers(0, 4, N)
    columns = {
        "copy": np.array(list("wxyz"), dtype=object)[truth],
        "close": truth + 0.2 * random.normal(size=N),
        "one": np.where((truth == 2) & (random.random(N) < 0.8), 1, 0),
        "honest": truth + 2 * random.normal(size=N),
    }
    found = by_column(leakage_report(columns, truth))
    assert {name: each.kind for name, each in found.items()} == {
        "copy": "restates",
        "close": "single_feature",
        "one": "purity",
    }


def test_a_numeric_target():
    random = np.random.default_rng(6)
    target = random.uniform(0, 100, N)
    grade = np.digitize(target, np.arange(12.5, 100, 12.5))
    columns = {
        "in_cents": target * 100,
        "rounded": target + random.normal(0, 4, N),
        "honest": target + random.normal(0, 80, N),
        "noise": random.normal(size=N),
        "group": random.integers(0, 9, N),
        "grade": np.array([f"g{g}" for g in grade], dtype=object),
    }
    found = by_column(leakage_report(columns, target))
    assert {name: each.kind for name, each in found.items()} == {
        "in_cents": "restates",
        "rounded": "single_feature",
        "grade": "single_feature",
    }


def test_a_copy_of_a_numeric_target_of_few_values():
    target = np.random.default_rng(7).integers(0, 5, N).astype(float)
    (found,) = leakage_report({"twice": 2 * target}, target)
    assert found.kind == "restates"


COLUMN = st.sampled_from(
    [
        [0.0, 1.0, np.nan],
        [None, "a", "b"],
        [1.5, np.inf, -np.inf, 666.0],
        list(np.linspace(0, 1, 97)),
        [True, False],
    ]
)


@given(
    values=COLUMN,
    k=st.integers(1, 3),
    n=st.integers(5, 400),
    tilt=st.floats(0, 1),
    seed=st.integers(0, 999),
)
def test_any_column_gets_an_answer_that_adds_up(values, k, n, tilt, seed):
    random = np.random.default_rng(seed)
    pick = random.integers(0, len(values), n)
    truth = np.where(random.random(n) < tilt, pick % k, random.integers(0, k, n))
    column = np.array(values)[pick]
    for target in (truth, truth.astype(float)):
        for found in leakage_report({"x": column}, target, seed=seed):
            assert 0.05 <= found.share <= 1
            assert found.rows == round(found.share * n)
            assert 0.9 <= found.score <= 1 + 1e-12
            assert "x" in found.detail


def test_nothing_to_say():
    truth = np.arange(50) % 2
    assert leakage_report({}, truth) == []
    assert leakage_report({"empty": np.full(50, np.nan), "one": np.ones(50)}, truth) == []
    assert leakage_report({"x": np.arange(50.0)}, np.zeros(50, dtype=int)) == []
