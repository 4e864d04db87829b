"""An artefact as one file that runs elsewhere: found, written down, checked, and only then kept."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from uuid import uuid4

from plait.app.settings import Project
from plait.core.errors import InvalidData, UnknownName
from plait.core.ids import Json
from plait.engines.base import load
from plait.registry.artefact import artefact_folder
from plait.registry.decision import find_decision
from plait.store.base import Store
from plait.store.record import ArtefactRow
from plait.train import export_c, export_c_run, export_onnx, export_python
from plait.train.export_model import PlainModel, Run, plain_model
from plait.train.parity import TOLERANCE, Parity, check, make_rows

Target: TypeAlias = Literal["onnx", "c", "python"]


@dataclass(frozen=True, slots=True)
class _Form:
    """How one kind of file is written, and what runs it; None where nothing can here."""

    suffix: str
    write: Callable[[PlainModel], bytes]
    runner: Callable[[PlainModel, bytes], Run | None]


FORMS: Mapping[Target, _Form] = {
    "onnx": _Form(export_onnx.SUFFIX, export_onnx.write, export_onnx.runner),
    "c": _Form(export_c.SUFFIX, export_c.write, export_c_run.runner),
    "python": _Form(export_python.SUFFIX, export_python.write, export_python.runner),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written.

    Attributes:
        contract: name of the contract.
        artefact: id of the artefact.
        target: `onnx`, `c` or `python`.
        path: of the file.
        size: bytes.
        parity: how alike it and the artefact answer; None when nothing here could run it.
        notes: what a reader must know, a sentence each.
    """

    contract: str
    artefact: str
    target: Target
    path: Path
    size: int
    parity: Parity | None
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {
            "contract": self.contract,
            "artefact": self.artefact,
            "target": self.target,
            "out": str(self.path),
            "bytes": self.size,
            "tolerance": TOLERANCE,
            "parity": None if self.parity is None else self.parity.record(),
            "notes": list(self.notes),
        }


def export(
    store: Store, project: Project, name: str, target: Target, out: Path | None = None
) -> Exported:
    """Write an artefact as one file, when it answers as the artefact does.

    Args:
        store: of the project.
        project: has the contracts.
        name: a contract, whose champion is meant, or the id of a decision or an artefact.
        target: what to write.
        out: the file; `<contract>` with the target's suffix in the current folder by default.

    Raises:
        UnknownName: nothing bears that name, or nothing answers for the contract yet.
        Refused: `export_refused`, the artefact cannot be exported so, or the file would answer
            otherwise.
        InvalidData: `data_unwritable`.
        MissingExtra: a library that the target needs is not installed.
    """
    artefact, contract = _find(store, project, name)
    predictor = load(artefact_folder(store, artefact, project.store / "artefacts"), verify=False)
    model = plain_model(predictor.artefact, contract)
    form = FORMS[target]
    content = form.write(model)
    run, notes = form.runner(model, content), model.left_out()
    if run is None:
        parity = None
        notes.append(
            f"it was not checked: there is no C compiler here ({', '.join(export_c_run.COMPILERS)})"
        )
    else:
        parity = check(predictor, model, run, make_rows(model))
    path = out or Path(f"{contract}{form.suffix}")
    _write(path, content)
    return Exported(
        contract=contract,
        artefact=artefact,
        target=target,
        path=path,
        size=len(content),
        parity=parity,
        notes=tuple(notes),
    )


def _find(store: Store, project: Project, name: str) -> tuple[str, str]:
    """Return the id of the artefact that is meant, and its contract."""
    contracts = project.settings.contracts
    if name in contracts:
        released = store.releases().get((name, "champion"))
        if released is None:
            raise UnknownName(
                "not_trained", f"nothing answers for {name!r} yet", hint=f"`plait train {name}`"
            )
        return released.artefact, name
    if name.startswith("dec_"):
        decision = find_decision(store, name)
        if decision.artefact:
            return decision.artefact, decision.contract
        raise UnknownName("unknown_artefact", "that decision has no winner", where=decision.id)
    row = store.get(ArtefactRow, name)
    if row is not None:
        return row.id, row.contract
    if name.startswith("art_"):
        raise UnknownName("unknown_artefact", f"no artefact {name!r}")
    raise UnknownName.of("unknown_contract", "contract", name, list(contracts))


def _write(path: Path, content: bytes) -> None:
    """Write the file whole, or leave what was there."""
    fresh = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        fresh.write_bytes(content)
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):  # it may not even be there
            fresh.unlink()
        raise InvalidData(
            "data_unwritable",
            f"it cannot be written: {error.strerror}",
            where=str(path),
            hint="check the folder and the space on the disk",
        ) from None
