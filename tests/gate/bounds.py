# SPDX-License-Identifier: BSD-3-Clause
"""The bounds of bounds.csv: a figure above its bound fails, as does one that has none."""
import csv
import os
import sys

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bounds.csv")


def hold(kind, measured):
    """Prints every figure beside its bound; ends the program with 1 when one is broken."""
    with open(TABLE) as text:
        bounds = {row["figure"]: row for row in csv.DictReader(text) if row["kind"] == kind}
    failures = []
    for figure, value in measured.items():
        if figure not in bounds:
            failures.append(f"{figure} is {value:.6g} and has no bound in {TABLE}")
            continue
        most = float(bounds[figure]["at_most"])
        print(f"{figure:<36} {value:>12.6g}   at most {most:.6g} {bounds[figure]['unit']}")
        if value > most:
            failures.append(f"{figure} is {value:.6g} {bounds[figure]['unit']}, bound {most:.6g}: "
                            f"find out which change did it, or raise the bound in {TABLE} and say why")
    failures += [f"{figure} has a bound in {TABLE} and was not measured" for figure in bounds.keys() - measured.keys()]
    for failure in failures:
        print("FAILED:", failure, file=sys.stderr)
    sys.exit(1 if failures else 0)
