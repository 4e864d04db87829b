"""An ONNX graph while it is written: nodes and constants in, bytes out."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from plait.core.expression import texts_in
from plait.core.extras import missing
from plait.engines.pipeline import NumberCode
from plait.train.export_model import PlainModel

IR, OPSET, ML_OPSET = 10, 21, 5
"""What ONNX Runtime reads from 1.20 on."""


def missing_text(model: PlainModel) -> str:
    """Return the text that stands for a missing one: "", or `?` and more if "" is told apart."""
    levels = {level for _, code in model.starts() if not isinstance(code, NumberCode)
              for level in code.levels}  # fmt: skip
    levels.update(text for formula in model.formulas for text in texts_in(formula.tree))
    text = ""
    while text in levels:
        text += "?"
    return text


class Graph:
    """Nodes and constants, each known by the name of what it gives.

    Attributes:
        onnx: the library.
        absent: the text that stands for a missing one.
    """

    def __init__(self, model: PlainModel) -> None:
        """Begin an empty graph, whose inputs are the fields of the model.

        Raises:
            MissingExtra: onnx is not installed.
        """
        try:
            self.onnx = import_module("onnx")
        except ImportError:
            raise missing("onnx") from None
        self.absent = missing_text(model)
        self._model = model
        self._nodes: list[object] = []
        self._constants: list[object] = []

    def constant(self, value: ArrayLike, kind: DTypeLike = np.float64) -> str:
        """Return a constant, a double unless `kind` says otherwise."""
        name = f"plait/c{len(self._constants)}"
        self._constants.append(self.onnx.numpy_helper.from_array(np.array(value, kind), name))
        return name

    def tensor(self, value: ArrayLike, kind: DTypeLike = np.float64) -> object:
        """Return the same as the attribute of a node."""
        tensor: object = self.onnx.numpy_helper.from_array(np.array(value, kind))
        return tensor

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        """Return what an operator gives for its inputs."""
        name = f"plait/n{len(self._nodes)}"
        make = self.onnx.helper.make_node
        self._nodes.append(make(operator, inputs, [name], domain=domain, **attributes))
        return name

    def cast(self, value: str, kind: str) -> str:
        """Return a value as another type, such as `DOUBLE`."""
        return self.node("Cast", value, to=getattr(self.onnx.TensorProto, kind))

    def where(self, holds: str, then: float, otherwise: str) -> str:
        """Return a number where something holds, and what stands elsewhere."""
        return self.node("Where", holds, self.constant(then), otherwise)

    def finite(self, value: str) -> str:
        """Return NaN instead of infinities."""
        return self.where(self.node("IsInf", value), np.nan, value)

    def columns(self, parts: Sequence[str]) -> str:
        """Return some columns side by side."""
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=1)

    def model(self, outputs: Mapping[str, tuple[str, str, list[str | int]]]) -> bytes:
        """Return the file.

        Args:
            outputs: name of each -> its value, type and shape.
        """
        helper, kinds = self.onnx.helper, self.onnx.TensorProto
        fields, model = self._model.input.fields, self._model
        inputs = []
        for field in fields:
            kind = "DOUBLE" if field.kind in ("number", "boolean") else "STRING"
            inputs.append(
                helper.make_tensor_value_info(
                    field.name, getattr(kinds, kind), ["rows", 1], doc_string=field.label
                )
            )
        answers = []
        for name, (value, kind, shape) in outputs.items():
            while name in model.input.names:  # a field may bear the name
                name = f"output_{name}"
            self._nodes.append(helper.make_node("Identity", [value], [name]))
            answers.append(helper.make_tensor_value_info(name, getattr(kinds, kind), shape))
        graph = helper.make_graph(self._nodes, "plait", inputs, answers, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        whole = helper.make_model(graph, ir_version=IR, opset_imports=opsets, producer_name="plait")
        notes = {
            "artefact": model.artefact,
            "contract": model.name,
            "levels": json.dumps(model.pipeline.classes),
            "missing_text": self.absent,
        }
        helper.set_model_props(whole, notes)
        content: bytes = whole.SerializeToString()
        return content
