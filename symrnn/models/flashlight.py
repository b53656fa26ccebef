"""Flashlight's beam search over words with KenLM, beside `symrnn.ops.ctc.beam_decode`: the extra ``decoders``.

It searches the same sentences by the same score, the paths of each added up, and prunes in another way: it asks the
language model at the end of a word, and before that takes the most probable word that begins so, whatever comes before.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from symrnn.errors import UserError
from symrnn.models.arpa import arpa
from symrnn.models.word_ngram import WordNgram


def flashlight_decode(
    log_probs: np.ndarray,
    input_lengths: np.ndarray,
    model: WordNgram,
    *,
    beam: int = 32,
    weight: float = 1.0,
    bonus: float = 0.0,
    blank: int = 0,
) -> list[str]:
    """The sentence of each item of ``log_probs (T, B, C)``; `bonus` is for each word, all else as in `beam_decode`.

    Raises
    ------
    UserError
        When the extra is not installed.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "words.arpa"
        path.write_text(arpa(model))
        decoder, words = made(model, str(path), beam, weight, bonus, blank)
        return [
            sentence(decoder, words, np.ascontiguousarray(log_probs[:length, item], "float32"))
            for item, length in enumerate(input_lengths)
        ]


def made(
    model: WordNgram, path: str, beam: int, weight: float, bonus: float, blank: int
) -> tuple[Any, Any]:
    """Flashlight's decoder and its dictionary of words."""
    try:
        from flashlight.lib.text import decoder as search
        from flashlight.lib.text.decoder.kenlm import KenLM
        from flashlight.lib.text.dictionary import Dictionary
    except ImportError as error:
        raise UserError(
            f"flashlight_decode needs the extra 'decoders' ({error}); "
            "pip install 'symrnn[decoders]', or call symrnn.ops.ctc.beam_decode"
        ) from None
    words = Dictionary([*model.words, "<unk>"])
    unknown = words.get_index("<unk>")
    words.set_default_index(unknown)
    language_model = KenLM(path, words)
    space = model.alphabet.index(" ")
    tree = _spellings(search, model, words, language_model)
    # As `beam_decode`: the width of the beam alone prunes, no threshold and no choice of symbols; unknown words are
    # none.
    options = search.LexiconDecoderOptions(
        beam_size=beam,
        beam_size_token=len(model.alphabet),
        beam_threshold=1e9,
        lm_weight=weight * np.log(10),  # KenLM's logarithms are decimal
        word_score=bonus,
        unk_score=-np.inf,
        sil_score=0.0,
        log_add=True,
        criterion_type=search.CriterionType.CTC,
    )
    # No scores of transitions, and a language model of words, not of tokens.
    found = search.LexiconDecoder(options, tree, language_model, space, blank, unknown, [], False)
    return found, words


def _spellings(search: Any, model: WordNgram, words: Any, language_model: Any) -> Any:
    """The tree of all words' spellings, each with what the model says of it at a sentence's beginning."""
    tree = search.Trie(len(model.alphabet), model.alphabet.index(" "))
    start = language_model.start(True)  # after nothing
    for word in model.words:
        index = words.get_index(word)
        _, score = language_model.score(start, index)
        tree.insert([model.alphabet.index(character) for character in word], index, score)
    # Within a word, what its best ending would score: so beams are compared before they come to the end.
    tree.smear(search.SmearingMode.MAX)
    return tree


def sentence(decoder: Any, words: Any, log_probs: np.ndarray) -> str:
    """The words of one item ``(T, C)``, float32."""
    # A pointer goes over, and no array: hence float32, contiguous, and held by the caller.
    best = decoder.decode(log_probs.ctypes.data, *log_probs.shape)[0]
    return " ".join(words.get_entry(word) for word in best.words if word >= 0)
