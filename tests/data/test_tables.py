"""Numbers from files: the embedded series is the published one; a malformed file is one sentence with its place."""

import numpy as np
import pytest

from symrnn.data.additions import additions, bits, number_of
from symrnn.data.monthly_csv import read as monthly_series
from symrnn.errors import UserError
from symrnn.models.airline_passengers import AirlinePassengers

YEARLY = [  # thousands in 1949 to 1960, R's aggregate(AirPassengers, FUN = sum)
    1520, 1676, 2042, 2364, 2700, 2867, 3408, 3939, 4421, 4572, 5140, 5714,
]  # fmt: skip


def test_the_passengers_add_up_to_the_published_years():
    series = monthly_series()
    assert series.counts.reshape(12, 12).sum(axis=1).tolist() == YEARLY
    assert series.counts.max() == series.counts[12 * 11 + 6] == 622
    assert (series.name(0), series.name(143)) == ("1949-01", "1960-12")
    assert series.months().tolist() == list(range(12)) * 12


def test_additions_to_test_on_are_unseen():
    drawn = additions(seed=3)
    train, test = ({tuple(pair) for pair in part.tolist()} for part in drawn)
    assert (len(train), len(test)) == (2000, 1000)
    assert not train & test
    assert {n for pair in train | test for n in pair} == set(range(64))


def test_bits_are_undone():
    numbers = np.arange(127)
    np.testing.assert_array_equal(number_of(bits(numbers)), numbers)


def test_your_own_additions_are_trained_on_and_the_others_tested(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("x1,x2\n" + "".join(f"{n},{n}\n" for n in range(50)))
    drawn = additions(path=path)
    assert drawn.train.tolist() == [[n, n] for n in range(50)]
    assert not (drawn.test[:, 0] == drawn.test[:, 1])[drawn.test[:, 0] < 50].any()


def test_your_own_series_may_begin_in_any_month(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("# of mine\nmonth,passengers\n1999-12,3\n2000-01,4.5\n")
    series = monthly_series(path)
    assert series.counts.tolist() == [3.0, 4.5]
    assert series.months(3).tolist() == [11, 0, 1]


HEAD = b"month,passengers\n"
MALFORMED = {  # content: what the sentence says after the path
    b"": "must hold the heading 'month,passengers' and rows below it, but is empty",
    HEAD: "must hold rows below its heading, but has none",
    b"a,b\n1,2\n": "line 1: the heading must be 'month,passengers', but is 'a,b'",
    HEAD + b"1949-01,112\n1949-02,many\n": "line 3: passengers must be a number, but is 'many'",
    HEAD + b"1949-01,nan\n": "line 2: passengers must be a number, but is 'nan'",
    HEAD + b"1949-01,1_2\n": "line 2: passengers must be a number, but is '1_2'",
    HEAD + "1949-01,\u0661\n".encode(): "line 2: passengers must be a number, but is '\u0661'",
    HEAD + "\u0661\u0669\u0664\u0669-01,1\n".encode(): "line 2: month must be like 1949-01",
    HEAD + b"1949-01,0\n": "line 2: passengers must be above 0, but are 0",
    HEAD + b"1949-01\n": "line 2: there must be 2 cells, month,passengers, but there are 1",
    HEAD + b"1949-13,5\n": "line 2: month must be like 1949-01, but is '1949-13'",
    HEAD + b"1949-01,5\n1949-03,5\n": "line 3: the month must be 1949-02, but is '1949-03'",
    HEAD + b"1949-01,\xff5\n": "byte 25: the text must be UTF-8, but holds the byte 0xff there",
}


@pytest.mark.parametrize("content", MALFORMED)
def test_a_malformed_series_is_one_sentence_with_its_place(tmp_path, content):
    path = tmp_path / "series.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        monthly_series(path)
    assert str(caught.value).startswith(str(path))
    assert MALFORMED[content] in str(caught.value)
    assert "\n" not in str(caught.value)


WRONG_PAIRS = {  # content: what the sentence says
    "x1,x2\n1,64\n": "line 2: a number must be whole, from 0 to 63, but is 64",
    "x1,x2\n1,2\n1.5,2\n": "line 3: a number must be whole, from 0 to 63, but is 1.5",
    "x1,x2\n1,x\n": "line 2: x2 must be a number, but is 'x'",
}


@pytest.mark.parametrize("content", WRONG_PAIRS)
def test_a_pair_that_cannot_be_added_is_refused(tmp_path, content):
    path = tmp_path / "pairs.csv"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        additions(path=path)
    assert WRONG_PAIRS[content] in str(caught.value)


def test_samples_must_leave_pairs_to_test_on():
    with pytest.raises(UserError, match="samples must leave 1000 of the 4096 pairs"):
        additions(samples=4000)


def test_a_series_too_short_to_hold_out_months_is_refused(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("month,passengers\n" + "".join(f"2000-{m:02d},5\n" for m in range(1, 13)))
    with pytest.raises(UserError, match="must have two years of months before the 24 held out"):
        AirlinePassengers().data(path)
