"""Curves and bars: training, quality by length, and what else the notebooks measure."""
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.attention import RULES
from helpers.figures import DARK, LINES, SMALL, Picture, rule_name, styled

RULE_LINES = dict(zip(RULES, LINES, strict=False))  # a rule looks the same in every chart


def label_ends(ax, ends):
    """Write the name of each line, (y, x, name, colour), beside its right end, moved apart where they would overlap."""
    (low, high), ends = ax.get_ylim(), sorted(ends)
    gap, places = 0.35 * (high - low) / ax.figure.get_figheight(), [end[0] for end in ends]
    for k in list(range(1, len(ends))) * 50:
        push = max(0, gap - (places[k] - places[k - 1])) / 2
        places[k - 1:k + 1] = max(low, places[k - 1] - push), min(high, places[k] + push)
    for place, (y, x, name, colour) in zip(places, ends, strict=True):
        line = {"arrowstyle": "-", "color": colour, "linewidth": 1, "shrinkA": 0, "shrinkB": 6, "relpos": (0, 0.5)}
        ax.annotate(name, (x, y), (1.06, place), xycoords="data", textcoords=ax.get_yaxis_transform(), va="center",
                    color=colour, arrowprops=line)


@styled
def training_curve(histories):
    """Cross entropy by epoch: dashed on the training sentences, solid on the validation sentences.

    `histories`: the table of one training, or a dict of them: name → table with epoch, train_loss, valid_loss.
    """
    fig, ends, said = Figure(figsize=(10, 5), layout="constrained"), [], []
    ax = fig.subplots()
    histories = {"": histories} if isinstance(histories, pd.DataFrame) else histories
    for (name, table), (colour, marker, _) in zip(histories.items(), LINES, strict=False):
        epochs, valid = table["epoch"], table["valid_loss"]
        for part, dash, face in (("train", "--", "white"), ("valid", "-", colour)):
            ax.plot(epochs, table[f"{part}_loss"], dash, color=colour, marker=marker, markerfacecolor=face)
            ends.append((table[f"{part}_loss"].iloc[-1], epochs.iloc[-1], f"{name} {part}".strip(), colour))
        said.append(f"{name or 'the model'}: validation loss from {valid.iloc[0]:.2f} to {valid.min():.2f}, "
                    f"its lowest, in epoch {epochs[valid.idxmin()]}")
    ax.set(xlabel="epoch", ylabel="cross entropy, nats per word", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_ends(ax, ends)
    return Picture(fig, f"Training curve. {'; '.join(said)}.")


@styled
def bleu_by_length(table):
    """BLEU for short and long sentences: a line per rule (its colour) and size (its dashes), in its 95 % band.

    `table` has a row per rule, hidden, seed and bucket (shortest, longest) with bleu, low, high; where its column
    `split` says "long", the sentences are longer than any in training and stand behind a dashed line.
    """
    by, several = ["shortest", "longest"], table["hidden"].nunique() > 1
    buckets = {pair: k for k, pair in enumerate(sorted(set(table[by].itertuples(index=False, name=None))))}
    names = [f"{a}–{b}" if b > a else f"{a}" for a, b in buckets]
    fig, ends = Figure(figsize=(10, 5.6), layout="constrained"), []
    ax, groups = fig.subplots(), table.groupby(["rule", "hidden"], sort=False)
    sizes = sorted(table["hidden"].unique())
    for (rule, hidden), rows in groups:
        (colour, marker, _), (_, _, dash) = RULE_LINES[rule], LINES[sizes.index(hidden)]
        rows = rows.groupby(by)[["bleu", "low", "high"]].mean()
        x = [buckets[pair] for pair in rows.index]
        ax.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
        ax.plot(x, rows["bleu"], color=colour, marker=marker, linestyle=dash)
        ends.append((rows["bleu"].iloc[-1], x[-1], rule_name(RULES[rule].__name__) + f", {hidden}" * several, colour))
    ax.set(xlabel="words in the source sentence", ylabel="BLEU", ylim=(-3, 103))
    ax.set_xticks(range(len(names)), names, rotation=45 * (len(names) > 9))
    longer = table[table["split"] == "long"] if "split" in table else ()
    if len(longer):
        border = sum(longest < longer["shortest"].min() for _, longest in buckets) - 0.5
        ax.axvline(border, color="black", linestyle=(0, (4, 4)), linewidth=1.5)
        ax.text(border, 1.02, "longer than any in training →", transform=ax.get_xaxis_transform())
    label_ends(ax, ends)
    last = [f"{name} with {bleu:.1f}" for bleu, place, name, _ in sorted(ends) if place == len(names) - 1]
    told = f"the best is {last[-1]}, the worst {last[0]}" if len(last) > 1 else f"it is {last[0]}"
    return Picture(fig, f"BLEU by length of the source sentence, {names[0]} to {names[-1]} words. In the longest "
                        f"bucket {told}.")


@styled
def length_histogram(lengths):
    """How many sentences have how many words: a row for each split. `lengths`: name → list of lengths."""
    said, fig = [], Figure(figsize=(10, 0.9 + 1.5 * len(lengths)), layout="constrained")
    rows = fig.subplots(len(lengths), sharex=True, squeeze=False)[:, 0]
    for ax, (name, counted) in zip(rows, lengths.items(), strict=True):
        sns.histplot(x=counted, ax=ax, discrete=True, shrink=0.85, color=DARK, alpha=1)
        said.append(f"{name}: {len(counted):,} sentences, {min(counted)} to {max(counted)} words, "
                    f"median {np.median(counted):.0f}")
        ax.set_title(said[-1], loc="left", fontsize=SMALL)
        ax.set_ylabel("")
        ax.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    rows[-1].set_xlabel("words in the source sentence")
    fig.supylabel("sentences", fontsize=15)
    return Picture(fig, f"How long the sentences are. {'; '.join(said)}.")


@styled
def bars(table, label):
    """A group of lying bars for each row of a table, a bar for each column, with their numbers at the ends."""
    kinds, series = len(table), len(table.columns)
    fig = Figure(figsize=(10, 1.1 + kinds * (0.3 * series + 0.15)), layout="constrained")
    ax, high = fig.subplots(), 0.84 / series
    for k, (name, (colour, _, _)) in enumerate(zip(table, LINES, strict=False)):
        places = ax.barh(np.arange(kinds) + (k - (series - 1) / 2) * high, table[name], high, color=colour, label=name,
                         edgecolor="white", hatch="" if k == 0 else "/\\."[k % 3])
        ax.bar_label(places, fmt="%.2f", padding=4)
    ax.set_yticks(range(kinds), [str(name) for name in table.index])
    ax.set(xlabel=label, xlim=(0, 1.12 * table.max().max()), ylim=(kinds - 0.5, -0.5))
    if series > 1:
        fig.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=series, frameon=False)
    said = [f"{row}: " + ", ".join(f"{name} {value:.2f}" for name, value in values.items())
            for row, values in table.to_dict("index").items()]
    return Picture(fig, f"Bars: {label}. {'; '.join(said)}.")


@styled
def cost(tables):
    """What one decoding step costs as sentences grow: a panel per task and measure, a line per rule.

    `tables`: rule → table of evaluation.cost. The thin straight lines are fitted to its points.
    """
    fig, said = Figure(figsize=(12, 8.5), layout="constrained"), []
    for axes, measure in zip(fig.subplots(2, 2, sharex=True), ("milliseconds", "kilobytes"), strict=True):
        for ax, task in zip(axes, ("translating", "training"), strict=True):
            ends = []
            for name, table in tables.items():
                (colour, marker, _), rows = RULE_LINES[name], table[table["task"] == task]
                slope, start = np.polyfit(rows["words"], rows[measure], 1)
                ax.plot(rows["words"], rows[measure], marker, color=colour)
                ax.plot(rows["words"], start + slope * rows["words"], "-", color=colour, linewidth=1.5)
                ends.append((rows[measure].iloc[-1], rows["words"].iloc[-1], name, colour))
                said.append(f"{task}, {name}: {start:.3g} + {slope:.3g} × words {measure} a step")
            ax.set(ylabel=f"{measure} a step", ylim=(0, None), xlabel="words" if measure == "kilobytes" else "")
            ax.set_title(task)
            label_ends(ax, ends)
    return Picture(fig, f"What one decoding step costs as sentences grow. {'; '.join(said)}.")
