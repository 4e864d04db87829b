import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import apsw
import duckdb
import pytest

from plait.app.live import Live
from plait.app.settings import load_project
from plait.app.training import read_data, rerun, train
from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.contract import SqlSource
from plait.core.errors import (
    InvalidData,
    MissingExtra,
    PlaitError,
    Refused,
    StoreError,
    UnknownName,
)
from plait.core.request import PredictRequest
from plait.flow.handle import inline
from plait.registry.decision import find_decision, find_evidence
from plait.store.record import (
    ArtefactRow,
    AuditRow,
    DatasetRow,
    DecisionRow,
    EvidenceRow,
    ReleaseRow,
)
from plait.store.sqlite import SqliteStore

MEASURED = {
    "values": {"latency_ms_p95": 0.1, "size_mb": 0.1, "load_ms": 1.0},
    "machine": {"cores": 2},
}


class MemoryRun:
    """A job that lives in memory; it measures nothing, for that takes a process."""

    def __init__(self, folder, kept=None):
        self.folder = folder
        self.cancel = Cancel()
        self.kept = {} if kept is None else kept
        self.worked = []

    def step(self, name, work):
        if name not in self.kept:
            self.worked.append(name.partition("/")[2])
            measures = "/measure/" in name
            self.kept[name] = json.loads(json.dumps(MEASURED if measures else work()))
        return self.kept[name]

    def progress(self, progress):
        self.cancel.check()


@pytest.fixture
def store(project):
    with SqliteStore(project.store) as opened:
        yield opened


@pytest.fixture
def do(store, folder, tmp_path):
    """Trains, as the job runner does, and returns the decision."""

    def make(run=None, **arguments):
        run = run or MemoryRun(tmp_path / "job")
        told = {"contract": "repaid", "add": [], "seed": 0, "release": True, "by": "ann"}
        ended = train(store, load_project(folder), told | arguments, run)
        with store.transaction():
            ended.keep()
        return find_decision(store, ended.result["decision"])

    return make


@pytest.fixture
def again(store, project, tmp_path):
    """Runs a decision again, as the job runner does."""

    def make(decision: str, opened: SqliteStore = store):
        ended = rerun(
            opened, project, {"decision": decision, "by": "ann"}, MemoryRun(tmp_path / "again")
        )
        ended.keep()
        return ended.result

    return make


def settings(folder, old: str, new: str) -> None:
    file = folder / "plait.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_row_that_was_trained_on_is_answered_whole(store, folder, do):
    settings(folder, "candidates: [dummy]", "exclude: [region], candidates: [dummy]")
    head, *lines = (folder / "loans.csv").read_text().splitlines()
    lines = [f"{head},number,bank", *(f"{line},K{at},7" for at, line in enumerate(lines))]
    (folder / "loans.csv").write_text("\n".join(lines) + "\n")
    do()
    task = Live(store, load_project(folder).settings.contracts, folder).task("repaid")
    trained = {"income": 50.0, "debt": 20.0}
    assert task.predictor.artefact.manifest.input.names == tuple(trained)
    whole = {**trained, "region": "n", "repaid": 1, "number": "K3", "bank": 7}

    def ask(row):
        request = PredictRequest(contract="repaid", rows=(row,), reasons=0)
        return inline(task.run(request, Context())).predictions

    assert ask(whole) == ask(trained)
    with pytest.raises(PlaitError, match=r"unknown field 'incme'.*'income'"):
        ask({**whole, "incme": 50.0})


def test_everything_that_made_the_decision_is_kept_and_its_winner_released(store, do):
    made = do()
    assert made.winner == "dummy"
    assert made.by == "ann"
    evidence = find_evidence(store, made.evidence)
    assert evidence.id == made.evidence
    assert store.get(DatasetRow, evidence.dataset).rows == 60
    assert store.get(ArtefactRow, made.artefact)
    champion = store.releases()["repaid", "champion"]
    assert (champion.decision, champion.artefact, champion.by) == (made.id, made.artefact, "ann")
    links = [(link.actor, link.action, link.target) for link in store.find(AuditRow)]
    assert links == [("ann", "release", "repaid"), ("ann", "decide", "repaid")]
    assert store.audit_check() is None


def test_nothing_counts_before_the_job_ends(store, project, tmp_path):
    arguments = {"contract": "repaid", "add": [], "seed": 0, "release": True, "by": "ann"}
    train(store, project, arguments, MemoryRun(tmp_path / "job"))
    for kind in (DecisionRow, EvidenceRow, ReleaseRow, AuditRow):
        assert store.find(kind) == []


def test_without_release_the_decision_is_kept_and_nothing_answers(store, do):
    made = do(release=False)
    assert store.get(DecisionRow, made.id)
    assert store.releases() == {}
    assert [link.action for link in store.find(AuditRow)] == ["decide"]


def test_a_decision_without_winner_releases_nothing(store, folder, do):
    settings(folder, "target:", "limits: {latency_ms: 0.01}, target:")
    made = do()
    assert made.winner == ""
    assert store.releases() == {}


def test_a_column_is_added_to_the_features_and_taken_from_what_is_excluded(store, folder, do):
    settings(folder, "target:", "features: {income: {}}, exclude: [debt, region], target:")
    plain = find_evidence(store, do().evidence)
    assert (plain.contract["features"], plain.contract["exclude"]) == (
        ["income"],
        ["debt", "region"],
    )
    more = find_evidence(store, do(add=["debt"]).evidence)
    assert (more.contract["features"], more.contract["exclude"]) == (
        ["debt", "income"],
        ["region"],
    )


@pytest.mark.parametrize("features", ["features: {income: {}}, ", ""])
def test_a_column_to_add_must_be_there(folder, do, features):
    settings(folder, "target:", f"{features}target:")
    with pytest.raises(InvalidData, match="debts") as caught:
        do(add=["debts"])
    assert caught.value.code == "data_column_missing"


def test_an_unknown_contract_is_named(do):
    with pytest.raises(UnknownName, match="repayd"):
        do(contract="repayd")


def test_the_same_rows_as_csv_and_as_parquet_give_the_same_evidence(store, folder, do):
    by_csv = do()
    source, target = folder / "loans.csv", folder / "loans.parquet"
    duckdb.sql(f"SELECT * FROM read_csv('{source}')").write_parquet(str(target))
    settings(folder, "loans.csv", "loans.parquet")
    by_parquet = do()
    assert by_parquet.evidence == by_csv.evidence
    assert by_parquet.id != by_csv.id
    assert len(store.find(DatasetRow)) == 1
    assert len(store.find(EvidenceRow)) == 1


def test_a_job_goes_on_with_what_it_kept(do, tmp_path):
    first = MemoryRun(tmp_path / "job")
    made = do(first)
    assert len(first.worked) == 22
    second = MemoryRun(tmp_path / "job", first.kept)
    assert do(second).evidence == made.evidence
    assert second.worked == []


def test_an_artefact_that_was_lost_is_made_again(do, tmp_path):
    first = MemoryRun(tmp_path / "job")
    made = do(first)
    shutil.rmtree(tmp_path / "job")
    second = MemoryRun(tmp_path / "job", first.kept)
    assert do(second).artefact == made.artefact
    assert second.worked == []


@pytest.mark.parametrize("changed", ["data", "contract", "seed"])
def test_a_job_keeps_nothing_of_another_race(do, folder, tmp_path, changed):
    first = MemoryRun(tmp_path / "job")
    made = do(first)
    seed = 0
    if changed == "data":
        with (folder / "loans.csv").open("a") as file:
            file.write("50.0,20.0,n,1\n")
    elif changed == "contract":
        settings(folder, "target:", "exclude: [debt], target:")
    else:
        seed = 1
    second = MemoryRun(tmp_path / "job", dict(first.kept))
    resumed = do(second, seed=seed)
    assert len(second.worked) == 22
    fresh = do(MemoryRun(tmp_path / "fresh"), seed=seed)
    assert resumed.evidence == fresh.evidence != made.evidence


def test_running_again_gives_the_same_evidence_and_winner(do, again):
    made = do()
    assert again(made.id) == {"evidence": made.evidence, "verdict": "same winner: dummy"}


def test_a_time_too_short_is_recorded_and_run_again(store, do, again, monkeypatch):
    made = do(minutes=1e-6)
    evidence = find_evidence(store, made.evidence)
    assert made.winner == "dummy"
    assert evidence.schedule["order"] == [f"dummy/{at}" for at in range(3)]
    assert evidence.schedule["not_finished"] == made.not_finished
    assert (evidence.schedule["splits"], made.not_finished) == (3, {})
    assert again(made.id)["evidence"] == made.evidence
    assert evidence.id != find_evidence(store, do().evidence).id


def test_running_again_needs_no_source_and_no_contract(do, again, folder):
    made = do()
    (folder / "loans.csv").unlink()
    settings(folder, "target: repaid", "target: other")
    assert again(made.id)["evidence"] == made.evidence


def test_running_again_names_another_winner_by_its_measurements(do, again, folder, monkeypatch):
    settings(folder, "target:", "limits: {latency_ms: 5}, target:")
    made = do()
    monkeypatch.setitem(MEASURED["values"], "latency_ms_p95", 9.0)
    verdict = again(made.id)["verdict"]
    assert verdict.startswith("the scores are the same, but nobody won instead of dummy")


@pytest.mark.parametrize(
    ("path", "value", "differs"),
    [
        ("$.candidates[0].scores[3]", 0.75, "dummy scored 0.5 on split 4, recorded is 0.75"),
        ("$.libraries.numpy", "0.1", "numpy was 0.1 and is "),
        ("$.candidates[0].configuration.model", "x", "dummy is configured otherwise"),
        ("$.metric", "log_loss", "the contract, the data, the splits or"),
    ],
)
def test_running_again_finds_what_was_changed_in_the_record(
    store, do, again, tmp_path, path, value, differs
):
    made = do()
    store.backup(tmp_path / "copy")
    database = apsw.Connection(str(tmp_path / "copy" / "plait.db"))
    database.execute("UPDATE evidence SET body = json_set(body, ?, ?)", (path, value))
    database.close()
    with SqliteStore(tmp_path / "copy") as copy, pytest.raises(Refused) as raised:
        again(made.id, copy)
    assert raised.value.code == "rerun_differs"
    assert f"the record of {made.evidence} was changed since: {differs}" in raised.value.message


def test_running_again_with_other_libraries_says_which(do, again, monkeypatch):
    made = do()
    monkeypatch.setattr("plait.train.conclude.version", lambda name: f"{name}-next")
    with pytest.raises(Refused, match=r"^dec_\w+: numpy was .* and is numpy-next"):
        again(made.id)


def test_running_again_on_damaged_data_says_so(store, do, again):
    made = do()
    dataset = store.get(DatasetRow, find_evidence(store, made.evidence).dataset)
    store.blob_path(dataset.blob).write_bytes(b"something else")
    with pytest.raises(StoreError) as raised:
        again(made.id)
    assert raised.value.code == "blob_missing"


def test_running_an_unknown_decision_again_is_refused(again):
    with pytest.raises(UnknownName):
        again("dec_0123")


@pytest.mark.parametrize("missing", ["url", "file"])
def test_a_query_needs_its_file_and_its_url(project, folder, monkeypatch, missing):
    monkeypatch.delenv("DESK_URL", raising=False)
    if missing == "file":
        (folder / ".env").write_text("DESK_URL=postgresql://nobody@127.0.0.1:1/none\n")
    else:
        (folder / "query.sql").write_text("SELECT 1")
    contract = replace(
        project.contract("repaid"), data=SqlSource(sql="query.sql", url_env="DESK_URL")
    )
    with pytest.raises(PlaitError) as raised:
        read_data(folder, contract)
    assert raised.value.code == ("data_missing" if missing == "file" else "data_connection")
    assert raised.value.where == ("query.sql" if missing == "file" else "data.url_env")


INTENTS = """\
project: desk
contracts:
  intent: {task: text, data: intents.yaml, target: intent, MORE}
"""
FEW = """\
loan: {description: Somebody wants to borrow., examples: [lend me money, a mortgage please]}
hours: {description: Somebody asks when we are open., examples: [are you open, monday hours]}
"""


@pytest.fixture
def texts(folder, talk, tiny_encoder, monkeypatch):
    """A project with few intents in a file, and many texts in a table."""
    (folder / "plait.yaml").write_text(INTENTS.replace("MORE", "limits: {latency_ms: 20}"))
    (folder / "intents.yaml").write_text(FEW)
    said, levels = talk(20, outside=6)
    rows = zip(said.values, levels.values, strict=True)
    lines = ["said,intent", *(",".join(row) for row in rows)]
    (folder / "talk.csv").write_text("\n".join(lines) + "\n")
    embedder = SimpleNamespace(artefact=tiny_encoder)
    monkeypatch.setattr("plait.app.encoder.embedder_of", lambda *arguments: embedder)
    return folder


def test_texts_are_raced_and_raced_again_to_the_same_evidence(store, texts, do, again):
    settings(texts, "intents.yaml", "talk.csv")
    settings(texts, "limits:", "out_of_scope: {level: oos}, candidates: [majority], limits:")
    made = do(contract="intent")
    assert (made.kind, made.winner) == ("measured", "majority")
    assert made.abstention.recall == 0
    assert "6 rows are out of scope" in made.notes[0]
    assert again(made.id)["evidence"] == made.evidence
    assert store.releases()["intent", "champion"].artefact == made.artefact


def test_few_texts_are_declared_and_answer(store, texts, do):
    made = do(contract="intent")
    assert (made.kind, made.winner, made.evidence) == ("declared", "minilm_linear", "")
    assert "too few labels to compare" in made.summary
    assert store.find(EvidenceRow) == []
    assert store.releases()["intent", "champion"].decision == made.id
    live = Live(store, load_project(texts).settings.contracts, texts / "artefacts")
    task = live.task("intent")
    assert not task.quick
    request = PredictRequest(contract="intent", rows=({"text": "lend me money"},), reasons=1)
    (prediction,) = inline(task.run(request, Context())).predictions
    assert prediction.value in ("loan", "hours", None)
    assert prediction.reasons[0].value == "lend me money"
    live.close()


def test_without_an_encoder_the_decision_says_what_is_left_out(texts, do, monkeypatch):
    def none(*arguments, **more):
        raise MissingExtra("missing_extra", "onnxruntime is not installed", hint="pip install")

    monkeypatch.setattr("plait.app.encoder.embedder_of", none)
    made = do(contract="intent")
    assert made.winner == "tfidf_linear"
    assert made.notes[0].startswith(
        "Left out for want of a sentence encoder: minilm_linear, minilm_neighbours: onnxruntime"
    )
    settings(texts, "limits:", "candidates: [minilm_linear], limits:")
    with pytest.raises(MissingExtra):
        do(contract="intent")


def test_a_contract_of_texts_takes_no_further_column(texts, do):
    settings(texts, "intents.yaml", "talk.csv")
    with pytest.raises(InvalidData, match="one column"):
        do(contract="intent", add=["said"])
