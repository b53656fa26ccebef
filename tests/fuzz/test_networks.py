"""Networks drawn by hypothesis, their values and gradients against loops in NumPy."""

from fuzzing import fuzzed
from network_draws import networks
from network_oracle import check


@fuzzed(networks(), share=0.25)
def test_a_network_is_what_loops_in_numpy_make_of_it(case):
    check(case)
