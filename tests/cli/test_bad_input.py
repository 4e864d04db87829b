"""Everything a person may get wrong ends in one line: a stable code, the place, what to do."""

import gzip
import random
import shutil
import zipfile

import apsw
import duckdb
import pytest

HEADER = "age,plan,left\n"
ROWS = [f"{20 + n % 40},{'abc'[n % 3]},{('yes', 'no', 'no')[n * n % 7 % 3]}\n" for n in range(60)]
GOOD = HEADER + "".join(ROWS)


def text(body):
    return lambda path: path.write_text(body)


def data(body):
    return lambda path: path.write_bytes(body)


def parquet(path):
    source = path.with_name("source.csv")
    source.write_text(GOOD)
    duckdb.sql(f"COPY (FROM '{source}') TO '{path}' (FORMAT parquet)")


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/workbook.xml", GOOD)


def cut(path):
    parquet(path)
    path.write_bytes(path.read_bytes()[:200])


NOISE = random.Random(0).randbytes(2_000)
FILES = {
    # name: (file, how it is made, code, part of the line)
    "missing": (
        "god.csv",
        lambda path: text(GOOD)(path.with_name("good.csv")),
        "data_missing",
        "'",
    ),
    "empty": ("a.csv", text(""), "data_empty", "a.csv: the file is empty"),
    "header only": ("a.csv", text(HEADER), "data_empty", "a header and no rows"),
    "folder": ("a.csv", lambda path: path.mkdir(), "data_unreadable", "it is a folder"),
    "garbage": ("a.csv", data(NOISE), "data_format", "it is not text"),
    "UTF-16": ("a.csv", lambda path: path.write_text(GOOD, "utf-16"), "data_encoding", "UTF-16"),
    "workbook": ("a.csv", archive, "data_format", "a ZIP archive or an Excel workbook"),
    "renamed Parquet": ("a.csv", parquet, "data_format", "rename it to .parquet"),
    "renamed CSV": ("a.parquet", text(GOOD), "data_format", "it is not a Parquet file"),
    "cut Parquet": ("a.parquet", cut, "data_format", "it cannot be read"),
    "cut gzip": ("a.csv.gz", data(gzip.compress(GOOD.encode())[:80]), "data_format", "damaged"),
    "ragged": ("a.csv", text(GOOD + "1,b\n"), "data_format", "a.csv:62: 2 fields"),
    "open quote": ("a.csv", text(GOOD + '1,"b,no\n'), "data_format", "a.csv:62"),
    "two columns of one name": (
        "a.csv",
        text(GOOD.replace("plan", "age", 1)),
        "data_duplicate_column",
        "two columns are named 'age'",
    ),
    "target absent": (
        "a.csv",
        text(GOOD.replace("left", "lefd", 1)),
        "data_target_missing",
        "did you mean 'lefd'?",
    ),
    "one class": ("a.csv", text(GOOD.replace("yes", "no")), "data_target_constant", "is no in"),
    "no target value": (
        "a.csv",
        text(HEADER + "1,a,\n" * 30),
        "data_target_constant",
        "missing in every row",
    ),
    "one row": ("a.csv", text(HEADER + ROWS[0]), "data_target_constant", "another outcome"),
    "few rows": ("a.csv", text(HEADER + "".join(ROWS[:9])), "data_too_small", "give at least 20"),
    "one row of a class": ("a.csv", text(GOOD + "1,a,perhaps\n"), "data_too_small", "perhaps"),
    "a time as target": (
        "a.csv",
        text(HEADER + "".join(f"1,a,2024-01-{n:02d}\n" for n in range(1, 29))),
        "data_target_kind",
        "it is a time",
    ),
    "nothing but empty columns": (
        "a.csv",
        text("void,left\n" + ",yes\n,no\n" * 30),
        "data_no_features",
        "void is left out: it has no value in any row",
    ),
    "nothing but the target again": (
        "a.csv",
        text("gone,left\n" + "1,yes\n0,no\n" * 30),
        "data_no_features",
        "restates the target: gone",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_data_that_cannot_be_used(refused, tmp_path, name):
    file, make, code, part = FILES[name]
    make(tmp_path / file)
    found, line = refused("init", tmp_path / "p", "--data", tmp_path / file, "--target", "left")
    assert (found, part in line) == (code, True), line
    assert line.endswith(")"), "what to do stands in brackets at the end"
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (GOOD.replace("age,", "void,age,").replace("\n", "\n,").rstrip(","), "void is left out"),
        (GOOD.replace("a,", "é,"), "read as Latin-1"),
        (GOOD.replace("20,", "old,", 1), "age is left out: it is text"),
        (GOOD.replace("20,", "inf,", 1), "infinity (in 1 row) is read as missing"),
        (GOOD + "1,a,\n", "have no left"),
    ],
)
def test_data_that_can_be_used_all_the_same(run, tmp_path, body, finding):
    (tmp_path / "a.csv").write_text(body, "latin-1")
    ran = run("init", tmp_path / "p", "--data", tmp_path / "a.csv", "--target", "left")
    assert ran.status == 0, ran
    assert finding in ran.out


BASE = """\
project: p
contracts:
  c:
    task: tabular
    data: good.csv
    target: left
"""
SETTINGS = {
    # name: (plait.yaml, code, part of the line)
    "unknown key": (BASE + "    metrik: r2\n", "settings_unknown_key", "plait.yaml:7: unknown key"),
    "nearest key": (BASE + "contrcts: {}\n", "settings_unknown_key", "did you mean 'contracts'?"),
    "unknown metric": (BASE + "    metric: roc\n", "unknown_metric", "plait.yaml:7: no metric"),
    "unknown candidate": (
        BASE + "    candidates: [lightgbn]\n",
        "unknown_component",
        "plait.yaml:7: no candidate named 'lightgbn' (did you mean 'lightgbm'?)",
    ),
    "unknown task": (BASE.replace("tabular", "chat"), "settings_wrong_value", "plait.yaml:4: "),
    "key absent": (BASE.replace("task", "# "), "settings_missing_key", "lacks 'task'"),
    "key twice": (BASE + "    target: age\n", "settings_syntax", "plait.yaml:7: 'target' stands"),
    "tab": (BASE + "\tmetric: r2\n", "settings_syntax", "plait.yaml:7: not valid YAML"),
    "open bracket": (BASE + "    exclude: [age\n", "settings_syntax", "plait.yaml:8: not valid"),
    "open quote": (BASE + '    metric: "r2\n', "settings_syntax", "not valid YAML"),
    "two documents": (BASE + "---\nproject: q\n", "settings_syntax", "plait.yaml:7: not valid"),
    "alias of itself": (BASE + "x: &a [*a]\n", "settings_syntax", "nested too deeply"),
    "control character": (BASE + "# \0\n", "settings_syntax", "not valid YAML"),
    "list": ("- a\n", "settings_wrong_type", "the file holds no keys"),
    "nothing": ("", "settings_wrong_type", "the file holds no keys"),
    "Latin-1": ("project: é\n", "settings_unreadable", "plait.yaml:1: not UTF-8"),
    "newer": ("format: 2\n" + BASE, "settings_newer", "plait.yaml:1: the project has format 2"),
    "text for a number": (
        BASE + "    limits: {size_mb: x}\n",
        "settings_wrong_type",
        "plait.yaml:7: contracts.c.limits.size_mb is 'x' (write a number)",
    ),
    "a limit below zero": (
        BASE + "    limits: {size_mb: -1}\n",
        "settings_wrong_value",
        "plait.yaml:7: contracts.c.limits.size_mb is -1",
    ),
    "no budget at all": (BASE + "budget: {deadline_ms: 0}\n", "settings_wrong_value", "above 0"),
    "free errors": (
        BASE + "    objective: {cost: {false_negative: 0}}\n",
        "settings_wrong_value",
        "plait.yaml:7",
    ),
    "no such port": (BASE + "port: 65536\n", "settings_wrong_value", "plait.yaml:7: port is 65536"),
    "a path for a name": (
        BASE.replace("  c:", "  ../c:"),
        "settings_wrong_value",
        "plait.yaml:3: '../c' cannot name a contract",
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_cannot_be_used(refused, tmp_path, name):
    body, code, part = SETTINGS[name]
    encoding = "latin-1" if name == "Latin-1" else "utf-8"
    (tmp_path / "plait.yaml").write_text(body, encoding)
    found, line = refused("train", "c", "--project", tmp_path)
    assert (found, part in line) == (code, True), line
    assert line.endswith(")"), "what to do stands in brackets at the end"
    assert not (tmp_path / ".plait").exists()


def test_an_environment_that_cannot_be_used(refused, project, monkeypatch):
    monkeypatch.setenv("PLAIT_PORT", "abc")
    code, line = refused("decisions", "--project", project)
    assert (code, "environment PLAIT_PORT" in line) == ("settings_wrong_type", True)


COMMANDS = [
    ("decisions",),
    ("predict", "loan", "--row", "{}"),
    ("train", "loan"),
    ("jobs",),
    ("keys", "list"),
    ("explain", "req_1"),
    ("store", "backup", "there"),
    ("serve", "--port", "0"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_damaged_store_is_refused_by_every_command(refused, project, command):
    (project / ".plait" / "plait.db").write_bytes(NOISE)
    code, line = refused(*command, "--project", project)
    assert code == "store_damaged"
    assert "plait store restore BACKUP" in line


def test_a_lost_store_file_is_not_replaced_by_an_empty_one(refused, project):
    for file in (project / ".plait").glob("plait.db*"):
        file.unlink()
    assert refused("decisions", "--project", project)[0] == "store_damaged"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_newer_store_is_refused_by_every_command(refused, project, command):
    connection = apsw.Connection(str(project / ".plait" / "plait.db"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    code, line = refused(*command, "--project", project)
    assert code == "store_newer"
    assert "upgrade plait" in line


@pytest.mark.parametrize("place", ["/proc/nowhere", "/sys/plait", "/dev/null", "none.csv/store"])
def test_a_store_that_cannot_be_made_is_named(refused, project, monkeypatch, place):
    (project / "none.csv").write_text(GOOD)
    monkeypatch.setenv("PLAIT_STORE", place)
    code, line = refused("decisions", "--project", project)
    assert code in ("store_unreachable", "store_read_only")
    assert place in line


def test_a_full_disk_is_named_and_leaves_nothing_behind(spawn, project, tmp_path):
    shutil.rmtree(project / ".plait")
    ran = spawn("keys", "add", "ann", "--project", project, limit=2_000)
    assert ran.status == 1, ran
    assert "[store_" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert spawn("keys", "add", "ann", "--project", project).status == 0


def test_answers_that_find_no_room_are_not_half_written(spawn, project, tmp_path):
    rows = [f"{area},true,north,{'x' * 200}\n" for area in range(20, 8_000)]
    (tmp_path / "flats.csv").write_text("area,balcony,region,text\n" + "".join(rows))
    told = ("predict", "rent", "--file", "flats.csv", "--out", "out.csv", "--project", project)
    ran = spawn(*told, limit=1_000_000)
    assert ran.status == 1, ran
    assert len(ran.err.splitlines()) == 1
    assert "[data_" in ran.err
    assert not (tmp_path / "out.csv").exists()
    assert spawn(*told).status == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == len(rows) + 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("train", "lone"), "unknown_contract"),
        (("predict", "lone", "--row", "{}"), "unknown_contract"),
        (("predict", "fraud", "--row", "{}"), "not_trained"),
        (("predict", "fraud", "--file", "a.csv", "--out", "b.csv"), "not_trained"),
        (("decisions", "dec_123"), "unknown_decision"),
        (("decisions", "--contract", "lone"), "unknown_contract"),
        (("decisions", "dec_123", "--rerun"), "unknown_decision"),
        (("release", "dec_123"), "unknown_decision"),
        (("explain", "req_123"), "unknown_request"),
        (("jobs", "cancel", "job_123"), "unknown_job"),
        (("jobs", "resume", "job_123"), "unknown_job"),
        (("keys", "revoke", "ann"), "unknown_key"),
        (("store", "restore", "nowhere"), "restore_refused"),
    ],
)
def test_names_that_nothing_bears(refused, project, command, code):
    assert refused(*command, "--project", project)[0] == code


def test_the_nearest_contract_is_named(refused, project):
    assert "did you mean 'loan'?" in refused("train", "lone", "--project", project)[1]


def test_what_is_not_trained_says_how_to_train_it(refused, project):
    line = refused("predict", "fraud", "--row", "{}", "--project", project)[1]
    assert "`plait train fraud`" in line


def test_serving_to_others_needs_a_key(refused, project):
    code, line = refused("serve", "--host", "0.0.0.0", "--port", "0", "--project", project)
    assert code == "address_needs_key"
    assert "plait keys add" in line
