"""The course from the command line: train, translate and score.

    python -m helpers train multi30k-de-en --pieces 8000 --out build/de-en.pt
    python -m helpers train my/pairs.tsv --out build/mine.pt
    python -m helpers train train.de train.en --out build/two-files.pt
    echo "Ein Hund läuft." | python -m helpers translate build/de-en.pt --beam 5
    echo "Ein Hund läuft." | python -m helpers translate build/seed-1.pt --with build/seed-2.pt
    python -m helpers score build/de-en.pt multi30k-de-en --beam 5

With torchrun in place of python several processes train together: docs/distributed.md.
"""
import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers import (
    checkpoints,
    corpus,
    distributed,
    evaluation,
    files,
    pieces,
    text,
    training,
    translator,
)
from helpers.corpus import Corpus
from helpers.recipes import RECIPES
from helpers.translator import Translator


def arguments() -> argparse.ArgumentParser:
    """What may be asked for; `--help` shows it."""
    parser = argparse.ArgumentParser(prog="python -m helpers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train a model and write it, with all that it needs")
    add_corpus(train)
    train.add_argument("--out", type=Path, required=True, help="the file to write")
    train.add_argument("--recipe", choices=RECIPES, default="plain",
                       help="plain: the network of the notebooks; rich: see helpers/rich.py")
    train.add_argument("--pieces", type=int, default=0, metavar="N",
                       help="cut words into at most N sub-words, learnt from both sides")
    for name, kind in training.Settings.__annotations__.items():
        if kind is not bool:
            train.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=kind.__name__,
                               help=argparse.SUPPRESS)
    train.epilog = ("Every field of training.Settings may be given too: "
                    "--epochs 4, --hidden-size 128, --seed 2, ...")

    translate = commands.add_parser("translate", help="translate a file, or standard input")
    translate.add_argument("model", type=Path)
    translate.add_argument("file", nargs="?", default="-",
                           help="a sentence a line; - or nothing: standard input")
    add_search(translate)

    score = commands.add_parser("score", help="BLEU of a model on a split of a corpus")
    score.add_argument("model", type=Path)
    add_corpus(score)
    score.add_argument("--split", choices=("valid", "test"), default="test")
    add_search(score)
    return parser


def add_corpus(parser: argparse.ArgumentParser) -> None:
    """Where the sentence pairs come from."""
    parser.add_argument("corpus", nargs="+",
                        help="a name such as multi30k-de-en, a tab-separated file, or two files")
    parser.add_argument("--tokenised", action="store_true",
                        help="in two files: the words stand between spaces already")
    parser.add_argument("--pairs", type=int, help="use only so many pairs of each split")


def add_search(parser: argparse.ArgumentParser) -> None:
    """How to search, and with which models."""
    parser.add_argument("--with", dest="others", type=Path, action="append", default=[],
                        metavar="MODEL", help="translate with the mean of this model and the first;"
                                              " may be given again")
    parser.add_argument("--beam", type=int, default=1, metavar="N", help="1, the default: greedy")


def load_corpus(asked: argparse.Namespace) -> Corpus:
    """The corpus that was asked for, by its name or its files."""
    if len(asked.corpus) == 1:
        return corpus.load(asked.corpus[0], asked.pairs)
    if len(asked.corpus) > 2:
        raise ValueError(f"{len(asked.corpus)} files: give a name, one file of pairs, or two files")
    source, target = [Path(name) for name in asked.corpus]
    whole = corpus.load_two_files(source, target, asked.tokenised)
    return corpus.first_pairs(whole, asked.pairs)


def train(asked: argparse.Namespace) -> None:
    """Train a model and write it. Ctrl-C writes the best one so far, if an epoch has ended."""
    data = load_corpus(asked)
    recipe = RECIPES[asked.recipe]
    given = {name: getattr(asked, name) for name in recipe.settings._fields
             if getattr(asked, name, None) is not None}
    settings = recipe.settings._replace(**given)
    cutter = None
    if asked.pieces:
        cutter = pieces.learn(data.train, asked.pieces)
        data = cutter.cut_corpus(data)
    model = recipe.build(data, settings)
    is_tokenised = asked.tokenised or asked.corpus[0].startswith("multi30k")
    made = Translator(model, asked.recipe, settings, cutter, is_tokenised)
    under_way = progress_path(asked, data, settings)
    try:
        history = training.fit(model, data, settings, under_way, recipe.run)
    except KeyboardInterrupt:
        if distributed.is_first():
            keep_best(made, asked.out, under_way)
        raise
    if distributed.is_first():
        print(history.round(3).to_string(index=False))
        translator.save(made, asked.out)
        files.remove(under_way)
        print(f"{asked.out} is written: python -m helpers translate {asked.out}")


def progress_path(asked: argparse.Namespace, data: Corpus, settings: training.Settings) -> Path:
    """Beside the model: the state of this very training, with which it can go on."""
    name = training.checkpoint_path(data, settings).stem + asked.recipe
    key = hashlib.sha256(name.encode()).hexdigest()[:8]
    return asked.out.with_name(f"{asked.out.stem}-{key}.progress")


def keep_best(made: Translator, out: Path, under_way: Path) -> None:
    """After Ctrl-C: write the model of the best epoch so far, and say where all is."""
    print(f"\nStopped. Its state is in {under_way}: the same command goes on from there.")
    best = checkpoints.read(under_way)["best_weights"]
    if best is None:
        print("No epoch has ended, so there is no model yet.")
        return
    made.model.load_state_dict(best)
    translator.save(made, out)
    print(f"The best model so far is in {out}.")


def translate(asked: argparse.Namespace) -> None:
    """Translate a file or standard input, line by line."""
    if asked.file == "-":
        lines = corpus.sentences_of(sys.stdin.buffer.read(), "standard input")
    else:
        lines = corpus.sentences_of(corpus.bytes_of(Path(asked.file)), asked.file)
    loaded = translator.load_together([asked.model, *asked.others])
    sentences = [loaded.words(line) for line in lines]
    for trace in loaded.translate(sentences, asked.beam):
        print(" ".join(trace.words))


def score(asked: argparse.Namespace) -> None:
    """BLEU with its interval, and sacrebleu's signature, which says what kind of BLEU it is."""
    data = load_corpus(asked)
    loaded = translator.load_together([asked.model, *asked.others])
    pairs = data.test if asked.split == "test" else data.valid
    traces = loaded.translate([pair.source for pair in pairs], asked.beam)
    bleu = evaluation.bleu_interval(traces, pairs)
    unknown = sum(text.UNKNOWN in trace.words for trace in traces)
    print(f"{data.name}, {asked.split}, {len(pairs):,} sentences, beam {asked.beam}")
    print(f"BLEU {evaluation.interval_text(bleu, digits=2)}")
    print(f"{unknown} translations have an {text.UNKNOWN}")
    print(evaluation.signature())


COMMANDS = {"train": train, "translate": translate, "score": score}


def main(words: Sequence[str] | None = None) -> int:
    """Run a command, by default the one typed. Bad input: one line on standard error, status 2."""
    asked = arguments().parse_args(words)
    distributed.start()
    try:
        COMMANDS[asked.command](asked)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        distributed.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
