"""The report says what the records say."""

from dataclasses import replace

from made_records import make_record

from symrnn.study.experiment import grid
from symrnn.study.quantities import select
from symrnn.study.report import markdown_report, newest_setup, other_versions, pictures, section
from symrnn.study.table import Comparison, table


def test_words_are_computed_from_the_records(experiment, records):
    assert "2.05 times (2 to 2.1) the time" in section(experiment, records).answer
    faster = [replace(r, values=r.values | {"total_s": 5.0}) if r.values else r for r in records]
    assert "takes exactly the time" in section(experiment, faster).answer


def test_report_holds_question_answer_table_figure_machine_and_command(
    experiment, records, tmp_path
):
    told = section(experiment, records, pictures(experiment, records, tmp_path / "naive"))
    text = markdown_report([told], tmp_path)
    assert text.startswith("# What does the naive form cost?\n\nThe naive form takes")
    assert "![Line chart of total (seconds) against depth" in text
    assert "(naive/naive.svg)" in text
    assert "| depth | form |" in text
    assert "a CPU, 2 cores, 8 GB, Linux, BLAS threads 1; python 3.11.9, pytensor 3.0.7" in text
    assert "`symrnn run naive`" in text
    assert "> Expected: twice as much." in text
    assert "\n\n\n" not in text


def test_failures_are_named(experiment, records):
    told = section(experiment, records)
    assert told.failures == ("compile depth=4 form=naive, NUMBA cold: over 600 s",)
    assert "12 jobs in 2 rounds (10 finished, 2 over the time limit)" in told.counts


def test_an_error_that_is_an_answer_is_refused_and_no_failure(experiment, records, tmp_path):
    error = {"status": "error", "message": "TypeError: shapes must be concrete (in phase link)"}
    lost = [replace(r, **error, values={}) if r.case["form"] == "naive" else r for r in records]
    assert len(section(experiment, lost).failures) == 3
    experiment.module.refusals = ["shapes must be concrete"]
    told = section(experiment, lost, pictures(experiment, lost, tmp_path / "naive"))
    assert told.failures == ()
    assert "6 refused" in told.counts
    assert [cells[-1] for cells in told.tables["compile"].rows] == ["", "refused"] * 3
    assert "refused at depth 4" in told.pictures[0].alt


TRAIN = {
    "train": {
        "cases": grid(steps=[200, 300], form=["sgd"]),
        "quick": grid(steps=[20], form=["sgd"]),
    }
}


def test_a_run_that_is_smaller_than_all_that_is_asked_says_so(experiment, records):
    experiment.module.tasks = TRAIN
    quick = make_record({"steps": 20, "form": "sgd"}, task="train")
    told = section(experiment, [*records, quick]).answer
    assert told.endswith(
        "**A quick run**, smaller than what answers the question: `train` with steps 20, not 200."
    )
    full = make_record({"steps": 200, "form": "sgd"}, task="train")
    assert "quick run" not in section(experiment, [*records, quick, full]).answer
    assert "quick run" not in section(experiment, records[:1]).answer


def test_no_finished_job_is_no_answer(experiment, records):
    assert "No job has finished" in section(experiment, select(records, status="time_limit")).answer


def test_records_of_another_machine_are_left_out_and_counted(experiment, records):
    elsewhere = [replace(record, machine={"cpu": "another CPU"}) for record in records]
    told = section(experiment, elsewhere + records)
    assert told.left_out == len(records)
    assert "12 records of other machines or versions are left out." in markdown_report([told], ".")


def test_jobs_that_ran_at_once_are_told_and_not_mixed_with_others(experiment, records):
    at_once = [replace(r, machine=r.machine | {"jobs_at_once": 2}) for r in records]
    told = section(experiment, records + at_once)
    assert told.left_out == len(records)
    assert "2 jobs at a time, which disturb each other's times" in told.setups[0]


def test_a_crash_without_versions_belongs_to_its_run(records):
    crash = replace(records[0], status="crash", versions={}, machine={})
    assert len(newest_setup([*records, crash])) == len(records) + 1


def test_other_installed_versions_are_named(records):
    older = [replace(record, versions={"numpy": "0.0.1"}) for record in records]
    assert other_versions(older).startswith("numpy 0.0.1 (now ")


def test_table_has_medians_ratios_and_failures(records):
    found = table(records, comparison=Comparison({"form": "sgd"}))
    rows = {cells[:2]: cells[2:] for cells in found.rows}
    assert found.columns[:2] == ("depth", "form")
    assert found.columns[-2:] == ("total ÷ sgd", "outcome")
    assert rows["2", "naive"][-2:] == ("2.05", "")
    assert rows["4", "naive"] == (*["–"] * (len(found.columns) - 3), "over 600 s")
    assert rows["1", "sgd"][0] == "2 s"
