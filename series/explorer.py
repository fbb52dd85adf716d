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
    note = {
        "en": f"Trained on {len(data.train):,} pairs; 18-bit weights.",
        "ko": f"문장 쌍 {len(data.train):,}개로 학습했고, 가중치는 18비트입니다.",
    }
    page = figures.explorer(models, "I love you", data, shipped.SETTINGS[0].seed, note)
    return page.save(folder / NAME)
