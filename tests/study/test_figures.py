"""Charts are drawn from records, readable without colour, with a text alternative."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from chart_labels import overlapping
from matplotlib.colors import to_hex

from symrnn.study.figures import COLOURS, bars, curves, lines

KINDS = {"lines": lines, "bars": bars}


@pytest.mark.parametrize("kind", KINDS)
def test_chart_is_saved_as_svg_and_png(kind, records, tmp_path):
    chart = KINDS[kind](records, x="depth", y="total_s", hue="form")
    svg, png = chart.save(tmp_path / "deep" / "naive")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_the_same_records_give_the_same_svg(records, tmp_path):
    files = [
        lines(records, x="depth", y="total_s", hue="form").save(tmp_path / name / "f")[0]
        for name in "ab"
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_jobs_over_the_limit_are_drawn_as_such(kind, records, tmp_path):
    svg, _ = KINDS[kind](records, x="depth", y="total_s", hue="form").save(tmp_path / "f")
    assert "over 600 s" in svg.read_text()


def test_the_limit_lies_within_the_axes(records):
    axis = lines(records, x="depth", y="total_s", hue="form").figure.axes[0]
    assert axis.get_ylim()[1] > 600


def test_hues_differ_in_marker_and_dashes(records):
    axis = lines(records, x="depth", y="total_s", hue="form").figure.axes[0]
    first, second = (
        line
        for line in axis.get_lines()
        if len(line.get_xdata()) > 1 and line.get_linestyle() != "None"
    )
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()


def test_a_hue_without_bars_has_its_own_colour_in_the_legend(records):
    lost = [replace(r, status="error", values={}) for r in records]
    [legend] = bars(lost, x="depth", y="total_s", hue="form").figure.legends
    colours = [to_hex(patch.get_facecolor(), keep_alpha=False) for patch in legend.get_patches()]
    assert colours == [colour.lower() for colour in COLOURS[:2]]


def test_text_alternative_tells_ends_and_failures(records):
    alt = lines(records, x="depth", y="total_s", hue="form").alt
    assert "sgd 5 s at depth 1 and 20 s at depth 4" in alt
    assert "over 600 s at depth 4" in alt


def test_panels_share_one_scale(records):
    figure = lines(records, x="depth", y="total_s", hue="form", panel="round").figure
    assert len(figure.axes) == 2
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_curves_are_drawn_and_told(tmp_path):
    series = {"loss": ([1, 2, 3], [0.5, 0.25, 0.125]), "bound": ([1, 3], [0.1, 0.1])}
    drawn = curves(series, x="step", y="nats", logarithmic=True, heading="Falling")
    [axis] = drawn.figure.axes
    assert [line.get_label() for line in axis.get_lines()] == ["loss", "bound"]
    assert axis.get_yscale() == "log"
    assert drawn.alt.startswith("Lines of nats over step: loss from 0.5 at 1 to 0.125 at 3; bound")
    told = drawn.save(tmp_path / "f")[0].read_text()
    assert "Falling" in told
    assert ">0.2</text>" in told
    assert "mathdefault" not in told


def test_numbers_that_would_touch_are_left_out_and_their_ticks_stay(records):
    many = [replace(records[0], case={"form": "sgd", "depth": 1 + 16 * i}) for i in range(13)]
    [axis] = lines(many, x="depth", y="total_s", hue="form").figure.axes
    shown = [label.get_text() for label in axis.get_xticklabels()]
    assert len(axis.get_xticks()) == 13
    assert (shown[0], shown[-1]) == ("1", "193")
    assert 4 < sum(map(bool, shown)) < 13
    assert overlapping(axis) == []


@pytest.mark.parametrize(("form", "slant"), [("sgd", 0), ("nesterov_naive_per_parameter", 20)])
def test_names_that_would_touch_are_slanted(records, form, slant):
    made = [replace(records[0], case={"form": name, "depth": 1}) for name in (form, form + "_2")]
    [axis] = bars(made, x="form", y="total_s", hue="depth").figure.axes
    assert [label.get_rotation() for label in axis.get_xticklabels()] == [slant, slant]
