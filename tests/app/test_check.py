"""What plait.yaml may not say though its types allow it."""

import re

import pytest

from plait.app.check import find_node
from plait.app.settings import load_project
from plait.app.yaml_node import read_yaml
from plait.core.errors import InvalidSettings, UnknownName

CONTRACT = "project: p\ncontracts:\n  NAME: {task: tabular, data: d.csv, target: t}\n"


def load(folder, text):
    (folder / "plait.yaml").write_text(text)
    return load_project(folder)


@pytest.mark.parametrize("name", ["c", "loan-approval", "v1.2", "été", "c_1"])
def test_names_that_stand_in_an_address(tmp_path, name):
    assert name in load(tmp_path, CONTRACT.replace("NAME", name)).settings.contracts


@pytest.mark.parametrize("name", ["../c", "a b", "-c", ".c", "a/b", "''", "a?b", "'a#b'"])
def test_names_that_do_not(tmp_path, name):
    with pytest.raises(InvalidSettings, match="cannot name a contract") as caught:
        load(tmp_path, CONTRACT.replace("NAME", name))
    assert caught.value.where == "plait.yaml:3"


@pytest.mark.parametrize(
    "more",
    [
        "limits: {latency_ms: 0}",
        "limits: {size_mb: -1.5}",
        "objective: {cost: {false_positive: 0}}",
        "task: speech",
    ],
)
def test_values_that_make_no_sense(tmp_path, more):
    text = CONTRACT.replace("NAME", "c").replace("task: tabular", more)
    text = text if "task" in more else text.replace("data:", "task: tabular, data:")
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, text)
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "plait.yaml:3")


@pytest.mark.parametrize(
    ("more", "code"),
    [("metric: rocauc", "unknown_metric"), ("candidates: [linear, tree]", "unknown_component")],
)
def test_names_that_nothing_bears(tmp_path, more, code):
    text = CONTRACT.replace("NAME", "c").replace("data:", f"{more}, data:")
    with pytest.raises(UnknownName) as caught:
        load(tmp_path, text)
    assert (caught.value.code, caught.value.where) == (code, "plait.yaml:3")


MODELS = """\
project: p
models:
  small: {engine: llamacpp, weights: smollm2-135m}
  icl: {engine: tabicl, weights: w.ckpt, licence: BSD-3-Clause}
contracts:
  c: {task: TASK, data: d.csv, target: t, candidates: [NAME]}
"""


@pytest.mark.parametrize(
    ("task", "name", "code", "said"),
    [
        ("text", "llm_zero_shot", "settings_wrong_value", "write llm_zero_shot@MODEL, .*: small$"),
        ("text", "llm_zero_shot@", "settings_wrong_value", "llm_zero_shot@MODEL"),
        ("text", "llm_zero_shot@smal", "unknown_model", "small"),
        ("text", "llm_zero_shot@icl", "settings_wrong_value", "icl is of 'tabicl' .*yaml:4"),
        ("text", "zero_shot@small", "unknown_component", "llm_zero_shot"),
        ("text", "majority@small", "settings_wrong_value", "write majority"),
        ("tabular", "linear@icl", "settings_wrong_value", "write linear"),
        ("tabular", "tabicl", "settings_wrong_value", "tabicl@MODEL"),
        ("tabular", "tabicl@small", "settings_wrong_value", "small is of 'llamacpp'"),
        ("tabular", "tabicl@mall", "unknown_model", "icl"),
    ],
)
def test_a_candidate_that_runs_a_model_names_one_of_its_engine(tmp_path, task, name, code, said):
    with pytest.raises((InvalidSettings, UnknownName)) as caught:
        load(tmp_path, MODELS.replace("TASK", task).replace("NAME", name))
    error = caught.value
    assert (error.code, error.where) == (code, "plait.yaml:6")
    assert re.search(said, f"{error.message} {error.hint}")


def test_the_name_of_a_model_that_candidates_run_leads_nowhere_else(tmp_path):
    text = MODELS.replace("TASK", "text").replace("small:", '"../../x":')
    with pytest.raises(InvalidSettings, match="rename the model"):
        load(tmp_path, text.replace("NAME", "llm_zero_shot@../../x"))


def test_a_candidate_with_its_model(tmp_path):
    for task, name in (("text", "llm_zero_shot@small"), ("tabular", "tabicl@icl")):
        project = load(tmp_path, MODELS.replace("TASK", task).replace("NAME", name))
        assert project.contract("c").candidates == (name,)


def test_a_node_is_found_by_its_names(tmp_path):
    (tmp_path / "a.yaml").write_text("a: {b: 1}\n")
    tree = read_yaml(tmp_path / "a.yaml")
    assert find_node(tree, "a", "b").content == 1
    assert find_node(tree, "a", "c") is None
    assert find_node(tree, "a", "b", "c") is None
    assert find_node(tree) is tree


TEXTS = """\
project: p
contracts:
  c: {task: text, data: d.csv, target: t, MORE}
"""


@pytest.mark.parametrize(
    "more",
    [
        "text: said",
        "out_of_scope: {level: oos, max_loss: 0.1}",
        "out_of_scope: null",
        "candidates: [majority, tfidf_linear, minilm_linear, minilm_neighbours]",
    ],
)
def test_what_a_contract_of_texts_may_say(tmp_path, more):
    assert "c" in load(tmp_path, TEXTS.replace("MORE", more)).settings.contracts


@pytest.mark.parametrize(
    "more",
    [
        "features: [said]",
        "out_of_scope: {max_loss: 0}",
        "out_of_scope: {max_loss: 1}",
        "out_of_scope: {max_loss: -0.5}",
    ],
)
def test_what_it_may_not(tmp_path, more):
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, TEXTS.replace("MORE", more))
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "plait.yaml:3")


def test_candidates_are_those_of_the_task(tmp_path):
    with pytest.raises(UnknownName, match="lightgbm"):
        load(tmp_path, TEXTS.replace("MORE", "candidates: [lightgbm]"))


@pytest.mark.parametrize("more", ["text: said", "out_of_scope: {level: oos}"])
def test_rows_have_no_keys_of_texts(tmp_path, more):
    text = TEXTS.replace("task: text", "task: tabular").replace("MORE", more)
    with pytest.raises(InvalidSettings, match="task: text"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("interval", "coverage", "by"),
    [("0.9", 0.9, ""), ("{coverage: 0.8, by: area}", 0.8, "area"), ("{coverage: 0.8}", 0.8, "")],
)
def test_a_coverage_is_a_number_or_says_within_what(tmp_path, interval, coverage, by):
    text = CONTRACT.replace("NAME", "c").replace(
        "data:", f"require: {{interval: {interval}}}, data:"
    )
    require = load(tmp_path, text).settings.contracts["c"].require
    assert (require.coverage, require.interval_by) == (coverage, by)


@pytest.mark.parametrize(
    ("interval", "code"),
    [
        ("90", "settings_wrong_value"),
        ("{coverage: 90, by: area}", "settings_wrong_value"),
        ("{by: area}", "settings_missing_key"),
        ("{coverage: 0.9, within: area}", "settings_unknown_key"),
        ("[0.9]", "settings_wrong_type"),
    ],
)
def test_a_coverage_that_is_none(tmp_path, interval, code):
    text = CONTRACT.replace("NAME", "c").replace(
        "data:", f"require: {{interval: {interval}}}, data:"
    )
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, text)
    assert (caught.value.code, caught.value.where) == (code, "plait.yaml:3")


def test_a_series_has_nothing_to_keep_a_coverage_within(tmp_path):
    text = CONTRACT.replace("NAME", "c").replace(
        "tabular", "series, require: {interval: {coverage: 0.9, by: meter}}"
    )
    with pytest.raises(InvalidSettings, match="by is 'meter'"):
        load(tmp_path, text)


MADE = """project: p
contracts:
  loan:
    task: tabular
    data: d.csv
    target: t
    features:
      ratio: {EXPR}
"""


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ('expr: "debt / (income + 1"', "cannot be read"),
        ('expr: "debt.real"', "not allowed"),
        ('expr: "lgo(debt)"', "did you mean 'log'?"),
        ('expr: "debt + 1", embed: true', "embedded as it is"),
    ],
)
def test_an_expression_that_says_nothing_is_named_by_its_line(tmp_path, note, said):
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, MADE.replace("EXPR", note))
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "plait.yaml:8")
    assert said in str(caught.value)


def test_features_are_made_only_for_a_target(tmp_path):
    text = MADE.replace("EXPR", 'expr: "debt / income"').replace("    target: t\n", "")
    with pytest.raises(InvalidSettings, match="contract with a target"):
        load(tmp_path, text)


def test_an_expression_is_no_choice_of_columns(tmp_path):
    text = MADE.replace("EXPR", 'expr: "debt / income"') + "      note: {embed: true}\n"
    contract = load(tmp_path, text).settings.contracts["loan"]
    assert contract.chosen == set()
    assert contract.named == {"note"}


LOOKED_UP = """project: p
contracts:
  loan:
    task: tabular
    data: d.csv
    target: t
    time: applied
    tables:
      payments: {data: payments.csv, time: paid_at}
    features:
      late: {sql: "SELECT count(*) FROM payments WHERE customer = row.customer"}
"""


def test_a_feature_may_be_looked_up(tmp_path):
    contract = load(tmp_path, LOOKED_UP).settings.contracts["loan"]
    assert list(contract.queries) == ["late"]
    assert contract.tables["payments"].time == "paid_at"
    assert contract.chosen == set()
    assert contract.named == {"late"}


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("FROM payments", "FROM payment", 11, "did you mean 'payments'"),
        ("count(*)", "max(now())", 11, r"now\(\) is no function"),
        ("count(*)", "count(", 11, "syntax error"),
        ("count(*)", "amount", 11, "many rows"),
        ('customer"}', 'customer", expr: "a + b"}', 11, "give one of"),
        ('customer"}', 'customer", embed: true}', 11, "give one of"),
        ("    time: applied\n", "", 9, "as of a row's time"),
        ("    target: t\n", "", 10, "contract with a target"),
        ("payments.csv", "https://a.b/c.csv", 9, "a path or a glob"),
        ("payments:", "row:", 9, "name the table otherwise"),
        (", time: paid_at", ", times: paid_at", 9, "unknown key 'times'"),
        ("data: payments.csv, ", "", 9, "lacks 'data'"),
        ("task: tabular", "task: series", 8, "goes with `task: tabular`"),
        ("late:", "late.now:", 11, "SELEC"),
    ],
)
def test_what_cannot_be_looked_up_is_named_by_its_line(tmp_path, old, new, line, said):
    with pytest.raises(InvalidSettings, match=said) as caught:
        load(tmp_path, LOOKED_UP.replace(old, new).replace('now: {sql: "', 'now: {sql: "SELEC '))
    assert caught.value.where == f"plait.yaml:{line}"


def test_tables_are_of_rows(tmp_path):
    text = LOOKED_UP.partition("    features:")[0].replace("tabular", "text")
    with pytest.raises(InvalidSettings, match="task: tabular"):
        load(tmp_path, text)


QUANTILE = (
    "project: p\ncontracts:\n  c:\n    data: d.csv\n    target: t\n    task: tabular\n"
    "    objective: {quantile: 0.9}\n"
)


def test_a_quantile_may_be_asked_for(tmp_path):
    text = f"{QUANTILE}    metric: pinball\n    candidates: [linear]\n"
    assert load(tmp_path, text).settings.contracts["c"].objective.quantile == 0.9


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("quantile: 0.9", "quantile: 1", 7),
        ("quantile: 0.9", "quantile: 0", 7),
        ("quantile: 0.9", "quantile: 0.9, cost: {false_positive: 2}", 7),
        ("task: tabular", "task: text", 7),
        ("task: tabular", "task: series", 7),
        ("    target: t\n", "", 6),
        ("objective: {quantile: 0.9}", "objective: {}\n    metric: pinball", 8),
        ("0.9}", "0.9}\n    require: {interval: 0.8}", 8),
        ("0.9}", "0.9}\n    require: {interval: {coverage: 0.8}}", 8),
    ],
)
def test_what_does_not_go_with_a_quantile(tmp_path, old, new, line):
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, QUANTILE.replace(old, new))
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", f"plait.yaml:{line}")


def test_a_quantile_is_told_by_one_metric(tmp_path):
    with pytest.raises(UnknownName, match="pinball"):
        load(tmp_path, f"{QUANTILE}    metric: rmse\n")


@pytest.mark.parametrize("group", ["[]", "[race, race]", "''", "[race, '']"])
def test_groups_that_are_none(tmp_path, group):
    text = CONTRACT.replace("NAME", "c").replace("data:", f"fairness: {{group: {group}}}, data:")
    with pytest.raises(InvalidSettings, match="several in a list, each once") as caught:
        load(tmp_path, text)
    assert caught.value.where == "plait.yaml:3"


@pytest.mark.parametrize("asked", ["fairness: {group: race}", "require: {calibrated: true}"])
def test_what_is_judged_by_a_target_wants_one(tmp_path, asked):
    with_target = CONTRACT.replace("NAME", "c").replace("data:", f"{asked}, data:")
    assert load(tmp_path, with_target).settings.contracts["c"].target == "t"
    with pytest.raises(InvalidSettings, match="judged by a target") as caught:
        load(tmp_path, with_target.replace(", target: t", ""))
    assert caught.value.where == "plait.yaml:3"
