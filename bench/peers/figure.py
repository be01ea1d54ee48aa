# SPDX-License-Identifier: BSD-3-Clause
"""Ratios of a CSV of fits.py or searches.py as bars on a logarithmic scale. usage: figure.py FILE.csv FILE.svg TITLE"""
import csv
import math
import sys
from html import escape

WIDTH, LABELS, BAR, GAP = 760, 330, 18, 10


def main():
    source, target, title = sys.argv[1:]
    with open(source, newline="") as f:
        rows = [(r["work"], float(r["ratio"]), float(r["ratio_min"]), float(r["ratio_max"])) for r in csv.DictReader(f)]
    top = 10 ** math.ceil(math.log10(max(r[3] for r in rows)))
    room = WIDTH - LABELS - 70

    def x(ratio):
        return LABELS + room * max(0.0, math.log10(ratio)) / math.log10(top)

    height = 50 + len(rows) * (BAR + GAP) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             f'<text x="10" y="20" font-size="14">{escape(title)}</text>']
    tick = 1
    while tick <= top:
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="34" y2="{height - 20}" stroke="#ccc"/>'
                     f'<text x="{x(tick):.1f}" y="{height - 6}" text-anchor="middle" fill="#666">{tick}</text>')
        tick *= 10
    for i, (work, ratio, low, high) in enumerate(rows):
        y = 40 + i * (BAR + GAP)
        middle = y + BAR / 2
        parts.append(f'<text x="{LABELS - 8}" y="{middle + 4}" text-anchor="end">{escape(work)}</text>'
                     f'<rect x="{x(1):.1f}" y="{y}" width="{x(ratio) - x(1):.1f}" height="{BAR}" fill="#3b6ea5"/>'
                     f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{middle}" y2="{middle}" stroke="#111"/>'
                     f'<text x="{x(high) + 6:.1f}" y="{middle + 4}">{ratio:.0f} x</text>')
    parts.append("</svg>\n")
    with open(target, "w") as f:
        f.write("\n".join(parts))


if __name__ == "__main__":
    main()
