"""Every experiment reads its own records: recorded samples of real runs, and what remains when jobs fail."""

import re
from dataclasses import replace
from pathlib import Path

import pytensor
import pytest
from chart_labels import overlapping
from matplotlib import pyplot

import symrnn.native
from symrnn.bench.records import load_records
from symrnn.study.experiment import experiment_names, load_experiment
from symrnn.study.figures import Chart
from symrnn.study.report import markdown_report, pictures, section

assert symrnn.native  # makes mode="NATIVE" known, in which the experiment trains
HERE = Path(__file__).parent
EXPERIMENTS = HERE.parents[1] / "experiments"
RECORDED = sorted(path.stem for path in (HERE / "recorded").glob("*.jsonl"))


def recorded(name):
    """The experiment `name` and its sample of records."""
    return load_experiment(name, EXPERIMENTS), load_records(HERE / "recorded" / f"{name}.jsonl")


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_samples_make_a_report_with_figures(name, tmp_path, monkeypatch):
    experiment, records = recorded(name)
    touching, save = [], Chart.save

    def looked_at(chart, stem):
        touching.extend(pair for axis in chart.figure.axes for pair in overlapping(axis))
        return save(chart, stem)

    monkeypatch.setattr(Chart, "save", looked_at)
    told = section(experiment, records, pictures(experiment, records, tmp_path / name))
    text = markdown_report([told], tmp_path)
    assert told.pictures
    assert all(picture.alt for picture in told.pictures)
    assert touching == []
    assert not re.search(r"(?<![\d.])1 times", text)  # what is equal is "exactly" so
    assert "None" not in text
    assert "nan" not in text


@pytest.mark.parametrize("name", RECORDED)
def test_one_finished_job_is_enough_for_an_answer(name, tmp_path, monkeypatch):
    experiment, records = recorded(name)

    def laid_out(chart, stem):  # as for a file, which samples in full are written to
        chart.figure.draw_without_rendering()
        pyplot.close(chart.figure)
        return stem, stem

    monkeypatch.setattr(Chart, "save", laid_out)
    for task in {record.task for record in records}:
        first = next(record for record in records if record.task == task and record.is_ok)
        assert isinstance(section(experiment, [first]).answer, str)
        lost = [
            replace(r, status="time_limit", message="over 1 s", values={})
            for r in records
            if r != first
        ]
        assert isinstance(section(experiment, [first, *lost]).answer, str)
        assert pictures(experiment, [first, *lost], tmp_path)


def test_answer_of_nesterov_forms_states_sizes_floor_and_training():
    experiment, records = recorded("nesterov_forms")
    told = section(experiment, records).answer
    assert "the naive forms have exactly the Scan nodes of odd/even" in told
    assert re.search(r"packed in them 1.5 to [23](.5)? times the components", told)
    assert "Odd/even has exactly the scans and components of sgd" in told
    assert "over 200 steps (below 1e-9)" in told
    assert "reads 96.9 % of them correctly" in told


def test_answer_of_nesterov_forms_owns_up_when_the_forms_disagree():
    experiment, records = recorded("nesterov_forms")
    worse = [
        replace(r, values=r.values | {"largest_difference": 1e-3}) if r.task == "train" else r
        for r in records
    ]
    assert "(NOT below 1e-9)" in section(experiment, worse).answer
    more = [
        replace(r, values=r.values | {"after": r.values["after"] | {"scans": 9}})
        if r.case.get("form") == "nesterov_odd_even"
        else r
        for r in records
    ]
    assert "Odd/even has other scans or components than sgd for" in section(experiment, more).answer


def test_nesterov_forms_shows_by_depth_what_is_over_the_limit(tmp_path):
    experiment, records = recorded("nesterov_forms")
    clone, per_parameter = (f"plain_nesterov_naive_{form}" for form in ("clone", "per_parameter"))
    even = [r for r in records if r.case.get("form") == "nesterov_odd_even"]
    first = [replace(r, case=r.case | {"depth": depth}) for depth in (1, 6) for r in even[:1]]
    made = [replace(r, case=r.case | {"form": clone}) for r in first]
    lost = [
        replace(r, case=r.case | {"form": per_parameter}, values={}, wall_s=5.1,
                status="time_limit", message="over 5 s in phase rewrite")
        for r in first
    ]  # fmt: skip
    told = section(experiment, [*first, *made, *lost]).answer
    assert re.search(r"\| 1 \| [\d.]+ m?s \| [\d.]+ m?s \| over 5 s \|", told)
    assert re.search(r"\| 6 \| [\d.]+ m?s \| [\d.]+ m?s \| over 5 s \|", told)
    chart, *_ = pictures(experiment, [*first, *made, *lost], tmp_path)
    assert f"{per_parameter} over 5 s in phase rewrite at depth 1" in chart.alt


def test_answer_of_gradient_forms_states_growth_and_size():
    experiment, records = recorded("gradient_forms")
    told = section(experiment, records).answer
    assert "With autodiff, 4 layers did not finish." in told
    assert "have 138 apply nodes: equal." in told


def test_nesterov_forms_trains_all_forms_alike():
    with pytensor.config.change_flags(mode="NATIVE"):
        trained = load_experiment("nesterov_forms", EXPERIMENTS).module.train("rnn", 1, 2, 1)
    assert len(trained["losses"]) == 5
    assert trained["largest_difference"] < 1e-12
    assert trained["first_loss"] > trained["last_loss"]
    assert 0 < trained["accuracy"] < 1


def test_answer_of_binary_adder_counts_the_exact_networks():
    told = section(*recorded("binary_adder")).answer
    assert (
        "With 3 states, 7 of 20 networks add 1000 unseen pairs exactly after the tutorial's" in told
    )
    assert "11 of them err in one such situation and in no other" in told
    assert "With 8 states, 20 of 20 networks" in told
    assert "    x1:   1010110   53\n    x2: + 0111010   46" in told
    assert "by at most 1.9e-10 (below 1e-7)" in told


def test_answer_of_airline_passengers_states_both_errors_and_the_agreement():
    told = section(*recorded("airline_passengers")).answer
    assert (
        "a month ahead 17.7 (16.4 to 18.9), where the count of twelve months before gives 50"
        in told
    )
    assert "(below it in 20)" in told
    assert "differ by at most 4.2e-17 in outputs" in told


def test_answer_of_native_mode_has_its_ratios_beside_the_goals():
    told = section(*recorded("native_mode")).answer
    assert "| net | cold ÷ JAX by hand | step ÷ JAX by hand | warm ÷ cold |" in told
    assert re.search(r"\| tanh_1 \| [\d.]+ \| [\d.]+ \(goal: at most 0.18\) \| [\d.]+ \|", told)
    assert re.search(r"\| adder \| [\d.]+ \(goal: at most 0.8\) \| [\d.]+ µs \| [\d.]+ µs \|", told)


def test_answer_of_native_mode_says_which_goals_are_missed():
    experiment, records = recorded("native_mode")
    slow = [
        replace(r, values=r.values | {"step_cpu_s": [1.0], "cpu_ratio": [0.9]}) for r in records
    ]
    slow = [r for r in slow if r.mode == "NATIVE"] + [r for r in records if r.mode != "NATIVE"]
    told = section(experiment, slow).answer
    assert "(goal MISSED: at most 0.18)" in told
    assert "0.9 (goal MISSED: at most 0.8)" in told


BESIDE_JAX = [
    *("airline_passengers", "binary_adder", "character_model", "digit_networks"),
    *("eeg_emotion", "language_models", "lip_reading", "tagger"),
]


@pytest.mark.parametrize("name", BESIDE_JAX)
def test_a_step_by_hand_in_jax_is_the_same_step(name):
    experiment, records = recorded(name)
    by_hand = [record for record in records if record.task == "by_hand"]
    assert by_hand
    # Adam's first step divides a gradient by its size, and so what float32 rounds away of the smallest ones
    most = 1e-4 if name == "eeg_emotion" else 1e-5
    assert all(record.values["largest_difference"] < most for record in by_hand)
    told = section(experiment, by_hand).answer
    assert told.count("after the first step, parameters differ by at most") == len(by_hand)


def test_tcn_trained_for_a_few_epochs_gives_no_verdict():
    experiment, records = recorded("tcn")
    short = [replace(r, case=r.case | {"epochs": 10}) if "epochs" in r.case else r for r in records]
    told = section(experiment, short).answer
    assert "**A quick run**" in told
    assert "Too short to say who reads best, which takes 150 epochs" in told
    assert "published" not in told
    assert "comes within 5 %" not in told
    assert "published" in section(experiment, records).answer


def test_answer_of_eeg_emotion_says_what_leakage_is_worth():
    experiment, records = recorded("eeg_emotion")
    folds = {
        r.case["split"]: replace(r, case=r.case | {"steps": 600})
        for r in records
        if r.task == "folds" and r.case["labels"] == "true"
    }

    def told(at_random, apart):
        accuracies = {"segment": at_random, "recording": apart}
        changed = [
            replace(folds[split], values=folds[split].values | {"accuracy": accuracy})
            for split, accuracy in accuracies.items()
        ]
        return section(experiment, changed).answer

    good, bad = told(0.97, 0.925), told(0.97, 0.5)
    assert "Leakage is worth 4.5 points to `gru`: 97.0 % at random, 92.5 % on other" in good
    assert "every network is above 90 %" in good
    assert "Leakage is worth 47.0 points" in bad
    assert "every network is NOT above 90 %" in bad
    assert "| HVHA | " in good
    whole = section(experiment, records).answer
    assert "The generator plants it: 5.0 % of the recordings" in whole
    assert re.search(
        r"GRU, by recording, ratings shuffled: 2\d.\d % of 4800 .* in 5 shuffles", whole
    )


def test_answer_of_eeg_series_owns_up_to_medians_below_what_was_to_be_reached():
    experiment, records = recorded("eeg_series")
    given = {r.case["data"]: r for r in records if r.task == "given" and r.case["seeds"] == 5}
    told = section(experiment, [*given.values()]).answer
    assert "SelfRegulationSCP1" in told
    for name, goal in experiment.module.GOALS.items():
        for median, verdict in ((goal, ": at least"), (goal - 0.01, ": NOT at least")):
            record = replace(given[name], values=given[name].values | {"median": median})
            answer = section(experiment, [record]).answer
            assert f"{verdict} {100 * goal:.1f} %. An ensemble of the seeds:" in answer


def test_answer_of_lip_reading_owns_up_to_rates_above_what_was_to_be_reached():
    experiment, records = recorded("lip_reading")
    [found] = [r for r in records if r.task == "reading"]
    for letters, words, verdict in ((0.04, 0.09, ": below"), (0.04, 0.1, ": NOT below")):
        rates = {"cer_read_off": letters, "wer": words}
        told = section(experiment, [replace(found, values=found.values | rates)]).answer
        assert f"{100 * words:.1f} % by GRID's grammar; {verdict[2:]} 5 % of the letters" in told
    whole = section(experiment, records).answer
    assert "trained at jitter 1 and no losses" in whole
    assert "The naive form of Nesterov's momentum has, beside odd/even:" in whole
    assert "Cold, from building the graph to the end of the first step of AdamW" in whole


def test_answer_of_language_models_owns_up_to_perplexities_above_what_was_to_be_reached():
    experiment, records = recorded("language_models")
    usual = experiment.module.USUAL["library"]

    def told(**perplexities):
        changed = [
            replace(r, values=r.values | {"test": perplexities[r.case["variant"].split("-")[0]]})
            if r.task == "train"
            and r.case["text"] == "library"
            and r.case["epochs"] == usual.get(r.case["variant"])
            else r
            for r in records
        ]
        return section(experiment, changed).answer

    good = told(AWD=70.0, QRNN=72.0, **{"plain LSTM": 80.0})
    assert "AWD-LSTM is below a plain LSTM of its size" in good
    assert (
        "the QRNN is within 5 % of it (1.029 times); AWD-LSTM is below, the QRNN below the 5-gram"
        in good
    )
    bad = told(AWD=70.0, QRNN=75.0, **{"plain LSTM": 69.0})
    assert "AWD-LSTM is NOT below a plain LSTM of its size" in bad
    assert (
        "the QRNN is NOT within 5 % of it (1.071 times); AWD-LSTM is below, the QRNN NOT below the 5-gram"
        in bad
    )
    whole = section(experiment, records).answer
    assert "What each part of AWD-LSTM is worth" in whole
    in_jax = [
        replace(r, task="jax_by_hand", mode="JAX", case={"network": r.case["network"]})
        for r in records
        if r.case.get("form") == "adamw"
    ]
    beside = section(experiment, [*in_jax, *records]).answer
    assert "Cold, from building the graph to the end of the first step of AdamW:" in beside
    assert "- awd_lstm: 1.6 s, 1.00 times JAX by hand (1.6 s)" in beside
    assert "2 times the components" in whole  # of the naive form


def test_shapes_that_jax_refuses_are_an_answer():
    told = section(*recorded("static_shapes"))
    assert "JAX refuses symbolic and batch shapes: it takes static ones only." in told.answer
    assert "no pair finished" not in told.answer
    assert told.failures == ()


def test_odd_even_form_names_the_rules_that_were_trained():
    told = section(*recorded("odd_even_form")).answer
    assert "after 200 steps, over sgd." in told


def test_every_task_of_every_experiment_has_a_recorded_sample():
    """So that no answer, figure or column is read by nobody."""
    missing = {}
    for name in experiment_names(EXPERIMENTS):
        experiment, records = recorded(name)
        finished = {record.task for record in records if record.is_ok}
        if lost := {task.name for task in experiment.tasks()} - finished:
            missing[name] = lost
    assert missing == {}
