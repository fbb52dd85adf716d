"""Letters of any script: every picture finds, or fetches, a font that has them.

matplotlib brings DejaVu Sans, which has Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian and
Georgian letters. For all others `prepare` looks through the fonts of this computer, then fetches
one from PyPI (once, into build/fonts). Where neither helps, one line says so, and the picture
shows "?" in place of each letter: never an empty box.

Right-to-left scripts: from matplotlib 3.11 on, letters are ordered and joined as they should be,
in all scripts. Before that (Colab has 3.10) Hebrew and Arabic words are turned round here, so that
they read from right to left; but Arabic letters stay unjoined there, several words in a row keep
the order of Latin ones, and a vowel sign of Devanagari may stand on the wrong side of its letter.
"""
import functools
import hashlib
import io
import logging
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from helpers import course, files

FIRST = "DejaVu Sans"  # comes with matplotlib
ORDERS_LETTERS = matplotlib.__version_info__ >= (3, 11)  # knows right-to-left, and joins letters

# Fonts of the common systems that are made for screens. They are tried before all others.
PREFERRED = (
    "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK SC",                      # Linux
    "Apple SD Gothic Neo", "Hiragino Sans", "PingFang SC", "Arial Unicode MS",       # macOS
    "Malgun Gothic", "Yu Gothic", "Microsoft YaHei", "Nirmala UI", "Leelawadee UI",  # Windows
)
# Fonts that cannot be read: those of last resort draw boxes, Adobe Blank draws nothing.
UNREADABLE = ("Last Resort", "LastResort", "Adobe Blank")

# Many scripts have no bold font here: a common letter will do, and matplotlib need not say so.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


class Package(NamedTuple):
    """A package on PyPI that carries an open font. It is unpacked, and none of its code is run."""
    letters: str              # what it is fetched for, in words,
    scripts: tuple[str, ...]  # and as the first words of the letters' Unicode names
    name: str
    version: str
    sha256: str               # of the wheel
    font: str                 # the font's place in the wheel


PACKAGES = (
    # NanumGothic, SIL Open Font License; 8 MB.
    Package("Korean", ("HANGUL",),
            "koreanize-matplotlib", "0.1.1",
            "4f563db1a75d9eb6bdb667a435adf8a5daf7e41504486f1b0fb1c20e4bfed4ca",
            "koreanize_matplotlib/fonts/NanumGothic.ttf"),
    # IPAexGothic, IPA Font License; 4 MB. It has the Chinese characters that Japanese uses.
    Package("Japanese",
            ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC", "FULLWIDTH", "CJK"),
            "matplotlib-fontja", "1.1.0",
            "930603aaffd420ad89a6cf3399f074b14e939e8e349843ed1cb558ac97c8c94a",
            "matplotlib_fontja/fonts/ipaexg.ttf"),
    # WenQuanYi Micro Hei, Apache License; 2 MB. It has the simplified characters too.
    Package("Chinese", ("CJK",),
            "paperang-p2-fonts-cjk", "0.1.0",
            "dfbbaccd48c012581a8f328b6e68033fa83e40ce609ae524fe2eeba3f3c75955",
            "paperang_p2_fonts_cjk/fonts/wqy-microhei.ttc"),
    # Noto Sans, SIL Open Font License; less than 1 MB each.
    Package("Devanagari", ("DEVANAGARI",),
            "fontpkg-noto-sans-devanagari", "2.7",
            "3f8859d4905238a95daecf45c508dff148936e5aa60bd2e30a89333041a64adf",
            "fontpkg_noto_sans_devanagari/files/NotoSansDevanagari[wdth,wght].ttf"),
    Package("Thai", ("THAI",),
            "fontpkg-noto-sans-thai", "2.2",
            "1768cb43e1b01a5614a771a07c579c5d6109d21e8ef9fd4920de3cd7f842f863",
            "fontpkg_noto_sans_thai/files/NotoSansThai[wdth,wght].ttf"),
)


# What a picture asks for.

def prepare(fig: Figure) -> None:
    """Give every text of the figure fonts that have its letters. To be called once, at the end."""
    tick_labels = set()
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis):
            prepare_tick_labels(axis)
            tick_labels.update(axis.get_ticklabels())
    for text in fig.findobj(Text):
        if text not in tick_labels:
            text.set_text(drawable(text.get_text()))
        text.set_fontfamily(families(text.get_text(), text.get_fontfamily()))


def prepare_tick_labels(axis: Axis) -> None:
    """Tick labels are set anew each time the figure is drawn: their axis has to know the words."""
    labels = [label.get_text() for label in axis.get_ticklabels()]
    shown = [drawable(label) for label in labels]
    if shown != labels:
        axis.set_ticks(axis.get_ticklocs(), shown)


def families(words: str, own: Sequence[str] = (FIRST,)) -> list[str]:
    """The families for these words: their own, and those with the letters that these may lack."""
    names = list(own)
    for letter in words:
        family = None if letter.isascii() else family_with(letter)
        if family and family not in names:
            names.append(family)
    return names


def letters(words: str) -> float:
    """How many Latin letters take as much room: those of Chinese, Japanese and Korean are wide."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return len(words) + 0.7 * wide


def width(words: str, size: float, weight: str = "normal") -> float:
    """The inches that these words take, written in one line at `size` points."""
    shown = drawable(words)
    font = FontProperties(family=families(shown), size=size, weight=weight)
    points, _, _ = text_to_path.get_text_width_height_descent(shown, font, ismath=False)
    return points / 72


def drawable(words: str) -> str:
    """The same words, with letters that every font on the way to the picture can take.

    What is no character (half of a surrogate pair, a control character) becomes "\ufffd"; a letter
    that no font has becomes "?". Lines stay lines.
    """
    letters = [drawable_letter(letter) for letter in words]
    if not ORDERS_LETTERS:
        letters = turned_round(letters)
    return "".join(letters)


def drawable_letter(letter: str) -> str:
    """What stands in the picture for one letter."""
    if letter == "\n":
        return letter
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Cs"):  # control characters; halves of surrogate pairs
        return "\ufffd"
    if kind == "Cf":  # joiners and marks of direction, which are not seen: not worth a new font
        return letter if family_here(letter) else ""
    return letter if family_with(letter) else "?"


def turned_round(letters: list[str]) -> list[str]:
    """Right-to-left letters in the order in which they stand on paper, each with its marks."""
    clusters: list[str] = []
    for letter in letters:
        is_mark = letter != "" and unicodedata.category(letter) == "Mn"
        if is_mark and clusters:
            clusters[-1] += letter
        else:
            clusters.append(letter)
    ordered: list[str] = []
    for backwards, run in groupby(clusters, key=runs_backwards):
        letters_of_run = list(run)
        if backwards:
            letters_of_run.reverse()
        ordered += letters_of_run
    return ordered


def runs_backwards(cluster: str) -> bool:
    """Is this a letter of a right-to-left script?"""
    if cluster == "":
        return False
    direction = unicodedata.bidirectional(cluster[0])
    return direction in ("R", "AL")


# Where letters are looked for: in matplotlib's fonts, in those of this computer, in packages.

@functools.cache
def family_with(letter: str) -> str | None:
    """The family of a font that has this letter; None if none has, and the reader is told once."""
    family = family_here(letter)
    if family is None:
        look_again()
        family = family_here(letter)
    if family is None:
        family = family_fetched(letter)
    if family is None:
        say_missing(in_words(letter))
    return family


def family_here(letter: str) -> str | None:
    """The first family with this letter among the upright fonts that matplotlib knows."""
    fonts = [font for font in font_manager.fontManager.ttflist if is_readable(font)]
    for font in sorted(fonts, key=order_of_search):
        if has(font.fname, letter):
            return font.name
    return None


def is_readable(font: font_manager.FontEntry) -> bool:
    """Is this an upright font of common weight, with letters that tell one from the other?"""
    upright = font.style == "normal"
    common = font.weight in (400, "normal", "regular")
    return upright and common and not font.name.startswith(UNREADABLE)


def order_of_search(font: font_manager.FontEntry) -> tuple[int, str, str]:
    """DejaVu Sans comes first, then the fonts made for screens, then all others by their names."""
    order = (FIRST, *PREFERRED)
    place = order.index(font.name) if font.name in order else len(order)
    return place, font.name, font.fname


def has(path: str | Path, letter: str) -> bool:
    """Has this font the letter?"""
    try:
        font = font_manager.get_font(path)
    except (OSError, RuntimeError):  # broken, or gone since matplotlib made its list
        return False
    return font.get_char_index(ord(letter)) != 0


@functools.cache
def look_again() -> None:
    """Tell matplotlib of newer fonts: it lists those of the computer only once, when it is new."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except Exception:  # fonts that matplotlib cannot read raise errors of many types
                continue


def script(letter: str) -> str:
    """The first word of the letter's Unicode name, mostly its script: HANGUL, CJK, THAI."""
    name = unicodedata.name(letter, "UNNAMED")
    return name.split()[0]


def in_words(letter: str) -> str:
    """What is missing, for the reader: all letters of a script at once, other signs one by one."""
    if unicodedata.category(letter)[0] in "LM":
        return script(letter).title().replace("Cjk", "Chinese") + " letters"
    return "the sign " + unicodedata.name(letter, f"U+{ord(letter):04X}")


# Fonts that packages on PyPI carry.

def family_fetched(letter: str) -> str | None:
    """The family with this letter among the fonts of PACKAGES."""
    for package in PACKAGES:
        if script(letter) in package.scripts:
            path = bring(package)
            if path and has(path, letter):
                return font_manager.get_font(path).family_name
    return None


@functools.cache
def bring(package: Package) -> Path | None:
    """The font of a package, from build/fonts or, the first time, from PyPI; None if that fails."""
    path = course.BUILD / "fonts" / Path(package.font).name
    if not is_whole(path):
        print(f"Fetching a font for {package.letters} letters: {package.name} {package.version}")
        try:
            font = font_in(download(package), package)
        except (OSError, subprocess.SubprocessError, zipfile.BadZipFile, ValueError):
            return None  # the reader is told once it is clear that no other font has the letter
        files.write_checked(path, font)
    font_manager.fontManager.addfont(path)
    return path


def is_whole(path: Path) -> bool:
    """Is the font there, and as it was when it was fetched?"""
    try:
        files.checked(path)
    except (OSError, ValueError):
        return False
    return True


def download(package: Package) -> bytes:
    """The wheel of a package, as pip gets it: nothing is installed, and nothing in it is run.

    Raises subprocess.SubprocessError where pip fails or is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        soon = ["--retries", "1", "--timeout", "20"]
        only_this = ["--no-deps", "--only-binary", ":all:", f"{package.name}=={package.version}"]
        command = [*pip, *soon, *only_this, "--dest", folder]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        wheels = list(Path(folder).glob("*.whl"))
        return wheels[0].read_bytes()


def font_in(wheel: bytes, package: Package) -> bytes:
    """The font in a wheel. Raises ValueError where the wheel is not the one that was chosen."""
    if hashlib.sha256(wheel).hexdigest() != package.sha256:
        raise ValueError(f"{package.name} {package.version} is another file than it was")
    with zipfile.ZipFile(io.BytesIO(wheel)) as packed:
        return packed.read(package.font)


@functools.cache
def say_missing(what: str) -> None:
    """One line to the reader, once for each script."""
    print(f"No font has {what}: pictures show ? instead. Install one (fonts.google.com/noto has "
          "every script); with the internet, fonts of the commonest scripts come by themselves.")
