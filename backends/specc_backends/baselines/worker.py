"""The process that runs another runtime: a request as JSON on standard input, times and outputs as JSON on standard
output. The ending of the model's file says which runtime."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Serve one request."""
    import numpy as np

    request = json.load(sys.stdin)
    if request["cpus"]:
        os.sched_setaffinity(0, request["cpus"])
    load = _litert if request["model"].endswith(".tflite") else _onnx_runtime
    give, infer, take = load(request["model"], request["threads"])
    inputs = np.asarray(request["inputs"], dtype=np.int8)
    outputs, nanoseconds = [], []
    for index in range(len(inputs)):
        give(inputs[index : index + 1])
        infer()
        outputs.append(take()[0].tolist())
    for index in range(request["warm_up"] + request["runs"]):
        start_input = index % len(inputs)
        give(inputs[start_input : start_input + 1])
        start = time.perf_counter_ns()
        infer()
        nanoseconds.append(time.perf_counter_ns() - start)
    print(json.dumps({"nanoseconds": nanoseconds[request["warm_up"] :], "outputs": outputs}))


Steps = tuple[Callable[[Any], Any], Callable[[], Any], Callable[[], Any]]


def _litert(model: str, threads: int) -> Steps:
    """How to give an input, infer, and take the output: only the second is timed."""
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    (given,), (taken,) = interpreter.get_input_details(), interpreter.get_output_details()
    return (
        lambda codes: interpreter.set_tensor(given["index"], codes),
        interpreter.invoke,
        lambda: interpreter.get_tensor(taken["index"]),
    )


def _onnx_runtime(model: str, threads: int) -> Steps:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1  # inside of operators, and between them
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    name = session.get_inputs()[0].name
    binding.bind_output(session.get_outputs()[0].name)
    return (
        lambda codes: binding.bind_cpu_input(name, codes),
        lambda: session.run_with_iobinding(binding),
        lambda: binding.copy_outputs_to_cpu()[0],
    )


if __name__ == "__main__":
    main()
