# SPDX-License-Identifier: BSD-3-Clause
"""Predicted efficiency over nodes, from the CSV of predict.py: lines by closed form, dots by SimGrid.
usage: figure.py scaling.csv scaling.svg"""
import csv
import math
import sys
from html import escape

WIDE, HIGH, LEFT, TOP, GAP = 300, 190, 50, 60, 70
COLOURS = ["#b5483a", "#3b6ea5", "#3f8f4f", "#8a5fa8"]


def panel(rows, clusters, left, top, most):
    """One pair of axes: what the rows say of each cluster."""
    def x(nodes):
        return left + WIDE * math.log2(nodes) / math.log2(most)

    def y(efficiency):
        return top + HIGH * (1 - min(efficiency, 1.1) / 1.1)

    parts = [f'<rect x="{left}" y="{top}" width="{WIDE}" height="{HIGH}" fill="none" stroke="#888"/>',
             f'<text x="{left}" y="{top - 8}" font-weight="bold">{rows[0]["work"]}, {rows[0]["scaling"]} scaling</text>']
    for percent in (20, 40, 60, 80, 100):
        at = y(percent / 100)
        parts.append(f'<line x1="{left}" x2="{left + WIDE}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
                     f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end" fill="#666">{percent} %</text>')
    nodes = 1
    while nodes <= most:
        parts.append(f'<text x="{x(nodes):.1f}" y="{top + HIGH + 16}" text-anchor="middle" fill="#666">{nodes}</text>')
        nodes *= 8
    parts.append(f'<text x="{left + WIDE}" y="{top + HIGH + 32}" text-anchor="end" fill="#666">nodes</text>')
    for cluster, colour in clusters.items():
        own = [(int(r["nodes"]), float(r["efficiency"]), float(r["seconds"]), r["replayed"]) for r in rows
               if r["cluster"] == cluster]
        line = " ".join(f"{x(n):.1f},{y(e):.1f}" for n, e, _, _ in own)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(n):.1f}" cy="{y(e * s / float(replayed)):.1f}" r="3.5" fill="{colour}"/>'
                  for n, e, s, replayed in own if replayed]
    return parts


def main():
    source, target = sys.argv[1:]
    with open(source, newline="") as file:
        rows = list(csv.DictReader(file))
    clusters = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(dict.fromkeys(r["cluster"] for r in rows))}
    works = list(dict.fromkeys(r["work"] for r in rows))
    most = max(int(r["nodes"]) for r in rows)
    width, height = 2 * (WIDE + GAP) + 10, TOP + len(works) * (HIGH + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             'font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>']
    for i, (cluster, colour) in enumerate(clusters.items()):
        at = LEFT + i * 190
        parts.append(f'<line x1="{at}" x2="{at + 24}" y1="18" y2="18" stroke="{colour}" stroke-width="3"/>'
                     f'<text x="{at + 30}" y="22">{escape(cluster)}</text>')
    for i, work in enumerate(works):
        for j, scaling in enumerate(("weak", "strong")):
            chosen = [r for r in rows if r["work"] == work and r["scaling"] == scaling]
            parts += panel(chosen, clusters, LEFT + j * (WIDE + GAP), TOP + i * (HIGH + GAP), most)
    parts.append("</svg>\n")
    with open(target, "w") as file:
        file.write("\n".join(parts))


if __name__ == "__main__":
    main()
