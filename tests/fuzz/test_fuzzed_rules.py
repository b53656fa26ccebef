"""Update rules drawn by hypothesis, on losses and networks, against NumPy."""

from fuzzing import fuzzed
from rules_in_numpy import RULES as IN_NUMPY
from training_draws import trainings
from training_runs import FORMS, check

from symrnn.updates import RULES


@fuzzed(trainings(), share=0.2)
def test_a_training_is_what_the_rule_in_numpy_makes_of_it(case):
    check(case)


def test_every_rule_is_drawn():
    # rmsprop_nesterov and nesterov_momentum are rules with a form of momentum upon them
    assert {*IN_NUMPY, "rmsprop_nesterov", "nesterov_momentum"} == set(RULES)
    assert len(FORMS) == 5
