"""Letters of any script are found, fetched, or written as something that can be read."""
import hashlib
import io
import zipfile

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from drawing import trace
from helpers import course, figures
from helpers.figures import fonts
from helpers.figures.style import Picture

FAMILY = "Test Hangul"


def forget():
    """Let the next picture look for its letters anew."""
    for remembered in (fonts.family_with, fonts.look_again, fonts.bring, fonts.say_missing):
        remembered.cache_clear()


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """A computer with no font but DejaVu Sans, and no network."""
    def no_network(package):
        raise OSError("no network")

    dejavu = [font for font in font_manager.fontManager.ttflist if font.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", dejavu)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    monkeypatch.setattr(fonts, "download", no_network)
    monkeypatch.setattr(course, "BUILD", tmp_path / "build")
    forget()
    yield
    forget()


def font_with(letters):
    """The bytes of a font in which each of these letters is a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    names = [f"uni{ord(letter):04X}" for letter in letters]
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", *names])
    numbers = [ord(letter) for letter in letters]
    builder.setupCharacterMap(dict(zip(numbers, names, strict=True)))
    builder.setupGlyf(dict.fromkeys([".notdef", *names], square))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


def wheel_with(font):
    """A wheel that carries the font, and its description."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("carrier/fonts/hangul.ttf", font)
        packed.writestr("carrier/__init__.py", "raise SystemExit('this is never run')")
    wheel = file.getvalue()
    sha256 = hashlib.sha256(wheel).hexdigest()
    package = fonts.Package("Korean", ("HANGUL",), "carrier", "1.0", sha256,
                            "carrier/fonts/hangul.ttf")
    return wheel, package


def picture_of(words):
    """A picture with these words in a title, beside an axis, in a legend, and over all."""
    fig = Figure(layout="constrained")
    ax = fig.subplots()
    ax.plot([0, 1], label=words)
    ax.set_title(words)
    ax.set_xticks([0, 1], [words, "love"])
    ax.legend()
    fig.suptitle(words)
    return Picture(fig, f"A picture of {words}")


def written(picture):
    """All that is written in a picture, after it was drawn."""
    picture.png()
    return [text.get_text() for text in picture.fig.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("words", ["Ελλάδα", "Привет", "שלום", "مرحبا", "love", "$5 é – ∑ “x” −∞"])
def test_what_dejavu_sans_has_is_written_as_it_is(words, capsys):
    assert written(picture_of(words)).count(words) >= 4
    assert capsys.readouterr().out == ""


def test_without_font_and_network_one_line_is_said_and_no_box_is_drawn(capsys):
    texts = written(picture_of("나는 love"))
    written(picture_of("너를 kanji: 字"))
    assert texts.count("?? love") >= 4
    said = capsys.readouterr().out.splitlines()
    first, second, *rest = [line for line in said if "No font" in line]
    assert "Hangul letters" in first and "Chinese letters" in second and not rest


@pytest.mark.parametrize("words, shown", [
    ("a\ud800b", "a\ufffdb"),        # half of a surrogate pair
    ("\x07bell\x00\t", "\ufffdbell\ufffd\ufffd"),
    ("two\nlines", "two\nlines"),
    ("e\u0301 a\u200db", "e\u0301 a\u200db"),
    ("\U0001f4a1", "?"),             # a sign that DejaVu Sans lacks
    ("\U000e0041x", "x"),            # a tag, which is never seen
])
def test_what_is_no_letter_becomes_visible_or_vanishes(words, shown):
    assert written(picture_of(words)).count(shown) >= 4


def test_the_words_that_describe_a_picture_can_be_sent():
    picture = picture_of("a\ud800b")
    picture.alt.encode("utf-8")
    assert picture.alt == "A picture of a?b"


def test_a_font_of_this_computer_is_found(monkeypatch, tmp_path):
    path = tmp_path / "hangul.ttf"
    path.write_bytes(font_with("나는"))
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(path)])
    picture = picture_of("나는 love")
    assert written(picture).count("나는 love") >= 4
    title = picture.fig.axes[0].title
    assert FAMILY in title.get_family() and title.get_family()[0] != FAMILY


def test_a_font_that_cannot_be_read_is_passed_over(monkeypatch, tmp_path):
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(path)])
    assert "??" in written(picture_of("나는"))


def test_a_font_is_fetched_once_and_kept(monkeypatch, capsys):
    wheel, package = wheel_with(font_with("나는"))
    asked = []

    def download(package):
        asked.append(package.name)
        return wheel

    monkeypatch.setattr(fonts, "PACKAGES", (package,))
    monkeypatch.setattr(fonts, "download", download)
    assert "나는" in written(picture_of("나는"))
    forget()  # another session
    assert "나는" in written(picture_of("나는"))
    assert asked == ["carrier"]
    assert (course.BUILD / "fonts" / "hangul.ttf").exists()
    said = capsys.readouterr().out.splitlines()
    assert said == ["Fetching a font for Korean letters: carrier 1.0"]


def test_another_file_than_the_chosen_one_is_refused(monkeypatch, capsys):
    wheel, package = wheel_with(font_with("나는"))
    monkeypatch.setattr(fonts, "PACKAGES", (package._replace(sha256="0" * 64),))
    monkeypatch.setattr(fonts, "download", lambda package: wheel)
    assert "??" in written(picture_of("나는"))
    assert not (course.BUILD / "fonts").exists()
    assert "No font has Hangul letters" in capsys.readouterr().out


def test_every_package_is_pinned_and_says_what_it_is_for():
    for package in fonts.PACKAGES:
        assert len(package.sha256) == 64 and package.version
        assert package.font.endswith((".ttf", ".ttc"))
    scripts = {script for package in fonts.PACKAGES for script in package.scripts}
    assert {fonts.script(letter) for letter in "나あア字नท"} <= scripts


def test_right_to_left_words_are_turned_round_for_a_matplotlib_that_does_not(monkeypatch):
    monkeypatch.setattr(fonts, "ORDERS_LETTERS", False)
    assert fonts.drawable("say שלום now") == "say םולש now"
    assert fonts.drawable("שָׁלוֹם") == "םוֹלשָׁ"  # each letter keeps its marks
    assert written(picture_of("שלום")).count("םולש") >= 4
    monkeypatch.setattr(fonts, "ORDERS_LETTERS", True)
    assert fonts.drawable("say שלום now") == "say שלום now"


@pytest.mark.parametrize("words", ["love", "MMMM", "Привет", "$x_1$"])
def test_the_width_of_words_is_the_one_they_are_drawn_with(words):
    fig = Figure(dpi=100)
    text = fig.text(0, 0, words, fontsize=40, parse_math=False)
    drawn = text.get_window_extent().width / 100
    assert fonts.width(words, 40) == pytest.approx(drawn, rel=0.04)
    assert fonts.width(words, 80) == pytest.approx(2 * fonts.width(words, 40), rel=0.02)


def test_wide_letters_count_for_more():
    assert fonts.letters("love") == 4
    assert fonts.letters("나는") > 3


@pytest.mark.parametrize("n", [1, 3, 8, 40])
def test_a_table_in_a_script_without_a_font_keeps_its_shape(n):
    source = ["나는"] * n
    picture = figures.attention_heatmap(trace(n, 3, source=source, target=["私", "は", "<eos>"]))
    texts = written(picture)
    assert texts.count("??") == n and texts.count("?") == 2 and "<eos>" in texts
