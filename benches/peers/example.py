"""A whole runner: NumPy's matmul, one task after the other. README.md beside this file describes the protocol."""

import json
import mmap
import os
import sys
import time

import numpy as np

answers = os.fdopen(os.dup(1), "w")  # Standard output is for answers alone:
os.dup2(2, 1)  # what a library prints goes to standard error.


def answer(kind, **fields):
    print(json.dumps({"type": kind, **fields}), file=answers, flush=True)


def map_arena(location, access):
    with open(location["path"], "rb" if access == mmap.ACCESS_READ else "r+b") as file:
        return mmap.mmap(file.fileno(), location["bytes"], access=access)


def views(tensor, tasks, dtype, memory):
    strides = [stride * dtype.itemsize for stride in tensor["strides"]]
    offsets = [tensor["base"] + task * tensor["step"] for task in range(tasks)]
    return [np.ndarray(tensor["shape"], dtype, memory, offset, strides) for offset in offsets]


def main():
    hello = json.loads(sys.stdin.readline())
    workload = hello["workload"]
    if hello["protocol"] != 1:
        return answer("refused", reason=f"protocol {hello['protocol']}; this runner speaks 1")
    if workload["op"] != "matmul":
        return answer("refused", reason=f"no operation `{workload['op']}`; this runner has matmul")

    dtype = np.dtype({"f32": np.float32, "f64": np.float64}[workload["dtype"]])
    inputs = map_arena(hello["arenas"]["inputs"], mmap.ACCESS_READ)
    outputs = map_arena(hello["arenas"]["outputs"], mmap.ACCESS_WRITE)
    memories = [inputs, inputs, outputs]
    a, b, c = [views(t, workload["tasks"], dtype, m) for t, m in zip(hello["tensors"], memories)]
    answer("ready", protocol=1, version=f"NumPy {np.__version__}", kernels="")

    for line in sys.stdin:  # Its end is the end of the parent.
        request = json.loads(line)
        if request["type"] == "quit":
            return answer("bye")
        tasks = range(request["first"], request["first"] + request["count"])
        begin = time.perf_counter()
        for _ in range(request["repeat"]):
            results = [np.matmul(a[task], b[task]) for task in tasks]
        wall_s = time.perf_counter() - begin
        if request["check"]:
            for task, result in zip(tasks, results):
                c[task][...] = result
        answer("done", wall_s=wall_s)


main()
