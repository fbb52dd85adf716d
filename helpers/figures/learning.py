"""How models learn and err: how far a loss reaches back, and what one's own words do to a model."""
import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.figures.charts import (
    WIDTH,
    End,
    Tables,
    label_ends,
    look_of,
    name_of,
    write_finding,
    write_note,
)
from helpers.figures.style import Picture, styled

# How far a loss reaches back.

@styled
def gradient_reach(tables: Tables) -> Picture:
    """How much the encoder states could change the loss, by how far from the end they stand.

    `tables`: rule → a row for each number of words read after a state (read_after), with the mean
    length of its gradient (value) and its interval (low, high). The scale is logarithmic.
    """
    fig = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    ax = fig.subplots()
    ends = []
    for number, (name, table) in enumerate(tables.items()):
        look = look_of(name, number)
        places = table["read_after"]
        drawn_later = len(tables) - 1 - number
        wider = 3 * drawn_later  # so that none hides another
        powers = np.log10(table[["value", "low", "high"]])  # of ten: a logarithmic scale
        values = powers["value"]
        ax.fill_between(places, powers["low"], powers["high"], color=look.colour, linewidth=0,
                        alpha=0.15)
        ax.plot(places, values, color=look.colour, marker=look.marker, linestyle=look.dash,
                linewidth=2.5 + wider, markersize=6 + wider, gid=name)
        end = End(places.iloc[-1], values.iloc[-1], name_of(name), look.colour, loud=False)
        ends.append(end)
    lowest, highest = ax.dataLim.intervaly
    ticks = range(math.floor(lowest), math.ceil(highest) + 1)
    labels = [power_of_ten(power) for power in ticks]
    ax.set_yticks(ticks, labels)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlabel("words that the encoder reads after this state")
    ax.set_ylabel("length of the gradient")
    label_ends(ax, ends, height=3.8)
    write_finding(fig, reach_finding(tables))
    write_note(fig, "mean over words and sentences; band: 95% interval over sentences")
    return Picture(fig, reach_in_words(tables))


def power_of_ten(power: int) -> str:
    """-2 → "0.01"."""
    digits = max(0, -power)
    return f"{10.0 ** power:.{digits}f}"


def reach_finding(tables: Tables) -> str:
    """What the chart shows: how much of its gradient each rule keeps to the farthest state."""
    told = []
    for name, table in tables.items():
        told.append(f"{name_of(name)} {kept_share(table)}")
    farthest = max(table["read_after"].max() for table in tables.values())
    shares = "; ".join(told)
    return (f"Of the gradient that the last state gets, the state {farthest} words earlier gets: "
            f"{shares}")


def kept_share(table: pd.DataFrame) -> str:
    """How large the gradient is at the farthest state, beside that at the last one."""
    values = table["value"]
    share = values.iloc[-1] / values.iloc[0]
    if share < 0.001:
        return "less than 0.1%"
    if share < 0.1:
        return f"{share:.1%}"
    return f"{share:.0%}"


def reach_in_words(tables: Tables) -> str:
    """The chart in words."""
    told = []
    for name, table in tables.items():
        first = table["value"].iloc[0]
        last = table["value"].iloc[-1]
        words = table["read_after"].iloc[-1]
        told.append(f"{name_of(name)}: {first:.2g} at the last state, {last:.2g} "
                    f"{words:.0f} words before it")
    return f"Length of the gradient of the loss with respect to the states. {'; '.join(told)}."


# Own words and right ones.

@styled
def errors_by_step(tables: Tables) -> Picture:
    """How often a word is wrong along the sentence, with own words before it and with right ones.

    `tables`: rule → what `evaluation.by_stretch` gives: stretch, before, value, low, high.
    """
    fig = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    ax = fig.subplots()
    ends = []
    for number, (name, table) in enumerate(tables.items()):
        look = look_of(name, number)
        for before, rows in table.groupby("before", sort=False):
            own = before == "own words"
            dash = "-" if own else "--"
            width = 3 if own else 1.8
            face = look.colour if own else "white"
            places = range(len(rows))
            values = rows["value"]
            ax.fill_between(places, rows["low"], rows["high"], color=look.colour, linewidth=0,
                            alpha=0.15)
            ax.plot(places, values, color=look.colour, linestyle=dash, linewidth=width,
                    marker=look.marker, markersize=8, markerfacecolor=face,
                    gid=f"{name}, {before}")
            label = f"{name_of(name)}, {before}"
            end = End(places[-1], values.iloc[-1], label, look.colour, own)
            ends.append(end)
    stretches = list(dict.fromkeys(table["stretch"]))
    ax.set_xticks(range(len(stretches)), stretches)
    ax.set_xlabel("place of the word in the reference")
    ax.set_ylabel("share of words that are wrong\n(lower is better)")
    ax.set_ylim(0, 1.05 * ax.dataLim.y1)
    label_ends(ax, ends, height=3.8)
    write_finding(fig, errors_finding(tables))
    write_note(fig, "solid: the model's own words before; dashed: the right ones; "
                    "band: 95% interval over sentences")
    return Picture(fig, errors_in_words(tables))


def last_errors(table: pd.DataFrame) -> pd.Series:
    """The errors in the last stretch: by what stood before."""
    last = table["stretch"].iloc[-1]
    rows = table[table["stretch"] == last]
    return rows.set_index("before")["value"]


def errors_finding(tables: Tables) -> str:
    """What the chart shows: how often the last words are wrong, both ways."""
    told = []
    for name, table in tables.items():
        errors = last_errors(table)
        own = errors["own words"]
        right = errors["right words"]
        told.append(f"{name_of(name)} {own:.0%} after own words, {right:.0%} after right ones")
    any_table = next(iter(tables.values()))
    last = any_table["stretch"].iloc[-1]
    return f"Wrong at places {last}: {'; '.join(told)}"


def errors_in_words(tables: Tables) -> str:
    """The chart in words."""
    told = []
    for name, table in tables.items():
        for before, rows in table.groupby("before", sort=False):
            values = rows["value"]
            first = values.iloc[0]
            last = values.iloc[-1]
            told.append(f"{name_of(name)}, {before} before: from {first:.1%} to {last:.1%}")
    return f"Share of words that are wrong along the sentence. {'; '.join(told)}."
