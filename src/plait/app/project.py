"""`plait init`: a first plait.yaml, from a person's own data or as the lending desk."""

import json
import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from plait.app.settings import FILE, cache_folder
from plait.core.columns import Row
from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings
from plait.engines.answer import level_text
from plait.evaluate.metric import default_metric
from plait.registry.origin import Report
from plait.registry.pull import pull
from plait.store.table_read import read_table
from plait.train.prepare import Prepared, prepare

LOANS = "loanapp"
DESK = """\
# The lending desk: 1,989 real mortgage applications (Hunter and Walker 1996), to approve or not.
project: lending-desk
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
      loanamt: {label: loan amount, unit: thousand usd}
      appinc: {label: applicant income, unit: thousand usd}
      netw: {label: net worth, unit: thousand usd}
      chist: {label: no account delinquent 60 days or more}
      cons: {label: consumer credit history}
      mortg: {label: mortgage payment history}
      mortno: {label: no mortgage history}
      pubrec: {label: filed for bankruptcy}
      unem: {label: unemployment rate of the industry, unit: percent}
    # restating the target; known only afterwards; protected
    exclude: [action, reject, typur, review, unver, gdlin, race, male, married, old, min30]
    limits: {latency_ms: 5, size_mb: 50}
    privacy: personal
budget: {deadline_ms: 10000}
"""


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
        body = json.dumps({"rows": [self.example]}, ensure_ascii=False).replace("'", "'\\''")
        return f"curl http://127.0.0.1:{port}/v1/predict/{self.contract} -d '{body}'"


def init_desk(folder: Path, *, progress: Report | None = None) -> Started:
    """Write the lending desk: its settings, and its data out of the catalogue.

    Raises:
        InvalidSettings: the folder already holds a project.
        OriginError: the data cannot be fetched.
    """
    _refuse_existing(folder)
    loans = pull(LOANS, cache_folder(), progress=progress).files["loans.csv"]
    target = folder / "data" / "loans.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(loans, target)
    (folder / FILE).write_text(DESK, encoding="utf-8")
    return Started(folder=folder, contract="loan-approval", example={})


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
    found = prepare(table.columns, contract)
    leaks = sorted(leak.column for leak in found.leaks if leak.kind != "single_feature")
    kept = [name for name in found.input.names if name not in leaks]
    if not kept:
        raise InvalidData(
            "data_no_features",
            f"every usable column restates the target: {', '.join(leaks[:6])}",
            hint="give columns that are known before the target is",
        )
    name = re.sub(r"[^a-z0-9]+", "-", target.lower()).strip("-") or "contract"
    folder.mkdir(parents=True, exist_ok=True)
    text = _settings(folder, data, target, name, found, leaks)
    (folder / FILE).write_text(text, encoding="utf-8")
    findings = (
        _target_line(found, target),
        f"{len(kept)} features",
        *(leak.detail for leak in found.leaks),
        *found.notes,
    )
    row = found.rows(1)[0]
    example = {each: row[each] for each in kept}
    return Started(folder=folder, contract=name, example=example, findings=findings)


def _settings(
    folder: Path, data: str, target: str, name: str, found: Prepared, leaks: list[str]
) -> str:
    local = "://" not in data
    place = os.path.relpath(Path(data).resolve(), folder.resolve()) if local else data
    binary = found.problem == "binary"
    lines = [
        "# What this project must deliver. `plait config` shows what is in force and why.",
        f"project: {_quoted(folder.resolve().name)}",
        "contracts:",
        f"  {name}:",
        "    task: tabular",
        f"    data: {_quoted(Path(place).as_posix() if local else place)}",
        f"    target: {_quoted(target)}    # {_target_line(found, target)}",
        f"    metric: {default_metric(found.problem).name}",
    ]
    if binary:
        lines += [
            f"    positive: {_quoted(level_text(found.classes[1]))}    # counts as positive",
            "    # what errors cost, in any one unit; the threshold is chosen by it",
            "    objective: {cost: {false_positive: 1, false_negative: 1}}",
        ]
    lines.append("    # features: [...]   # every usable column, unless you name some")
    if leaks:
        lines += [
            "    # these seem to know the target already; leave them out unless you know better",
            f"    exclude: [{', '.join(_quoted(leak) for leak in leaks)}]",
        ]
    lines += [
        "    # measured on the exported artefact; a candidate that breaks one loses",
        "    limits: {latency_ms: 20, size_mb: 100}",
        "    privacy: internal    # public, internal, personal or secret",
        "budget: {deadline_ms: 10000}    # per request",
    ]
    return "\n".join(lines) + "\n"


def _target_line(found: Prepared, target: str) -> str:
    if found.problem == "regression":
        return f"{target} is a number: {len(found):,} rows"
    counts = Counter(int(index) for index in found.target)
    shown = ", ".join(f"{found.classes[i]} ({n:,})" for i, n in counts.most_common(4))
    return f"{target} has {len(found.classes)} classes: {shown}" + (
        " ..." if len(found.classes) > 4 else ""
    )


def _quoted(text: str) -> str:
    """Return a YAML scalar that reads as this text."""
    plain = re.fullmatch(r"[A-Za-z_./][\w ./@%-]*", text) and text.strip() == text
    reserved = text.lower() in ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    return text if plain and not reserved else json.dumps(text, ensure_ascii=False)


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
