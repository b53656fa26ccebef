"""From building the graph to the end of the first training step, in seconds: Numba mode, JAX by hand, native mode."""

import sys
from statistics import median

NET = "bilstm"
BARS = [  # label, task, mode
    ("PyTensor's Numba mode", "compile", "NUMBA"),
    ("JAX by hand", "jax_by_hand", "JAX"),
    ("symrnn, mode NATIVE", "compile", "NATIVE"),
]


def seconds(results):
    """CPU seconds by label, medians of the rounds, of the records in the folder `results`."""
    from symrnn.bench.records import load_records

    found = {}
    for label, task, mode in BARS:
        each = [
            r.values["total_cpu_s"]
            for r in load_records(results)
            if r.is_ok and (r.task, r.mode, r.state, r.case.get("net")) == (task, mode, "cold", NET)
        ]
        if each:
            found[label] = median(each)
    return found


def chart(results):
    """The figure, and its text alternative."""
    from matplotlib import pyplot

    found = seconds(results)
    if not found:
        sys.exit(f"{results} has no cold start of {NET}; symrnn run native_mode --where net={NET}")
    figure, axes = pyplot.subplots(figsize=(7, 1.7), constrained_layout=True)
    bars = axes.barh(
        list(found)[::-1], list(found.values())[::-1], color=["#0072B2", "#999999", "#999999"]
    )
    axes.bar_label(
        bars, [f" {s:.2g} s" if s < 10 else f" {s:.0f} s" for s in list(found.values())[::-1]]
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, 1.12 * max(found.values()))
    axes.set_xlabel("CPU seconds from building the graph to the end of the first training step")
    alt = "Two bidirectional LSTM layers with Nesterov's momentum, cold: "
    return figure, alt + ", ".join(f"{label} {s:.2f} CPU seconds" for label, s in found.items())
