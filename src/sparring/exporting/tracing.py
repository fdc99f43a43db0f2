"""From a model's graph to the bytes of an ONNX file."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from sparring.core.errors import InputError
from sparring.exporting.graph import Graph
from sparring.exporting.real import Traced

OPSET = 17
LARGEST = 2**31 - 2**24
"""Bytes of weights that one ONNX file can hold."""
FEW = 256
"""Tensors of fewer numbers keep float32: they are scales and biases, and take no space."""


def traced(graph: Graph, fixed: bool) -> bytes:
    """The graph in ONNX; of any extent and batch, or fixed at the model's own and one.

    Raises:
        InputError: it takes more than an ONNX file holds, or does what ONNX cannot.
    """
    size = sum(weight.nbytes for weight in graph.state_dict().values())
    if size > LARGEST:
        raise InputError(
            f"its weights take {size / 2**30:.1f} GiB, and an ONNX file holds 2 GiB at most."
        )
    # Odd, so that what is padded up to whole cells is traced with the padding that it may need.
    odd = tuple(extent + 7 - extent % 2 for extent in graph.space)
    given = graph.example(1, graph.space) if fixed else graph.example(2, odd)
    axes = {} if fixed else {**graph.axes(), "sample": _of_samples(graph)}
    with torch.no_grad():
        graph(*given.values())  # fills what is computed once, before anything is traced
        return _exported(graph, tuple(given.values()), axes)


def _of_samples(graph: Graph) -> dict[int, str]:
    names = graph.axes().get("source", {0: "batch"})
    return {place: name if place == 0 else f"{name}_out" for place, name in names.items()}


def _exported(graph: Graph, given: tuple[Any, ...], axes: dict[str, dict[int, str]]) -> bytes:
    target = io.BytesIO()
    try:
        with _silence(), Traced():
            torch.onnx.export(
                graph,
                given,
                target,  # type: ignore[arg-type]
                input_names=list(graph.names),
                output_names=["sample"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except (torch.onnx.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
        said = str(error).strip().splitlines()[0][:200].rstrip(".")
        raise InputError(f"one of its networks does what ONNX cannot ({said}).") from error
    return _shared(target.getvalue())


def _shared(content: bytes) -> bytes:
    """The same with each large constant once, as a weight, however often a network computes it."""
    import onnx

    model = onnx.load_from_string(content)
    names: dict[bytes, str] = {}
    nodes = []
    for node in model.graph.node:
        large = node.op_type == "Constant" and node.attribute[0].t.ByteSize() > 4 * FEW
        if not large:
            nodes.append(node)
            continue
        value = node.attribute[0].t
        value.ClearField("name")
        key = value.SerializeToString(deterministic=True)
        if key in names:
            _renamed(model.graph.node, node.output[0], names[key])
        else:
            names[key] = value.name = node.output[0]
            model.graph.initializer.append(value)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return bytes(model.SerializeToString())


def _renamed(nodes: Any, former: str, name: str) -> None:
    for node in nodes:
        for place, given in enumerate(node.input):
            if given == former:
                node.input[place] = name


@contextmanager
def _silence() -> Iterator[None]:
    """Without the exporter's remarks on shapes that it takes for fixed: results are compared."""
    former = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(former)


def halved(content: bytes) -> bytes:
    """The same with its weights in float16, which are made float32 again when it is loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(content)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == "float32" and values.size >= FEW:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype("float16"), f"{name}.half"))
            casts.append(helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def told(content: bytes, facts: dict[str, Any]) -> bytes:
    """The same with facts in its metadata, each in JSON, once it is proven to be well-formed."""
    import onnx

    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    model.producer_name = "sparring"
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in facts.items()})
    return bytes(model.SerializeToString())
