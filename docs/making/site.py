"""All that a build makes, into ``docs/made``."""

from pathlib import Path

from making import answers, api, gallery

HERE = Path(__file__).parents[1]
MADE = HERE / "made"


def made(app=None):
    """Figures, answers, gallery and reference."""
    MADE.mkdir(exist_ok=True)
    api.write(MADE / "api")
    answers.write(MADE / "answers")
    gallery.write(MADE / "gallery")
