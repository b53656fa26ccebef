"""A recipe's training step beside the same step by hand: seconds in turns, and how far they are apart."""


def beside(recipe, arrays, hand):
    """The values of a record: a step of the recipe on the batch `arrays`, in this process's mode, against `hand`.

    ``hand()`` takes a step from the same start and returns the parameters after it.
    """
    from symrnn.bench.in_turns import against_hand

    return against_hand(hand, our_step(recipe, arrays), rounds=15, calls=5)


def our_step(recipe, arrays):
    """A function that takes a step of the recipe and returns the parameters after it."""
    import pytensor

    from symrnn.measure.stages import wait_for
    from symrnn.training.compiled import compiled

    graph, mode = recipe.graph(), pytensor.config.mode
    function = compiled(graph.inputs, graph.loss, recipe.updates(graph), mode=mode)

    def step():
        loss = function(*arrays)
        values = [param.get_value(borrow=True) for param in graph.params]
        if mode == "JAX":  # returns before it is done; others have no time to lose on asking
            wait_for([loss, *values])
        return values

    return step


def by_hand_step(update, state, params_of):
    """As `our_step` with ``update(state) -> (loss, state)`` of JAX, which may return before it is done."""
    import jax

    now = [state]

    def step():
        _, now[0] = jax.block_until_ready(update(now[0]))
        return params_of(now[0])

    return step


def first_adamw_step(loss, recipe, arrays):
    """Seconds from the making of a step of AdamW to the end of the first one, as a JAX user writes it."""
    from time import perf_counter

    import jax
    from by_hand.digit_rows import adamw_state, adamw_step

    start = adamw_state([param.get_value() for param in recipe.graph().params])
    begin = perf_counter()
    jax.block_until_ready(adamw_step(loss)(start, *arrays))
    return {"total_s": perf_counter() - begin}
