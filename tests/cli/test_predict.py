"""Answers in the terminal, and files of answers."""

import csv
import json

import click
import duckdb
import pytest

from plait.cli.predict import _series


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def predict(run, project):
    """Answer by the project's contracts."""

    def predict(contract, *arguments):
        return run("predict", contract, *arguments, "--project", project)

    return predict


@pytest.fixture
def flats(tmp_path):
    """Five flats: ids with leading zeros, whole and broken numbers, gaps, names of answers."""
    path = tmp_path / "flats.csv"
    path.write_text(
        "id,area,balcony,region,floor,price,prediction,note\n"
        '007,50,true,north,1,10.5,9,"a, b"\n'
        "008,61.5,,south,,11,8,\n"
        "009,70,false,east,3,,7,ü\n"
    )
    return path


def test_a_row_is_answered_in_words(predict, row):
    ran = predict("loan", "--row", json.dumps(row))
    assert ran.status == 0, ran
    first, threshold, last = ran.out.splitlines()
    assert first.startswith("repaid = yes (")
    assert "likelier" not in first
    assert threshold.startswith("repaid = yes is answered from a probability of 60.0 % on")
    assert "of 100 with repaid = no, 8.0 are expected to be taken for repaid = yes" in threshold
    assert last.startswith("plait explain req_")


def test_a_row_may_be_written_as_arguments(predict, row):
    pairs = ["income=61000", "debt=20.5", "employed=true", "region=north"]
    written = json.loads(predict("loan", *pairs, "--json").out)
    sent = json.loads(predict("loan", "--row", json.dumps(row), "--json").out)
    assert written["predictions"] == sent["predictions"]


@pytest.mark.parametrize(
    ("pairs", "status", "said"),
    [
        (["income"], 2, "is not FIELD=VALUE"),
        (["incom=3"], 1, "unknown field 'incom'"),
        (["income=much", "employed=true"], 1, "not a number"),
        (["income=1", "--row", "{}"], 2, "give either"),
    ],
)
def test_arguments_that_are_no_row(predict, pairs, status, said):
    ran = predict("loan", *pairs)
    assert ran.status == status
    assert said in ran.err


def test_where_the_threshold_overrules_the_likelier_level_it_is_said(predict, row):
    dim = next(
        (income, ran.out)
        for income in range(0, 90_000, 1_000)
        if (ran := predict("loan", "--row", json.dumps({**row, "income": income}))).out.startswith(
            "repaid = no"
        )
        and "likelier" in ran.out
    )[1]
    assert ": yes is likelier, but is answered only from 60.0 % on" in dim


def test_reasons_bear_the_names_people_use(predict, row):
    ran = predict("loan", "--row", json.dumps({**row, "debt": None}), "--reasons", "4")
    assert ran.status == 0, ran
    assert "yearly income = 61000 usd" in ran.out
    assert "debt = missing" in ran.out
    assert "reasons are in log-odds, + towards the answer" in ran.out


def test_several_rows_are_numbered_and_the_threshold_said_once(predict, row):
    ran = predict("loan", "--row", json.dumps([row, row, row]))
    assert [line[:7] for line in ran.out.splitlines()[:3]] == ["row 1: ", "row 2: ", "row 3: "]
    assert ran.out.count("is answered from a probability") == 1


def test_a_number_comes_with_its_interval(predict):
    row = {"area": 50.5, "balcony": None, "region": "north"}
    ran = predict("rent", "--row", json.dumps(row), "--reasons", "1")
    first, reason, legend, _ = ran.out.splitlines()
    assert first.startswith("rent = ")
    assert "(nine in ten are between " in first
    assert reason.endswith("area = 50.5")
    assert legend == "reasons are in rent, + upwards"


def test_json_is_the_answer_as_the_server_gives_it(predict, row):
    ran = predict("loan", "--row", json.dumps(row), "--json")
    assert ran.json["predictions"][0]["prediction"] == "yes"
    assert ran.json["operating_point"]["threshold"] == 0.6


@pytest.mark.parametrize("row", ["[]", "[{}, {}]"])
def test_a_series_contract_takes_one_history(row):
    with pytest.raises(click.UsageError, match="one history at a time"):
        _series(None, "load", row, as_json=False)


@pytest.mark.parametrize(
    ("row", "code", "part"),
    [
        ("", "request_not_json", "--row: not JSON"),
        ("{income: 1}", "request_not_json", "quote it for the shell"),
        ("3", "request_shape", "not an object or a list of objects"),
        ("[1]", "request_shape", "not an object or a list of objects"),
        ("[]", "request_shape", "0 rows"),
        ("{}", "row_missing_field", "'income' is missing"),
        ('{"incom": 1}', "row_unknown_field", "did you mean 'income'?"),
        ('{"income": "1"}', "row_wrong_type", "rows[0].income: 'income' is '1', not a number"),
        ('{"income": 1e999}', "request_not_json", "not JSON"),
    ],
)
def test_a_row_that_does_not_fit(refused, project, row, code, part):
    found, line = refused("predict", "loan", "--row", row, "--project", project)
    assert (found, part in line) == (code, True), line


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--row", "{}", "--file", "a.csv"],
        ["--file", "a.csv"],
        ["--row", "{}", "--reasons", "101"],
        ["--file", "a.csv", "--out", "b.csv", "--reasons", "1"],
    ],
)
def test_options_that_do_not_go_together(predict, wrong):
    assert predict("loan", *wrong).status == 2


def test_a_file_keeps_its_columns_and_gets_the_answers(predict, flats, tmp_path):
    ran = predict("rent", "--file", flats, "--out", tmp_path / "out.csv")
    assert (ran.status, ran.out) == (0, f"3 rows answered: {tmp_path / 'out.csv'}\n"), ran
    header, *rows = read(tmp_path / "out.csv")
    kept = ["id", "area", "balcony", "region", "floor", "price", "input_prediction", "note"]
    assert header == [*kept, "prediction", "lower", "upper"]
    assert [row[:8] for row in rows] == [
        ["007", "50.0", "true", "north", "1", "10.5", "9", "a, b"],
        ["008", "61.5", "", "south", "", "11.0", "8", ""],
        ["009", "70.0", "false", "east", "3", "", "7", "ü"],
    ]
    assert all(float(low) < float(best) < float(high) for *_, best, low, high in rows)


def test_parquet_comes_back_as_parquet_with_its_types(predict, flats, tmp_path):
    source, target = tmp_path / "flats.parquet", tmp_path / "out.parquet"
    duckdb.sql(f"COPY (FROM read_csv('{flats}', types = {{'id': 'VARCHAR'}})) TO '{source}'")
    assert predict("rent", "--file", source, "--out", target).status == 0
    written = duckdb.sql(f"FROM '{target}'")
    types = dict(zip(written.columns, map(str, written.types), strict=True))
    assert types["id"] == "VARCHAR"
    assert types["floor"] == "BIGINT"
    assert types["balcony"] == "BOOLEAN"
    assert types["prediction"] == "DOUBLE"
    assert duckdb.sql(f"SELECT id FROM '{target}'").fetchall() == [("007",), ("008",), ("009",)]


def test_a_file_answered_twice_keeps_the_first_answers(predict, flats, tmp_path):
    predict("rent", "--file", flats, "--out", tmp_path / "one.csv")
    predict("rent", "--file", tmp_path / "one.csv", "--out", tmp_path / "two.csv")
    one, two = read(tmp_path / "one.csv"), read(tmp_path / "two.csv")
    assert two[0][:7] == one[0][:7]
    older = ["input_input_prediction", "input_lower", "input_upper"]
    assert two[0][8:] == [*older, "prediction", "lower", "upper"]
    assert [row[8:11] for row in two[1:]] == [row[8:] for row in one[1:]]


def test_an_answer_of_a_file_is_that_of_its_row(predict, tmp_path, row):
    names = list(row)
    (tmp_path / "a.csv").write_text(
        ",".join(names) + "\n61000,20.5,true,north\n" + "1000,,false,\n"
    )
    predict("loan", "--file", tmp_path / "a.csv", "--out", tmp_path / "b.csv")
    header, *rows = read(tmp_path / "b.csv")
    first, second = (dict(zip(header, each, strict=True)) for each in rows)
    alone = predict("loan", "--row", json.dumps(row), "--json").json["predictions"][0]
    assert first["prediction"] == alone["prediction"]
    assert float(first["probability_yes"]) == alone["probabilities"]["yes"]
    other = {"income": 1000, "debt": None, "employed": False, "region": None}
    alone = predict("loan", "--row", json.dumps(other), "--json").json["predictions"][0]
    assert float(second["probability_no"]) == alone["probabilities"]["no"]


@pytest.mark.parametrize(
    ("old", "new", "code", "part"),
    [
        ("area", "aera", "data_column_missing", "did you mean 'aera'?"),
        ("61.5", "big", "data_format", "row 2: 'area' is text, not a number ('big')"),
        ("61.5", "", "data_format", "row 2: 'area' is missing, and it never was in training"),
        ("61.5", "inf", "data_format", "row 2: 'area' is infinite"),
        ("false", "perhaps", "data_format", "row 3: 'balcony' is neither true nor false"),
        ("south", "", "data_format", "row 2: 'region' is missing"),
    ],
)
def test_a_file_that_does_not_fit(refused, project, flats, tmp_path, old, new, code, part):
    flats.write_text(flats.read_text().replace(old, new, 1))
    told = ("predict", "rent", "--file", flats, "--out", tmp_path / "o.csv", "--project", project)
    found, line = refused(*told)
    assert (found, part in line) == (code, True), line
    assert not (tmp_path / "o.csv").exists()


def test_no_rows_are_refused(refused, project, flats, tmp_path):
    flats.write_text(flats.read_text().splitlines()[0] + "\n")
    told = ("predict", "rent", "--file", flats, "--out", tmp_path / "o.csv", "--project", project)
    assert refused(*told)[0] == "data_empty"


@pytest.mark.parametrize(
    ("target", "code", "part"),
    [
        ("no/where/o.csv", "data_unwritable", "its folder does not exist (mkdir -p "),
        (".", "data_unwritable", "it is a folder"),
        ("flats.csv", "data_unwritable", "it is the file to answer"),
        ("o.xlsx", "data_format", "end the name in .csv"),
    ],
)
def test_answers_that_cannot_be_written(refused, project, flats, tmp_path, target, code, part):
    before = flats.read_text()
    out = tmp_path / target
    found, line = refused("predict", "rent", "--file", flats, "--out", out, "--project", project)
    assert (found, part in line) == (code, True), line
    assert flats.read_text() == before


def test_json_says_what_was_written(predict, flats, tmp_path):
    ran = predict("rent", "--file", flats, "--out", tmp_path / "o.csv", "--json")
    assert ran.json == {"rows": 3, "out": str(tmp_path / "o.csv")}
