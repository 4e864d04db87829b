"""`plait init`: a first plait.yaml, from a person's own data or as the lending desk."""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from plait.app.settings import FILE, cache_folder
from plait.app.yaml_node import yaml_text
from plait.core.columns import Row, Scalar
from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings
from plait.core.schema import Field
from plait.engines.answer import level_text
from plait.evaluate.metric import default_metric
from plait.registry.origin import Report
from plait.registry.pull import pull
from plait.store.table_read import read_table
from plait.train.prepare import Prepared, prepare

LOANS = "loanapp"
DESK = """\
# The lending desk: 1,989 real mortgage applications (Hunter and Walker 1996), to approve or not,
# and the policy of a lender that does not exist.
project: lending-desk
models:
  small: {engine: llamacpp, weights: smollm2-135m, threads: 1}
  minilm: {engine: onnx, weights: minilm-l6-int8}
contracts:
  loan-approval:
    task: tabular
    data: data/loans.csv
    target: approve
    metric: roc_auc
    objective: {cost: {false_positive: 5, false_negative: 1}}   # a bad loan costs five good ones
    features:                       # what is known when the decision is due, and nothing later
      obrat: {label: debt-to-income ratio, unit: percent}
      hrat: {label: housing expense to income, unit: percent}
      loanprc: {label: loan to price}
      loanamt: {label: loan amount, unit: thousand usd, also: [borrow]}
      appinc: {label: applicant income, unit: thousand usd}
      netw: {label: net worth, unit: thousand usd}
      liq: {label: liquid assets, unit: thousand usd}
      cons: {label: consumer credit history}
      mortg: {label: mortgage payment history}
      pubrec: {label: filed for bankruptcy}
      self: {label: self-employed}
      unem: {label: unemployment rate of the industry, unit: percent}
    # restating the target; known only afterwards; protected
    exclude: [action, reject, typur, review, unver, gdlin, race, male, married, old, min30]
    limits: {latency_ms: 5, size_mb: 50}
    candidates: [dummy, rule_list, linear, lightgbm, extra_trees]    # without it, all there are
    privacy: personal
  intent: {task: text, data: intents.yaml, target: intent, limits: {latency_ms: 20}}
collections:
  policies: {paths: ["policies/*"], embed: minilm}
  plait: {paths: ["plait/*.md"], embed: minilm, privacy: public}    # plait's own pages
prompts:
  grounded: prompts/grounded.md
flows:
  desk:                             # what people and programs talk to
    - guard: {input: [pii, injection]}
    - route: {contract: intent, to: {loan_decision: decide}, otherwise: lookup}
    - guard: {output: [pii]}
  decide:
    - extract: {contract: loan-approval, ask: 6}    # asks for what is missing, infers nothing
    - answer: {contract: loan-approval, reasons: 3}
  lookup:
    - cache
    - retrieve: {collection: policies, top: 8}
    - guard: {passages: [injection]}
    - answer: {}                    # quotes the documents; no model speaks
    - guard: {output: [grounding]}
  rephrased:                        # the same in the words of a model, held against the documents
    - retrieve: {collection: policies, top: 8}
    - guard: {passages: [injection]}
    - answer: {model: small, prompt: grounded}
    - guard: {output: [grounding]}
  help:
    - retrieve: {collection: plait, top: 8}
    - answer: {}
budget: {deadline_ms: 30000}
"""
APPLICANTS: Mapping[str, Row] = {
    "steady": {
        "obrat": 28, "hrat": 22, "loanprc": 0.7, "loanamt": 110, "appinc": 72, "netw": 180,
        "liq": 60, "cons": 1, "mortg": 1, "pubrec": 0, "self": 0, "unem": 3.2,
    },
    "stretched": {
        "obrat": 46, "hrat": 36, "loanprc": 0.95, "loanamt": 150, "appinc": 58, "netw": 9,
        "liq": 12, "cons": 3, "mortg": 2, "pubrec": 0, "self": 1, "unem": 3.9,
    },
    "bankrupt": {
        "obrat": 41, "hrat": 27, "loanprc": 0.9, "loanamt": 95, "appinc": 44, "netw": 4,
        "liq": 4, "cons": 5, "mortg": 2, "pubrec": 1, "self": 0, "unem": 10.6,
    },
}  # fmt: skip
"""Three applications made up for the desk, each field within what its data holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A project that was just written.

    Attributes:
        folder: where it lies.
        contract: name of its contract.
        example: a row of the data, as a caller would send it.
        findings: what a reader must know: how the target was read, suspected leaks, columns left
            out.
    """

    folder: Path
    contract: str
    example: Row
    findings: tuple[str, ...] = ()

    def curl(self, port: int = 8000) -> str:
        """Return the line that asks a running server."""
        body = quote(json.dumps({"rows": [self.example]}, ensure_ascii=False))
        return f"curl http://127.0.0.1:{port}/v1/predict/{self.contract} -d {body}"


def init_desk(folder: Path, *, progress: Report | None = None) -> Started:
    """Write the lending desk: its settings, and its data out of the catalogue.

    Raises:
        InvalidSettings: the folder already holds a project.
        OriginError: the data cannot be fetched.
    """
    _refuse_existing(folder)
    loans = pull(LOANS, cache_folder(), progress=progress).files["loans.csv"]
    with _writing(folder):
        target = folder / "data" / "loans.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(loans, target)
        for name in ("intents.yaml", "policies", "prompts"):
            _copy(Path(__file__).with_name("lending") / name, folder / name)
        for page in sorted(_pages().glob("*.md")):
            _copy(page, folder / "plait" / page.name)
        (folder / FILE).write_text(DESK, encoding="utf-8")
    example = APPLICANTS["steady"]
    return Started(folder=folder, contract="loan-approval", example=example)


def init_data(folder: Path, data: str, target: str) -> Started:
    """Write a project for a person's own data: task, metric and features inferred from it.

    Args:
        folder: of the project; made when it does not exist.
        data: path or URL of a table.
        target: the column to predict.

    Raises:
        InvalidSettings: the folder already holds a project.
        InvalidData: the data cannot be read or used.
    """
    _refuse_existing(folder)
    table = read_table(data)
    contract = Contract(task="tabular", data=data, target=target)
    try:
        found = prepare(table.columns, contract)
    except InvalidData as error:
        if error.code == "data_no_features":
            error.hint += "; texts and series have contracts of their own: docs/contracts.md"
        raise
    leaks = sorted(leak.column for leak in found.leaks if leak.kind != "single_feature")
    kept = [name for name in found.input.names if name not in leaks]
    if not kept:
        raise InvalidData(
            "data_no_features",
            f"every usable column restates the target: {', '.join(leaks[:6])}",
            hint="give columns that are known before the target is",
        )
    name = re.sub(r"[^a-z0-9]+", "-", target.lower()).strip("-") or "contract"
    text = _settings(folder, data, target, name, found, leaks)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(text, encoding="utf-8")
    findings = (
        _target_line(found, target),
        f"{len(kept)} {'feature' if len(kept) == 1 else 'features'}",
        *(leak.detail for leak in found.leaks),
        *found.notes,
        *table.notes,
    )
    example = {each: _sent(found.rows(1)[0][each], found.input[each]) for each in kept}
    return Started(folder=folder, contract=name, example=example, findings=findings)


def _settings(
    folder: Path, data: str, target: str, name: str, found: Prepared, leaks: list[str]
) -> str:
    lines = [
        "# What this project must deliver. `plait config` shows what is in force and why.",
        f"project: {yaml_text(folder.resolve().name)}",
        "contracts:",
        f"  {name}:",
        "    task: tabular",
        f"    data: {yaml_text(_place(folder, data))}",
        f"    target: {yaml_text(target)}    # {_target_line(found, target)}",
        f"    metric: {default_metric(found.problem).name}",
    ]
    if found.problem == "binary":
        positive = yaml_text(level_text(found.classes[1]))
        lines += [
            f"    positive: {positive}    # the level to look out for",
            "    # what errors cost, in any one unit; the threshold is chosen by it",
            "    objective: {cost: {false_positive: 1, false_negative: 1}}",
        ]
    lines.append("    # features: [...]    every usable column, unless you name some")
    if leaks:
        lines += [
            "    # these seem to know the target already; leave them out unless you know better",
            f"    exclude: [{', '.join(yaml_text(leak) for leak in leaks)}]",
        ]
    lines += [
        "    # measured on the exported artefact; a candidate that breaks one loses",
        "    limits: {latency_ms: 20, size_mb: 100}",
        "    privacy: internal    # public, internal, personal or secret",
        "budget: {deadline_ms: 10000}    # per request",
    ]
    return "\n".join(lines) + "\n"


def _pages() -> Path:
    """Return the folder of plait's own pages: within the package, or beside it in a clone."""
    packaged = Path(__file__).with_name("pages")
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "docs"


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder and all that lies in it."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _place(folder: Path, data: str) -> str:
    """Return the data's path, or pattern of paths, as seen from the folder; a URL as it is."""
    if "://" in data:
        return data
    path = Path(data)
    # of the path itself links stay, so that a link to the newest file goes on being one
    return Path(os.path.relpath(path.parent.resolve() / path.name, folder.resolve())).as_posix()


def _target_line(found: Prepared, target: str) -> str:
    """Say in one printable line how the target was read."""
    if found.problem == "regression":
        line = f"{target} is a number: {len(found):,} rows"
    else:
        counts = Counter(int(index) for index in found.target).most_common(4)
        levels = ", ".join(f"{level_text(found.classes[at])} ({rows:,})" for at, rows in counts)
        more = " ..." if len(found.classes) > 4 else ""
        line = f"{target} has {len(found.classes)} classes: {levels}{more}"
    return " ".join("".join(each if each.isprintable() else " " for each in line).split())


def _sent(value: Scalar, field: Field) -> Scalar:
    """Return a value as a caller would write it: 3 rather than 3.0."""
    return int(value) if field.integer and isinstance(value, float) else value


def _refuse_existing(folder: Path) -> None:
    if (folder / FILE).exists():
        raise InvalidSettings(
            "folder_in_use",
            f"{folder} already holds a {FILE}",
            where=str(folder),
            hint="choose another folder, or remove it first",
        )
    if folder.exists() and not folder.is_dir():
        raise InvalidSettings(
            "folder_in_use", f"{folder} is a file", where=str(folder), hint="choose a folder"
        )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Raise an error that says what to do for whatever the disk raises within."""
    try:
        yield
    except OSError as error:
        raise InvalidSettings(
            "folder_unwritable",
            f"the project cannot be written: {error.strerror}",
            where=str(folder),
            hint="choose another folder, or check who may write there and the space on the disk",
        ) from None
