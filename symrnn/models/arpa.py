"""A word n-gram as an ARPA file, which KenLM and the decoders built on it read.

`symrnn.models.word_ngram` interpolates, ARPA files back off. Here each context that was seen lists every word, so that
nothing is backed off to within it, and a context that was not seen stands for the shorter one, at no price: the
probabilities are the same in both.
"""

from itertools import dropwhile

import numpy as np

from symrnn.models.word_ngram import END, WordNgram


def arpa(model: WordNgram) -> str:
    r"""The text of the file; `<s>` and `</s>` are the ends of a sentence.

    Examples
    --------
    >>> text = arpa(WordNgram.fit(["a b", "b a"], [*" ab"], order=2))
    >>> text.splitlines()[:3], [line for line in text.splitlines() if line.endswith("<s> a")]
    (['\\data\\', 'ngram 1=5', 'ngram 2=9'], ['-0.380211\t<s> a'])
    """
    contexts = {}
    for length, counts in enumerate(model.model.levels):
        for number in counts.contexts:
            context = digits(int(number), length, len(model.words) + 1)
            name = name_of(context, model)
            if name is not None:
                contexts[name] = context
    lines: dict[int, list[str]] = {order: [] for order in range(1, model.model.order + 1)}
    # Below all others: what no sentence has, and the start, which nothing comes before.
    lines[1] += ["-99\t<unk>", "-99\t<s>\t0"]
    for name, context in contexts.items():
        logs = np.log10(model.model.following(context))
        # Number 0 is the end of a sentence, the words follow from 1 on. A weight of 0 to back off with is a factor of
        # 1.
        for word, log in zip(("</s>", *model.words), logs, strict=True):
            lines[len(name) + 1].append(f"{log:.6f}\t{' '.join((*name, word))}\t0")
    highest = max(order for order, found in lines.items() if found)
    lines = {order: found for order, found in lines.items() if order <= highest}
    # Words of the highest order are no context, and have no weight to back off with.
    lines[highest] = [line.removesuffix("\t0") for line in lines[highest]]
    sizes = [f"ngram {order}={len(found)}" for order, found in lines.items()]
    blocks = ["\n".join([f"\\{order}-grams:", *found]) for order, found in lines.items()]
    return "\n\n".join(["\n".join(["\\data\\", *sizes]), *blocks, "\\end\\\n"])


def digits(number: int, length: int, base: int) -> tuple[int, ...]:
    """The words of a context as `symrnn.models.ngram` counts it, the earliest first.

    Examples
    --------
    >>> digits(7, 3, 5)
    (0, 1, 2)
    """
    return tuple(number // base**place % base for place in reversed(range(length)))


def name_of(context: tuple[int, ...], model: WordNgram) -> tuple[str, ...] | None:
    """The words of a context, or None where no sentence has it.

    Ends stand as often before a sentence as a context is long. A shorter context of them is never asked for.
    """
    words = tuple(dropwhile(lambda word: word == END, context))
    if END in words:
        return None
    if len(words) == len(context):
        start: tuple[str, ...] = ()
    elif len(context) == model.model.order - 1:
        start = ("<s>",)
    else:
        return None
    return (*start, *(model.words[word - 1] for word in words))
