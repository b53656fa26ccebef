"""Real data, embedded or from the user's own file; a malformed file is one `UserError` with the line or offset.

A reader of a format is one file here and one row of `READERS`. The file is called as its format. It has ``read(path)``,
which refuses what does not fit in one sentence, and ``SAMPLE``, a small example as ``{file name: bytes}``, a folder
where it holds several files. What a network makes of what was read stands in files of their own.
"""

__all__ = [
    "READERS",
    "additions",
    "clips",
    "digits",
    "drawn_shapes",
    "eeg_generator",
    "eeg_raw",
    "eeg_recordings",
    "eeg_splits",
    "eeg_steps",
    "grid_grammar",
    "mouths",
    "patches",
    "rendered_faces",
    "streams",
    "talking_mouths",
    "video",
    "visemes",
    "word_shapes",
    "words",
]

READERS = {  # file here: what the path given to --data must be
    "cifar": "a folder with CIFAR-10's data_batch_1.bin and on and test_batch.bin, or its batches for Python",
    "deap": "DEAP's sXX.dat or sXX.bdf or a folder of them, or a pair NAME_TRAIN.ts and NAME_TEST.ts",
    "grid": "a clip of GRID, .mpg or .npz of crops, a folder of clips, or one with a folder a speaker",
    "idx": "a folder with MNIST's four idx files, gzipped or not",
    "monthly_csv": "a CSV file headed month,passengers, a row for each month",
    "pairs_csv": "a CSV file headed x1,x2, rows of two whole numbers from 0 to 63",
    "photographs": "a photograph that Pillow reads, PNG or JPEG say, or a folder of them",
    "text": "a text in UTF-8",
    "ts": "NAME_TRAIN.ts or NAME_TEST.ts, which lie side by side, or their folder",
    "wikitext": "a folder with WikiText's wiki.train.tokens, wiki.valid.tokens, wiki.test.tokens, or a text in UTF-8",
}
