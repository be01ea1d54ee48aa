# SPDX-License-Identifier: BSD-3-Clause
"""What came out, as lines of a table, as CSV and as a figure: ratios on a logarithmic scale.

usage: report.py FILE.csv [FILE.csv ...] FILE.svg     the figure of what was measured in several runs
"""
import csv
import math
import statistics
import sys
from dataclasses import dataclass
from html import escape

HEADER = f"{'work':<66} {'peer':<9} {'ours s':>8} {'theirs s':>9} {'ratio':>7} {'spread':>17}  apart"
FIELDS = ["work", "title", "peer", "version", "ours_s", "theirs_s", "ratio", "ratio_min", "ratio_max", "runs", "apart", "agrees"]


@dataclass
class Row:
    work: str
    title: str
    peer: str
    version: str
    pairs: list  # (ours, theirs) in seconds, of one turn each
    apart: float  # how far the answers are apart, relatively; negative: ours is better
    agrees: bool

    def ratios(self):
        return sorted(theirs / ours for ours, theirs in self.pairs)

    def values(self):
        r = self.ratios()
        return [self.work, self.title, self.peer, self.version, statistics.median(a for a, _ in self.pairs),
                statistics.median(b for _, b in self.pairs), statistics.median(r), r[0], r[-1], len(r), self.apart,
                self.agrees]

    def bar(self):
        r = self.ratios()
        return Bar(self.title, self.peer, statistics.median(r), r[0], r[-1])

    def line(self):
        _, title, peer, _, ours, theirs, ratio, low, high, _, apart, agrees = self.values()
        spread = f"{low:.2f} - {high:.2f}"
        return (f"{title:<66} {peer:<9} {ours:>8.3f} {theirs:>9.3f} {ratio:>7.2f} {spread:>17}  {apart:+.0e}"
                + ("" if agrees else "  NOT THE SAME ANSWER"))


def write_csv(rows, path):
    with open(path, "w", newline="") as f:
        csv.writer(f).writerows([FIELDS, *(row.values() for row in rows)])


@dataclass
class Bar:
    title: str
    peer: str
    ratio: float
    low: float
    high: float


def bars_of(path):
    with open(path, newline="") as f:
        return [Bar(r["title"], r["peer"], float(r["ratio"]), float(r["ratio_min"]), float(r["ratio_max"]))
                for r in csv.DictReader(f)]


COLORS = {"sklearn": "#3b6ea5", "intelex": "#7a5195", "dask": "#c8702d", "xgboost": "#4c8c4a", "raw": "#777777",
          "h5py": "#3b6ea5", "h5py_mpi": "#7a5195"}
WIDTH, LABELS, BAR, GAP, TOP = 900, 460, 14, 9, 66


def write_svg(bars, path):
    """Bars to the right of the line at 1: we are faster; to the left: the peer is."""
    least = 10 ** math.floor(min(0.0, *(math.log10(b.low) for b in bars)))
    most = 10 ** max(1, math.ceil(max(math.log10(b.high) for b in bars)))

    def x(ratio):
        return LABELS + (WIDTH - LABELS - 90) * math.log10(ratio / least) / math.log10(most / least)

    order = list(dict.fromkeys(b.title for b in bars))
    parts, y = [], TOP
    for title in order:
        y += GAP
        parts.append(f'<text x="{LABELS - 66}" y="{y + 11}" text-anchor="end">{escape(title)}</text>')
        for bar in [b for b in bars if b.title == title]:
            left, right = sorted([x(1), x(bar.ratio)])
            parts.append(f'<text x="{LABELS - 8}" y="{y + 11}" text-anchor="end" fill="#666">{escape(bar.peer)}</text>'
                         f'<rect x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{BAR - 2}" '
                         f'fill="{COLORS[bar.peer]}"/>'
                         f'<line x1="{x(bar.low):.1f}" x2="{x(bar.high):.1f}" y1="{y + 6}" y2="{y + 6}" stroke="#111"/>'
                         f'<text x="{max(x(bar.high), x(1)) + 6:.1f}" y="{y + 11}">{bar.ratio:.3g} x</text>')
            y += BAR
    ticks, tick = [], least
    while tick <= most * 1.001:
        ticks.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{y + 6}" '
                     f'stroke="{"#888" if abs(tick - 1) < 1e-9 else "#ddd"}"/>'
                     f'<text x="{x(tick):.1f}" y="{TOP - 6}" text-anchor="middle" fill="#666">{tick:g}</text>')
        tick *= 10
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 16}" font-family="sans-serif" font-size="11">',
            f'<rect width="{WIDTH}" height="{y + 16}" fill="white"/>',
            '<text x="10" y="20" font-size="14">How many times faster than the peer</text>',
            '<text x="10" y="38" fill="#666">seconds of the peer over seconds of Superstep, in turn; bar: median, line: least to most</text>']
    with open(path, "w") as f:
        f.write("\n".join([*head, *ticks, *parts, "</svg>\n"]))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    write_svg([bar for path in sys.argv[1:-1] for bar in bars_of(path)], sys.argv[-1])
