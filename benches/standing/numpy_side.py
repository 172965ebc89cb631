"""NumPy's side of the standing: prepares a case, then times as many calls of it as each line of standard input says.

Lines of JSON: {} asks for the version; {"op", "dtype", "shape", "inputs"} prepares a case and answers with its result;
{"calls"} times that many calls. Inputs and results are one period in hexadecimal digits, byte by byte as in memory:
operands repeat after it, so that arrays of any size travel as a few of them.
"""

import json
import os
import sys
import time

import numpy as np

PERIOD = 1 << 16

FUNCTIONS = {
    "ln": np.log,
    "pow": np.power,
    "add": np.add,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "matmul": np.matmul,
}

FILL = 1.5  # the value that is filled in


def aligned(shape, dtype):
    """An array that begins with a cache line, as those of the other sides."""
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.empty(size + 64, np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + size].view(dtype).reshape(shape)


def repeating(digits, shape, dtype):
    period = np.frombuffer(bytes.fromhex(digits), dtype)
    array = aligned(shape, dtype)
    flat = array.reshape(-1)
    for begin in range(0, flat.size, period.size):
        part = flat[begin : begin + period.size]
        part[...] = period[: part.size]
    return array


def prepare(case):
    dtype = np.dtype({"f32": "f4", "f64": "f8"}[case["dtype"]])
    shape = tuple(case["shape"])
    inputs = [repeating(digits, shape, dtype) for digits in case["inputs"]]
    out = aligned(shape, dtype)
    out.fill(np.nan)
    op = case["op"]
    if op == "fill":
        return out, lambda: out.fill(FILL)
    if op in ("random-uniform", "random-normal"):
        generator = np.random.default_rng(1)
        draw = generator.random if op == "random-uniform" else generator.standard_normal
        return out, lambda: draw(dtype=dtype, out=out)
    function = FUNCTIONS[op]
    return out, lambda: function(*inputs, out=out)


def repeats(out):
    """Whether `out` is its first period over and over, as its inputs are."""
    flat = out.reshape(-1)
    whole = flat[: flat.size // PERIOD * PERIOD].reshape(-1, PERIOD)
    rest = flat[whole.size :]
    return bool((whole == whole[:1]).all()) and (whole.size == 0 or bool((rest == flat[: rest.size]).all()))


def main():
    answers = os.fdopen(os.dup(1), "w")  # Standard output is for answers alone.
    os.dup2(2, 1)
    call = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "calls" in request:
                calls = range(request["calls"])
                begin = time.perf_counter_ns()
                for _ in calls:
                    call()
                answer = {"seconds": (time.perf_counter_ns() - begin) * 1e-9}
            elif "op" in request:
                call = None  # gives its memory back
                out, call = prepare(request)
                call()
                if not request["op"].startswith("random") and not repeats(out):
                    raise ValueError("the result does not repeat as its inputs do")
                answer = {"out": out.reshape(-1)[:PERIOD].tobytes().hex()}
            else:
                blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
                answer = {"version": f"{np.__version__} ({blas['name']} {blas['version']})"}
        except Exception as error:  # is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
