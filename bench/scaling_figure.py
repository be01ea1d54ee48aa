# SPDX-License-Identifier: BSD-3-Clause
"""Draws what bench/scaling.py measured: efficiency over threads in all, and where the time of each run went."""
import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {"compute": "#33658a", "files": "#f6ae2d", "wait": "#d9d9d9", "exchange": "#b5473c", "update": "#758e4f"}


def draw_efficiency(axes, lines):
    marks = {"strong": ("o", "-"), "weak": ("s", "--")}
    series = dict.fromkeys((r["work"], r["mode"], r["threads"]) for r in lines)
    for work, mode, threads in series:
        chosen = [r for r in lines if (r["work"], r["mode"], r["threads"]) == (work, mode, threads)]
        workers = [r["ranks"] * r["threads"] for r in chosen]
        mark, style = marks[mode]
        middle = [r["efficiency"] for r in chosen]
        spread = [[m - r["low"] for m, r in zip(middle, chosen)], [r["high"] - m for m, r in zip(middle, chosen)]]
        axes.errorbar(workers, middle, yerr=spread, marker=mark, linestyle=style, capsize=3,
                      label=f"{work}, {mode}, {threads} thread{'s' if threads > 1 else ''} a rank")
    axes.axhline(1.0, color="#999999", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_ylim(0, 1.2)
    axes.set_xlabel("threads of all ranks")
    axes.set_ylabel("efficiency")
    axes.legend(fontsize=7)


def draw_phases(axes, lines, phases):
    names = [f"{r['work']} {r['mode']}\n{r['ranks']} x {r['threads']}" for r in lines]
    bottom = [0.0] * len(lines)
    for phase in phases:
        part = [max(r[phase + "_s"], 0.0) / r["seconds"] for r in lines]
        axes.bar(range(len(lines)), part, bottom=bottom, label=phase, color=COLOURS[phase])
        bottom = [b + p for b, p in zip(bottom, part)]
    axes.set_xticks(range(len(lines)), names, rotation=90, fontsize=7)
    axes.set_ylabel("share of the time of the slowest rank, mean of the ranks")
    axes.set_ylim(0, 1.3)
    axes.legend(fontsize=7, ncols=len(phases), loc="upper left")


def draw(lines, phases, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), width_ratios=(1, 1.4))
    draw_efficiency(left, lines)
    draw_phases(right, lines, phases)
    figure.tight_layout()
    figure.savefig(path)
