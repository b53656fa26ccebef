"""Charts of records: lines and bars, readable without colour, each with its own text alternative.

The only importer of matplotlib. A job that ran over its limit is drawn as such: hollow, under an
arrow at the limit, or on the upper edge where the quantity has no limit.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import matplotlib

from symrnn.bench.records import Record
from symrnn.bench.spread import Spread

matplotlib.use("Agg")  # before pyplot, which picks a backend: there may be no display

from matplotlib import pyplot, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from symrnn.replacing import replacing
from symrnn.study.amounts import listing, number, title
from symrnn.study.chart_words import axis_label, captioned, label_of, numbers, unfinished
from symrnn.study.quantities import grouped, known_numbers, select, spread_of, values_of
from symrnn.study.table import outcome

Style = dict[str, Any]  # of one hue, for matplotlib
# Okabe and Ito
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++", "ooo")
MOST_TICKS = 16  # that have room on an axis
ROOM = 0.5  # between two labels, of their height
SLANT = 20  # degrees, of labels that would touch
HOLLOW = {"markerfacecolor": "white", "markersize": 6, "linestyle": "none", "clip_on": False}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "symrnn",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "text.parse_math": False,  # a $ in a case or a message is a $
}


@dataclass(frozen=True)
class Chart:
    """A figure, a caption, and the text that stands for it where it cannot be seen."""

    figure: Figure
    alt: str
    caption: str  # what is drawn; the numbers are in the figure, and in `alt`

    def save(self, stem: str | Path) -> tuple[Path, Path]:
        """Write ``stem.svg`` and ``stem.png``; the paths of both."""
        stem = Path(stem)
        stem.parent.mkdir(parents=True, exist_ok=True)
        svg, png = (stem.with_name(f"{stem.name}.{suffix}") for suffix in ("svg", "png"))
        about = {"Title": stem.name, "Description": self.alt}
        with rc_context(STYLE):
            # No date, and ids from a fixed salt: the same records give the same file.
            with replacing(svg) as beside:
                self.figure.savefig(beside, bbox_inches="tight", metadata={**about, "Date": None})
            with replacing(png) as beside:
                self.figure.savefig(beside, bbox_inches="tight", metadata=about, dpi=160)
        pyplot.close(self.figure)
        return svg, png


def lines(
    records: Sequence[Record],
    *,
    x: str,
    y: str,
    hue: str,
    panel: str | None = None,
    logarithmic: bool | None = None,
    heading: str = "",
) -> Chart:
    """A `Chart` of `y` over `x`: one line a value of `hue`, one panel a value of `panel`.

    Points are medians over the rounds, bars their quartiles. The axis is logarithmic where the
    values span more than a factor of 20, unless `logarithmic` says otherwise.
    """

    def draw(axis, group, hues):
        lost = []
        by_hue = grouped(group, hue)
        for name, style in hues.items():
            mine = by_hue.get(name, [])
            draw_line(axis, mine, x, y, style | {"label": label_of(hue, name)})
            lost += [(at, record, style) for at, record in unfinished(mine, x, y)]
        draw_unfinished(axis, lost, y)
        ticks = sorted(value for value in values_of(group, x) if not isinstance(value, str))
        # sizes are doubled from case to case: on a linear axis the small ones would stand on each other
        if ticks and ticks[0] > 0 and ticks[-1] >= 8 * ticks[0]:
            axis.set_xscale("log", base=2)
        ticks = [*ticks[: -1 : -(-len(ticks) // MOST_TICKS) or 1], *ticks[-1:]]
        axis.set_xticks(ticks, [number(tick) for tick in ticks], minor=False)
        axis.set_xlabel(title(x))

    axes: dict[str, Any] = {"x": x, "y": y, "hue": hue, "panel": panel}
    return chart(records, draw, thin_labels, "Line chart", log=logarithmic, heading=heading, **axes)


def bars(
    records: Sequence[Record],
    *,
    x: str,
    y: str,
    hue: str,
    panel: str | None = None,
    logarithmic: bool | None = None,
    heading: str = "",
) -> Chart:
    """A `Chart` of `y` as groups of bars: a group a value of `x`, a bar a value of `hue`."""

    def draw(axis, group, hues):
        places, width, lost = values_of(group, x), 0.8 / len(hues), []
        by_hue = grouped(group, hue)
        for i, (name, style) in enumerate(hues.items()):
            mine = by_hue.get(name, [])
            # Places are numbered, whatever they are; the bars of a group stand around its number.
            at = {place: k + (i - (len(hues) - 1) / 2) * width for k, place in enumerate(places)}
            draw_bars(axis, mine, x, y, style | {"label": label_of(hue, name)}, at, width)
            lost += [(at[place], record, style) for place, record in unfinished(mine, x, y)]
        draw_unfinished(axis, lost, y)
        axis.set_xticks(range(len(places)), [number(place) for place in places])
        axis.set_xlim(-0.5, len(places) - 0.5)
        axis.set_xlabel(title(x))

    axes: dict[str, Any] = {"x": x, "y": y, "hue": hue, "panel": panel}
    return chart(records, draw, slant_labels, "Bar chart", log=logarithmic, heading=heading, **axes)


def bars_by_mode(records: Sequence[Record], *, y: str, **style: Any) -> list[Chart]:
    """One bar chart of `y` a mode, cold."""
    cold = select(records, task="compile", state="cold")
    by_mode = grouped(cold, "mode").items()
    return [bars(group, y=y, heading=mode, **style) for mode, group in by_mode]


def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x: str,
    y: str,
    logarithmic: bool = False,
    heading: str = "",
    dotted: Collection[str] = (),
) -> Chart:
    """A `Chart` of `series`, ``{label: (places, heights)}``, as lines over one axis, those `dotted` as points."""
    with rc_context(STYLE):
        figure, axis = pyplot.subplots(figsize=(6.4, 3.2))
        for (label, points), style in zip(series.items(), styles(), strict=False):
            look = {key: style[key] for key in ("color", "linestyle")}
            look |= {"linestyle": "none", "marker": style["marker"]} if label in dotted else {}
            axis.plot(*points, label=label, linewidth=1.2, markersize=4, **look)
        if logarithmic:
            log_scale(axis)
        axis.set_xlabel(x)
        axis.set_ylabel(y)
        axis.set_title(heading)
        figure.tight_layout()
        columns = min(len(series), 3)
        figure.legend(loc="upper center", bbox_to_anchor=(0.5, 0.01), ncols=columns)
    ends = [
        f"{label} from {number(float(heights[0]))} at {number(places[0])} to"
        f" {number(float(heights[-1]))} at {number(places[-1])}"
        for label, (places, heights) in series.items()
    ]
    return Chart(
        figure, f"Lines of {y} over {x}: {'; '.join(ends)}.", captioned(heading, f"{y} over {x}")
    )


def chart(
    records: Sequence[Record],
    draw: Callable[[Axes, Sequence[Record], dict[Any, Style]], None],
    make_room: Callable[[Axes], None],
    kind: str,
    *,
    x: str,
    y: str,
    hue: str,
    panel: str | None,
    log: bool | None,
    heading: str,
) -> Chart:
    """One row of panels with a common scale, a common legend below, and the text alternative."""
    panels = grouped(records, panel) if panel else {None: records}
    hues = dict(zip(values_of(records, hue), styles(), strict=False))
    with rc_context(STYLE):
        figure, axes = pyplot.subplots(
            1,
            len(panels) or 1,
            squeeze=False,
            sharey=True,
            # In inches; beside the panels stand the scale and its label.
            figsize=(1.4 + 3.1 * max(len(panels), 1), 3.2),
        )
        for axis, (name, group) in zip(axes[0], panels.items(), strict=False):
            draw(axis, group, hues)
            axis.set_title(label_of(panel, name) if panel else "", fontsize=9)
        scale(axes[0], records, y, log)
        axes[0][0].set_ylabel(axis_label(y))
        figure.suptitle(heading)
        figure.tight_layout()
        for axis in axes[0]:
            make_room(axis)
        figure.tight_layout()  # once more, below slanted labels
        add_legend(figure, axes[0])
    # said once: the caption shows it, the text alternative begins with it
    drawn = f"{axis_label(y)} against {title(x)}, by {title(hue)}"
    if panel:
        drawn += f", one panel for each {title(panel)}"
    told = [f"{kind} of {drawn}.", *numbers(records, x, y, hue, panel)]
    return Chart(figure, " ".join(told), captioned(heading, drawn))


def add_legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """One legend below all panels."""
    # Panels repeat the hues; the legend has each label once.
    handles = {
        label: h
        for axis in axes
        for h, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.01),
        ncols=min(len(handles), 3) or 1,
    )


def thin_labels(axis: Axes) -> None:
    """From the last place on, leave out every number that would touch the one before; the ticks stay."""
    texts, edge = [], float("inf")
    for label in reversed(axis.get_xticklabels()):
        extent = label.get_window_extent()
        fits = extent.x1 + ROOM * extent.height < edge
        texts.append(label.get_text() if fits else "")
        edge = extent.x0 if fits else edge
    axis.set_xticks(axis.get_xticks(), texts[::-1])


def slant_labels(axis: Axes) -> None:
    """Slant the names of places, all of them, where two would touch."""
    extents = [label.get_window_extent() for label in axis.get_xticklabels()]
    if any(left.x1 + ROOM * left.height > right.x0 for left, right in pairwise(extents)):
        aslant: Style = {"rotation": SLANT, "ha": "right", "rotation_mode": "anchor"}
        pyplot.setp(axis.get_xticklabels(), **aslant)


def styles() -> Iterator[Style]:
    """Colour, marker, dashes and hatch for each hue; any one of them tells the hues apart."""
    for colour, marker, dashes, hatch in zip(
        cycle(COLOURS), cycle(MARKERS), cycle(DASHES), cycle(HATCHES), strict=False
    ):
        yield {"color": colour, "marker": marker, "linestyle": dashes, "hatch": hatch}


def draw_line(axis: Axes, group: Sequence[Record], x: str, y: str, style: Style) -> None:
    """Medians joined by a line, quartiles as error bars."""
    style = {key: value for key, value in style.items() if key != "hatch"}
    points = [
        (at, found) for at, here in grouped(group, x).items() if (found := spread_of(here, y))
    ]
    # records of several rounds and reruns come in any order
    points.sort(key=lambda point: point[0])
    places = [at for at, _ in points]
    medians, errors = heights([each for _, each in points])
    size: Style = {"markersize": 5, "linewidth": 1.4, "capsize": 2}
    axis.errorbar(places, medians, errors, **size, **style)


def draw_bars(
    axis: Axes,
    group: Sequence[Record],
    x: str,
    y: str,
    style: Style,
    at: Mapping[Any, float],
    width: float,
) -> None:
    """Bars of the medians, with quartiles; `at` has the position of each place."""
    by_place = grouped(group, x)
    found = {p: each for p in at if (each := spread_of(by_place.get(p, []), y))}
    medians, errors = heights(found.values())
    style = {key: style[key] for key in ("color", "hatch", "label")}
    style |= {"edgecolor": "white", "capsize": 2}
    if found:
        axis.bar([at[p] for p in found], medians, width * 0.92, yerr=errors, **style)
    else:  # a bar without height, for the legend
        del style["capsize"]
        axis.bar([*at.values()][:1], [float("nan")], width * 0.92, **style)


def heights(found: Collection[Spread]) -> tuple[list[float], list[list[float]]]:
    """Medians, and how far the quartiles are below and above them."""
    medians = [each.median for each in found]
    return medians, [[e.median - e.low for e in found], [e.high - e.median for e in found]]


def draw_unfinished(axis: Axes, lost: Iterable[tuple[Any, Record, Style]], y: str) -> None:
    """The jobs that did not finish, ``(place, record, style)``, side by side, told once a place.

    They stand hollow at the limit, under an arrow, if `y` is what was limited; else above the axes.
    """
    by_place: dict[Any, list[tuple[Record, Style]]] = {}
    for place, record, style in lost:
        by_place.setdefault((place, is_drawn_at_limit(record, y)), []).append((record, style))
    for (place, is_limited), marks in by_place.items():
        base = axis.transData if is_limited else axis.get_xaxis_transform()
        height = max(record.wall_s for record, _ in marks) if is_limited else 1.0
        # artists with a transform of their own do not widen the axes
        axis.update_datalim([(place, height)], updatey=is_limited)
        axis.autoscale_view()
        for i, (_, style) in enumerate(marks):
            aside = (i - (len(marks) - 1) / 2) * 10 / 72
            moved = base + ScaledTranslation(aside, 0, axis.figure.dpi_scale_trans)
            look = {key: style[key] for key in ("color", "marker")} | HOLLOW
            axis.plot([place], [height], transform=moved, **look)
        told = listing(dict.fromkeys(outcome(record).split(" in phase")[0] for record, _ in marks))
        where: Style = {"xycoords": base, "xytext": (0, 7), "textcoords": "offset points"}
        text = f"↑ {told}" if is_limited else f"✗ {told}"
        axis.annotate(text, (place, height), ha="center", fontsize=7, **where)


def is_drawn_at_limit(record: Record, y: str) -> bool:
    """Whether the time limit bounds `y` of this record from below."""
    return record.status == "time_limit" and y.endswith("_s") and y != "step_s"


def scale(axes: Iterable[Axes], records: Sequence[Record], y: str, log: bool | None) -> None:
    """A logarithmic axis for a wide span, one from zero otherwise."""
    values = [value for value in known_numbers(records, y) if value]
    values += [record.wall_s for record in records if is_drawn_at_limit(record, y)]
    wide = bool(values) and min(values) > 0 and max(values) > 20 * min(values)
    for axis in axes:  # `log` was asked for, or else the span of the values decides
        if wide if log is None else log:
            log_scale(axis)
        else:
            axis.set_ylim(bottom=0)


def log_scale(axis: Axes) -> None:
    """A logarithmic axis with plain numbers: matplotlib's own are formulas, which `STYLE` does not read."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(lambda value, _: number(float(f"{value:.3g}")))
    axis.yaxis.set_minor_formatter(NullFormatter())
