# SPDX-License-Identifier: BSD-3-Clause
"""Writes text_tables.cpp: what Python's str knows of characters, and scikit-learn's English stop words.

usage: python text_tables.py > text_tables.cpp    with the Python and the scikit-learn that are to be followed
"""
import textwrap
import unicodedata

import sklearn
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

CODES = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]  # no surrogates: UTF-8 has none
HANGUL = range(0xAC00, 0xD7A4)  # their parts are computed
FINAL, CAPITAL = "\u03c2", "\u03a3"


def is_cased(c):
    return (c + CAPITAL).lower()[-1] == FINAL


def is_ignored(c):
    """By the rule that tells whether a sigma ends a word."""
    return not is_cased(c) and ("A" + c + CAPITAL).lower()[-1] == FINAL


def runs(holds):
    """How many characters it does not hold of, of how many behind them it does, and so on."""
    lengths, state = [0], False
    for c in range(0x110000):
        now = not 0xD800 <= c <= 0xDFFF and holds(chr(c))
        if now != state:
            lengths.append(0)
            state = now
        lengths[-1] += 1
    return lengths if state else lengths[:-1]


def lower_case():
    """Runs of characters with the same distance to their lower ones: first, how many, one or two apart, distance."""
    found = []
    for c in CODES:
        low = chr(c).lower()
        if low == chr(c) or len(low) > 1:
            continue
        distance = ord(low) - c
        if found and found[-1][3] == distance:
            first, count, step, _ = found[-1]
            if count == 1 and c - first in (1, 2) or count > 1 and c == first + count * step:
                found[-1] = (first, count + 1, c - first if count == 1 else step, distance)
                continue
        found.append((c, 1, 1, distance))
    assert [c for c in CODES if len(chr(c).lower()) > 1] == [0x130]
    return [n for run in found for n in run]


def without_accents():
    """Runs of characters that NFKD and dropping combining marks change, and what becomes of each."""
    lengths, texts, end = [], [], 0
    for c in CODES:
        text = "".join(d for d in unicodedata.normalize("NFKD", chr(c)) if not unicodedata.combining(d))
        if text == chr(c) or c in HANGUL:
            continue
        assert "\u00b6" not in text
        if not lengths or c != end:
            lengths += [c - end, 0]
        lengths[-1] += 1
        end = c + 1
        texts.append(text)
    return lengths, texts


def numbers(name, values):
    print(f"const std::vector<std::int32_t> {name} = {{")
    print(textwrap.fill(", ".join(map(str, values)), 100, initial_indent="    ", subsequent_indent="    "))
    print("};")


def text(name, all_of_it):
    print(f"const std::string_view {name} =")
    lines = [""]
    for c in all_of_it:
        lines[-1] += c
        if len(lines[-1].encode()) > 90:
            lines.append("")
    quoted = ['    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '"' for line in lines if line]
    print("\n".join(quoted) + ";")


print(f"""// SPDX-License-Identifier: BSD-3-Clause
// Written by text_tables.py; Unicode {unicodedata.unidata_version}, stop words of scikit-learn {sklearn.__version__}.
#include "learn/feature_extraction/text_tables.hpp"

// clang-format off
namespace superstep::text_tables {{

const std::string_view unicode_version = "{unicodedata.unidata_version}";
""")
numbers("words", runs(lambda c: c.isalnum() or c == "_"))
numbers("spaces", runs(str.isspace))
numbers("decimals", runs(str.isdecimal))
numbers("cased", runs(is_cased))
numbers("ignored", runs(is_ignored))
numbers("lower", lower_case())
lengths, texts = without_accents()
numbers("accented", lengths)
text("unaccented", "\u00b6".join(texts))
text("english_stop_words", " ".join(sorted(ENGLISH_STOP_WORDS)))
print("""
}  // namespace superstep::text_tables""")
