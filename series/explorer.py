"""The explorer as a page of its own: the models of the course, in one file that opens anywhere."""
from pathlib import Path

from helpers import corpus, figures, shipped

NAME = "explorer.html"


def write(folder: Path) -> Path:
    """Write explorer.html into `folder`, with the three models of SETTINGS in it; gives its path.

    They are those that were trained here, or else those that come with the course.
    """
    data = corpus.load(shipped.CORPUS)
    models = [shipped.ready(data, settings)[0] for settings in shipped.SETTINGS]
    page = figures.explorer(models, "I love you", data, seed=shipped.SETTINGS[0].seed)
    return page.save(folder / NAME)
