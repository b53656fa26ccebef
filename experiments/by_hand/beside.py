"""A recipe's training step in PyTensor beside the same step by hand: seconds in turns, and how far they are apart."""


def beside(recipe, arrays, hand, *, modes=("JAX", "NUMBA"), rounds=15, calls=5):
    """Seconds and ratios of a step on the batch `arrays`; ``hand()`` takes one and returns the parameters after it.

    The largest difference is that between parameters after the first step from the same start.
    """
    import numpy as np

    from symrnn.bench.in_turns import in_turns

    ours, params = {mode: our_step(recipe, arrays, mode) for mode in modes}, hand()
    apart = [
        abs(np.asarray(own) - np.asarray(other)).max()
        for step in ours.values()
        for own, other in zip(step(), params, strict=True)
    ]
    seconds = in_turns({"by_hand": hand, **ours}, rounds=rounds, calls=calls)
    ratios = {
        f"{mode}_ratio": [a / b for a, b in zip(seconds[mode], seconds["by_hand"], strict=True)]
        for mode in modes
    }
    samples = {f"{name}_s": each for name, each in seconds.items()}
    return samples | ratios | {"largest_difference": float(max(apart))}


def our_step(recipe, arrays, mode):
    """A function that takes a step of the recipe and returns the parameters after it."""
    import numpy as np

    from symrnn.training.compiled import compiled

    graph = recipe.graph()
    function = compiled(graph.inputs, graph.loss, recipe.updates(graph), mode=mode)

    def step():
        np.asarray(function(*arrays))
        return [np.asarray(param.get_value()) for param in graph.params]

    return step
