"""The figures that are drawn by hand's command and kept: ``python docs/making NAME``.

A row is a function that returns a figure of matplotlib, or the text of an SVG file, and the text alternative.
"""

from pathlib import Path

from symrnn.replacing import replacing

FOLDER = Path(__file__).parents[1] / "pictures"


def nesterov(form, is_rewritten):
    """A graph of Nesterov's momentum."""
    from making.nesterov import after_rewriting, as_written

    return (after_rewriting if is_rewritten else as_written)(form)


def vanishing():
    """What is left of gradients over a hundred steps."""
    from making.gradients import chart

    return chart()


def cold_start(results="results/native_mode"):
    """Seconds to the end of the first step."""
    from making.cold_start import chart

    return chart(results)


PICTURES = {
    "cold_start": cold_start,
    "vanishing": vanishing,
    "odd_even": lambda: nesterov("odd_even", False),
    "naive": lambda: nesterov("naive", False),
    "per_parameter": lambda: nesterov("per_parameter", False),
    "odd_even_rewritten": lambda: nesterov("odd_even", True),
    "naive_rewritten": lambda: nesterov("naive", True),
}


def draw(name, *arguments):
    """Draw a figure into ``docs/pictures``; its text alternative."""
    made, alt = PICTURES[name](*arguments)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.svg"
    if isinstance(made, str):
        with replacing(path) as beside:
            beside.write_text(made)
    else:
        from matplotlib import rc_context

        # the same records give the same file
        with (
            rc_context(
                {"svg.fonttype": "none", "svg.hashsalt": "symrnn", "font.family": "sans-serif"}
            ),
            replacing(path) as beside,
        ):
            made.savefig(beside, metadata={"Date": None})
    return alt
