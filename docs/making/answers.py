"""Every experiment's question with its latest answer: read from the samples of real runs that the tests read too."""

from pathlib import Path

from matplotlib import pyplot, rc_context

from making.api import replace
from symrnn.bench.records import load_records
from symrnn.replacing import replacing
from symrnn.study.experiment import experiment_names, load_experiment
from symrnn.study.figures import STYLE
from symrnn.study.report import crosses_versions, newest_setup, section, unprofiled

ROOT = Path(__file__).parents[2]
EXPERIMENTS, RECORDED = ROOT / "experiments", ROOT / "tests" / "experiments" / "recorded"


def write(folder):
    """A page an experiment, its figures, and the list of all."""
    folder.mkdir(parents=True, exist_ok=True)
    told = [answered(name, folder) for name in experiment_names(EXPERIMENTS)]
    lines = ["# Every question, and its latest answer\n"]
    lines += [
        "Each is a file of `experiments/` that `symrnn run NAME` answers on your machine. Below are the answers of one"
        " run each, kept as the sample that the tests read; each says its machine and its versions.\n",
        "```{toctree}\n:maxdepth: 1\n",
        *(f"{name}" for name in told),
        "```\n",
    ]
    replace(folder / "index.md", "\n".join(lines))


def answered(name, folder):
    """Write the page of one experiment; its name."""
    sample, path = RECORDED / f"{name}.jsonl", folder / f"{name}.md"
    experiment = load_experiment(name, EXPERIMENTS)
    newest = max(each.stat().st_mtime for each in (sample, experiment.path, Path(__file__)))
    if path.exists() and path.stat().st_mtime > newest:
        return name  # drawing takes most of a build
    records = load_records(sample)
    found = section(experiment, records)
    parts = [f"# {found.question}\n", shifted(found.answer) + "\n"]
    parts += [figure(chart, stem, name, folder) for stem, chart in charts(experiment, records)]
    parts += [f"{found.counts}\n", *(f"- {line}" for line in found.setups)]
    parts += [f"\nAgain: `{found.command}`, then `symrnn report {name}`.\n"]
    with replacing(path) as beside:  # half a page would be newer than its records, and stay
        beside.write_text("\n".join(parts))
    return name


def charts(experiment, records):
    """Charts by the names that `symrnn figures` gives them; without PNG files, which take as long again."""
    newest = newest_setup(unprofiled(records), across_versions=crosses_versions(experiment))
    drawn = experiment.module.figure([experiment.judged(record) for record in newest])
    drawn = drawn if isinstance(drawn, list | tuple) else [drawn]
    return [
        (experiment.name + (f"-{i}" if i > 1 else ""), chart) for i, chart in enumerate(drawn, 1)
    ]


def shifted(answer):
    """An answer whose headings stand below the page's."""
    return "\n".join(f"#{line}" if line.startswith("# ") else line for line in answer.split("\n"))


def figure(chart, stem, name, folder):
    """A figure with its text alternative, and the command that draws it; the file is written."""
    with rc_context(STYLE), replacing(folder / f"{stem}.svg") as beside:
        chart.figure.savefig(beside, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(chart.figure)
    alt = " ".join(chart.alt.split())
    caption = chart.caption.replace("%", "\\%")  # which begins a comment
    return f"```{{figure}} {stem}.svg\n:alt: {alt}\n\n{caption} `symrnn figures {name}`\n```\n"
