# SPDX-License-Identifier: BSD-3-Clause
"""Texts: the analyser's terms beside scikit-learn's build_analyzer(), on drawn texts and on every character."""
import os
import random
import struct
import subprocess
import sys
import unicodedata
import warnings

import common
from sklearn.feature_extraction.text import CountVectorizer

ANALYSE = os.environ.get("ANALYSE_TEXTS", os.path.join(os.path.dirname(common.PROGRAM), "tests/conformance/analyse_texts"))
SOURCES = os.environ.get("SUPERSTEP_SOURCE", os.path.join(os.path.dirname(__file__), "../.."))
TABLES = os.path.join(SOURCES, "src/learn/feature_extraction")


def terms(texts, check=True, **options):
    """The terms of each text, by the program; texts as str or bytes."""
    arguments = []
    for name, value in options.items():
        if isinstance(value, (tuple, list)):
            value = ",".join(map(str, value))
        if value is not None:
            arguments.append(f"{name}={int(value) if isinstance(value, bool) else value}")
    raw = [t if isinstance(t, bytes) else t.encode() for t in texts]
    done = subprocess.run([ANALYSE, *arguments], input=b"".join(struct.pack("<I", len(t)) + t for t in raw), capture_output=True)
    if not check:
        return done
    assert done.returncode == 0, done.stderr.decode()
    out, at, found = done.stdout, 0, []

    def number():
        nonlocal at
        at += 4
        return struct.unpack_from("<I", out, at - 4)[0]

    for _ in texts:
        words = []
        for _ in range(number()):
            size = number()
            words.append(out[at:at + size].decode())
            at += size
        found.append(words)
    return found


def compare(texts, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of options that an analyser does not use
        analyse = CountVectorizer(**options).build_analyzer()
    theirs = [analyse(t) for t in texts]
    for text, a, b in zip(texts, terms(texts, **options), theirs):
        assert a == b, (options, text, a[:20], b[:20])


# Letters of all sorts, what case and accents make hard, blanks, marks, digits of other scripts, and words.
HARD = list("aaabbc  ZÀé_ßŠİΣςσİı.,;'-\n\t\u00a0\u2028\u3000\u0301\u0307\u0345\u00ad1٣²½Ⅷﬁ한각だで中文हिन्दी🙂𝒜𐐀𞤀ǅ’·:\x1c\x85\0") + [
    "\r\n", "ΑΣ", "the", " and ", "I'm", "naïve", "e\u0301", "ΌΣΟΣ ", "x2", "  \n "]


def draw(rng):
    if rng.random() < 0.3:
        return "".join(rng.choice("abcde  THE_1.,\n") for _ in range(rng.randrange(40)))
    if rng.random() < 0.2:
        return "".join(chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x20000)])) for _ in range(rng.randrange(20)))
    return "".join(rng.choice(HARD) for _ in range(rng.randrange(30)))


PATTERNS = [r"(?u)\b\w\w+\b", r"\b\w+\b", r"(?u)\b\w+\b", r"[a-zA-Z]+", r"\w{3,}", r"\b[a-zA-Z]{2,}\b", r"[^\s]+", r"\S+", r"\b[^\d\W]+\b",
            r"\w+|[^\w\s]", r"\b\w{2,4}\b", r"\w{2,3}", r"[a-z]+'?[a-z]+", r"\w\w\w+", r"\d+", r"[a-c_.\-]+x?", r".{2}", r"a\b", r"[]a^]+", r"\w+\b\W"]


def test_drawn_texts():
    rng = random.Random(7)
    for _ in range(40):
        texts = [draw(rng) for _ in range(150)]
        least = rng.randint(1, 3)
        options = {"ngram_range": (least, least + rng.randrange(3)), "lowercase": rng.random() < 0.8,
                   "strip_accents": rng.choice([None, None, "ascii", "unicode"])}
        options["analyzer"] = rng.choice(["word", "word", "word", "char", "char_wb"])
        if options["analyzer"] == "word":
            options["token_pattern"] = rng.choice(PATTERNS)
            options["stop_words"] = rng.choice([None, None, "english", ["the", "aa", "ab"]])
        if rng.random() < 0.3:
            options["ngram_range"] = (1, 1)
        compare(texts, **options)
    for pattern in PATTERNS:
        compare([draw(rng) for _ in range(150)], token_pattern=pattern)


def test_every_character():
    """Alone, and between letters; what lower() and accents make of it."""
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) not in ("Cn", "Co")]
    texts = ["".join(f"a{chr(c)}b {chr(c)}Σ A{chr(c)}Σ{chr(c)}a " for c in codes[i:i + 500]) for i in range(0, len(codes), 500)]
    for accents in (None, "ascii", "unicode"):
        compare(texts, strip_accents=accents, token_pattern=r"\S+")
    compare(texts)
    compare(texts, analyzer="char_wb", ngram_range=(3, 3))


def test_bytes_that_are_no_text():
    rng = random.Random(8)
    raw = [bytes(rng.choice(b"ab \xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\xed\xa0\x80\xff\xf4\x90") for _ in range(rng.randrange(12))) for _ in range(3000)]
    for how in ("ignore", "replace"):
        compare(raw, decode_error=how, token_pattern=r"\S+")
    good = [t for t in raw if t == t.decode(errors="ignore").encode()]
    assert 100 < len(good) < len(raw)
    compare(good, token_pattern=r"\S+")
    bad = next(t for t in raw if t not in good)
    assert "no UTF-8" in terms([bad], check=False).stderr.decode()


def test_refused():
    for pattern in (r"(a|b)+", r"^a", r"a$", r"a+?", r"a*", r"\bx*\b", r"(?i)a", r"a{3,2}", r"[b-a]", r"[a", r"\p", "a++", "a{2}{3}"):
        done = terms(["a"], check=False, token_pattern=pattern)
        assert done.returncode == 1 and "token_pattern" in done.stderr.decode(), (pattern, done)
    assert "ngram_range" in terms(["a"], check=False, ngram_range=(2, 1)).stderr.decode()


def test_tables_are_those_of_python():
    if unicodedata.unidata_version != "14.0.0" or common.SKLEARN < (1, 9):
        return
    written = subprocess.run([sys.executable, os.path.join(TABLES, "text_tables.py")], capture_output=True, check=True).stdout
    with open(os.path.join(TABLES, "text_tables.cpp"), "rb") as f:
        head = 3  # names the release of scikit-learn
        assert f.read().splitlines()[head:] == written.splitlines()[head:]


if __name__ == "__main__":
    common.main(globals())
