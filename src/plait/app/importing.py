"""A model from elsewhere becomes an artefact of a contract, and races as its incumbent."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml

from plait.app.settings import Project
from plait.app.training import TENANT, read_data
from plait.core.artefact import MANIFEST, Artefact
from plait.core.contract import Contract
from plait.core.errors import EngineError, InvalidData, InvalidSettings, Refused
from plait.core.ids import Json, sha256
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.pipeline import PIPELINE
from plait.registry.artefact import register_artefact
from plait.store.base import Store
from plait.store.frame import Frame
from plait.train.incumbent import NOTE
from plait.train.incumbent_file import (
    Taken,
    Told,
    manifest_of,
    take_artefact,
    take_lightgbm,
    take_onnx,
)
from plait.train.prepare import Prepared, prepare
from plait.train.require import licence_refused

LICENCE = "proprietary: as imported"
LARGEST_MB = 1_000
_PICKLES = (".pkl", ".pickle", ".joblib", ".sav", ".dill", ".cloudpickle", ".skops")
_PICKLE_MARKS = tuple(bytes((0x80, version)) for version in range(2, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be imported, and what whoever imports it says of it.

    Attributes:
        path: a file or folder.
        contract: name of the contract.
        licence: of the model; an SPDX expression or words.
        origin: where it came from; "" says the name of the file.
        columns: those it reads, in its order; empty where the file names them.
        classes: the levels it predicts, in its order; empty where the file names them.
        trained_before: no row from this time on was trained on; "" when nobody knows.
    """

    path: Path
    contract: str
    licence: str = LICENCE
    origin: str = ""
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    trained_before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to.

    Attributes:
        artefact: its id.
        engine: what runs it.
        read: the columns it reads.
        notes: a sentence each on what was taken for granted.
    """

    artefact: str
    engine: str
    read: tuple[str, ...]
    notes: tuple[str, ...]


def import_model(store: Store, project: Project, wish: Wish, *, by: str) -> Imported:
    """Register a model from elsewhere as the incumbent of a contract.

    It is asked every row of the contract before it is kept. A pickle is never loaded.

    Args:
        store: of the project.
        project: has the contract.
        wish: what to import.
        by: who asks.

    Raises:
        UnknownName: `unknown_contract`.
        Refused: `import_refused`, when the file is no model for the contract.
        InvalidData: the file, or the contract's data, cannot be read.
        InvalidSettings: `settings_wrong_value` for `--trained-before` of a contract without a time.
    """
    contract = project.contract(wish.contract)
    if contract.task != "tabular" or not contract.target:
        raise _refused(
            f"{wish.contract} is a {contract.task} contract; only rows with a target have an "
            "incumbent",
            "import it for a tabular contract",
        )
    frame = read_data(project.folder, contract)
    prepared = prepare(frame.columns, contract)
    cutoff = _cutoff(wish.trained_before, contract, frame)
    told = Told(
        columns=wish.columns, classes=wish.classes, absent=_why_absent(contract, frame, prepared)
    )
    taken, content = _take(wish.path, prepared, told)
    note: dict[str, Json] = {
        "file": wish.path.name,
        "sha256": content,
        "read": list(taken.read),
        "trained_before": wish.trained_before,
        "cutoff": cutoff,
    }
    with TemporaryDirectory(prefix="plait-import-") as folder:
        artefact = _write(Path(folder), taken, prepared, wish, note)
        store_id = register_artefact(
            store,
            artefact,
            contract=wish.contract,
            tenant=TENANT,
            privacy=contract.privacy,
        )
    store.audit(by, "import", wish.contract, details={"artefact": store_id}, tenant=TENANT)
    refused = licence_refused(wish.licence, contract)
    barred = (f"It will lose: {refused}.",) if refused else ()
    notes = (*taken.notes, *barred)
    return Imported(artefact=store_id, engine=taken.engine, read=taken.read, notes=notes)


def _take(path: Path, prepared: Prepared, told: Told) -> tuple[Taken, str]:
    """Read a file or folder by what it is; return the hash of what was read."""
    if path.is_dir():
        if (path / MANIFEST).is_file():
            return take_artefact(path, prepared, told), sha256((path / MANIFEST).read_bytes())
        if (path / "MLmodel").is_file():
            path, columns = _mlflow(path)
            told = Told(columns=told.columns or columns, classes=told.classes, absent=told.absent)
        else:
            raise _refused("the folder holds neither MLmodel nor manifest.json", _KNOWN)
    content = _read(path)
    _refuse_pickle(path, content)
    take = take_lightgbm if content.startswith(b"tree\n") else take_onnx
    if take is take_onnx and path.suffix.lower() != ".onnx":
        raise _refused(f"{path.name} is neither LightGBM's text nor an .onnx file", _KNOWN)
    return take(content, prepared, told), sha256(content)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_MB * 1e6:
            raise InvalidData(
                "data_too_large",
                f"the file is larger than {LARGEST_MB} MB",
                where=str(path),
                hint="export a smaller model",
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidData(
            "data_missing", "there is no such file", where=str(path), hint=_KNOWN
        ) from None
    except OSError as error:
        raise InvalidData(
            "data_unreadable", str(error.strerror), where=str(path), hint="make it readable"
        ) from None


def _refuse_pickle(path: Path, content: bytes) -> None:
    # Joblib's are pickles too, often compressed, so the name has a say; loading one runs its code.
    if path.suffix.lower() in _PICKLES or content.startswith(_PICKLE_MARKS):
        raise _refused(
            f"{path.name} is a pickle, which runs whatever is in it when it is loaded",
            "where the model was fitted: plait.from_sklearn(model, frame), and import the folder "
            "it writes",
        )


def _mlflow(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the file of a flavour that can be read, and the columns that its signature names."""
    try:
        record = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
        flavours = record["flavors"]
        listed = json.loads((record.get("signature") or {}).get("inputs") or "[]")
        columns = tuple(str(each["name"]) for each in listed if "name" in each)
        for flavour in ("lightgbm", "onnx"):
            named = flavours.get(flavour, {}).get("data")
            if named:
                return _inside(folder, str(named)), columns
        return _inside(folder, str(flavours["python_function"]["model_path"])), columns
    except OSError as error:
        raise InvalidData(
            "data_unreadable", str(error.strerror), where=str(folder), hint="make it readable"
        ) from None
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError):
        raise _refused(
            "its MLmodel has neither a lightgbm nor an onnx flavour", f"{_KNOWN}; {_CONVERT}"
        ) from None


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _refused(f"its MLmodel names {name!r}, beyond the folder", _KNOWN)
    if path.is_dir():  # older versions keep a folder of their own
        inner = [
            each for each in sorted(path.iterdir()) if each.suffix in (".onnx", ".lgb", ".txt")
        ]
        path = inner[0] if inner else path / "model.pkl"
    return path


def _write(
    folder: Path, taken: Taken, prepared: Prepared, wish: Wish, note: Mapping[str, Json]
) -> Artefact:
    """Write the artefact and ask it every row.

    Raises:
        Refused: `import_refused`, when it does not load or does not answer.
    """
    origin = wish.origin or f"imported from {wish.path.name}"
    manifest = manifest_of(taken, prepared, origin=origin, licence=wish.licence)
    files = {
        **taken.files,
        PIPELINE: json_bytes(taken.pipeline.record()),
        NOTE: json_bytes(note),
    }
    artefact = write_artefact(folder, manifest, files)
    try:
        load(folder).predict(prepared.take(np.arange(len(prepared))))
    except EngineError as error:
        raise _refused(
            f"it does not answer the contract's rows: {error.message}",
            "where a value is missing: impute it in the model's pipeline, and convert that by "
            "plait.from_sklearn",
        ) from error
    return artefact


def _cutoff(said: str, contract: Contract, frame: Frame) -> float | None:
    """Return the time before which the model was trained, as the contract's times are compared."""
    if not said:
        return None
    if not contract.time:
        raise InvalidSettings(
            "settings_wrong_value",
            "the contract names no column of time to compare with",
            where="--trained-before",
            hint="add `time: COLUMN` to the contract in plait.yaml",
        )
    try:
        if frame[contract.time].kind == "number":
            return float(said)
        moment = datetime.datetime.fromisoformat(said)
    except ValueError:
        raise InvalidSettings(
            "settings_wrong_value",
            f"{said!r} is no time as {contract.time} has them",
            where="--trained-before",
            hint="such as 2026-05-31, or a number where the column has numbers",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _why_absent(contract: Contract, frame: Frame, prepared: Prepared) -> dict[str, str]:
    """Say of each column of the data that is no feature why it is none."""
    found = {}
    for name in frame.names:
        if name in prepared.input.names:
            continue
        if name == contract.target:
            found[name] = "that is the target"
        elif name in contract.exclude:
            found[name] = "the contract excludes it"
        elif contract.chosen and name not in contract.chosen:
            found[name] = "the contract does not name it among its features"
        else:
            found[name] = next(
                (note.rstrip(".") for note in prepared.notes if note.startswith(f"{name} is left")),
                "the contract sets it aside",
            )
    return found


def _refused(message: str, hint: str) -> Refused:
    return Refused("import_refused", message, where="FILE", hint=hint)


_KNOWN = "give LightGBM's text, an .onnx file, an MLflow folder, or what plait.from_sklearn wrote"
_CONVERT = "or convert it where it was fitted: plait.from_sklearn(model, frame)"
