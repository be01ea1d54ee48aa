# SPDX-License-Identifier: BSD-3-Clause
"""Texts beside scikit-learn: the analyser's terms on drawn texts and on every character, what vectorizers make of drawn texts, scores of
searches, refusals. Cases are drawn by the date."""
import json
import os
import random
import struct
import subprocess
import sys
import time
import unicodedata
import warnings

import h5py
import numpy as np
import sklearn
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union

import common
from common import close, fit, path, run

SEED = int(os.environ.get("SUPERSTEP_TEST_SEED", time.strftime("%Y%m%d")))

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
    for pattern in (r"(a|b)+", r"^a", r"a$", r"a+?", r"a*", r"\bx*\b", r"(?i)a", r"a{3,2}", r"[b-a]", r"[\w-z]", r"[a", r"\p", "a++", "a{2}{3}"):
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


WORDS = "a b the and of to Wien Zürich ZÜRICH straße x1 x2 re-do it's naïve I'm e-mail ΣΑΣ İz 12 3.5 C++ no_one , . ! ? \\n".split(" ")


def reviews(rng, count, words=400):
    """Texts of a few hundred words, some frequent, and classes that some of them tell."""
    vocabulary = np.array(WORDS + [f"w{i}" for i in range(words)])
    y = rng.integers(0, 3, count)
    texts = []
    for k in y:
        numbers = (rng.exponential(40, rng.integers(1, 40)) + 30 * k * (rng.random() < 0.7)).astype(int)
        texts.append(" ".join(vocabulary[numbers % len(vocabulary)]))
    return texts, y


def write(name, texts, y=None, one_by_one=False):
    file = path(name + ".h5")
    with h5py.File(file, "w") as f:
        if one_by_one:
            f.create_dataset("X/review", data=np.array(texts, dtype=object), dtype=h5py.string_dtype())
        else:
            group = f.create_group("X/review")
            group.attrs.update({"encoding-type": "superstep-text", "encoding-version": "0.1.0"})
            raw = [t.encode() for t in texts]
            joined = np.array(bytearray(b"".join(raw)), np.uint8)
            packed = {"chunks": (997,), "compression": "gzip"} if len(joined) >= 997 else {}
            group.create_dataset("data", data=joined, **packed)
            group["indptr"] = np.cumsum([0] + [len(t) for t in raw])
        if y is not None:
            f["y"] = y
    return file


def expression(estimator):
    with sklearn.config_context(print_changed_only=True):
        return " ".join(estimator.__repr__(N_CHAR_MAX=10**6).split()).replace(repr(chi2), "chi2")


def drawn_options(rng, has_idf):
    options = {"ngram_range": tuple(map(int, sorted(rng.integers(1, 4, 2)))), "binary": bool(rng.random() < 0.3),
               "analyzer": str(rng.choice(["word", "word", "char", "char_wb"])), "strip_accents": [None, None, "unicode", "ascii"][rng.integers(4)],
               "lowercase": bool(rng.random() < 0.8)}
    options["min_df"] = [1, 2, 3, 0.01, 0.05][rng.integers(5)]
    options["max_df"] = [1.0, 0.8, 0.5, 300][rng.integers(4)]
    if options["analyzer"] == "word":
        options["stop_words"] = [None, "english", ["the", "w3"]][rng.integers(3)]
        options["token_pattern"] = [r"(?u)\b\w\w+\b", r"\b\w+\b", r"[a-zA-Z]+"][rng.integers(3)]
    if has_idf:
        options.update(norm=[None, "l1", "l2"][rng.integers(3)], use_idf=bool(rng.random() < 0.8), smooth_idf=bool(rng.random() < 0.7),
                       sublinear_tf=bool(rng.random() < 0.4))
    return options


def check(estimator, texts, other, case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = estimator.fit(texts)
        except ValueError as e:  # limits that leave no term
            assert "no terms remain" in str(e) or "max_df corresponds" in str(e), e
            done = run("fit", expression(estimator), write("train", texts), "--x", "/X", "--model", path("none.h5"), check=False)
            assert done.returncode == 3, done
            return
        expected = fitted.transform(other).toarray()
    model = fit(expression(estimator), write("train", texts, one_by_one=case % 3 == 0), "--x", "/X", ranks=[1, 2, 3][case % 3])[2]
    made = common.output("transform", model, write("other", other), "--x", "/X", ranks=[1, 3][case % 2])
    what = f"case {case}: {expression(estimator)} of {len(texts)}"
    assert made.shape == expected.shape, (what, made.shape, expected.shape)
    close(made, expected, rtol=1e-12, atol=1e-14, what=what)
    if hasattr(fitted, "get_feature_names_out") and not isinstance(fitted, HashingVectorizer):
        with h5py.File(path("transform.h5")) as f:
            assert list(f["feature_names"].asstr()[()]) == list(fitted.get_feature_names_out()), what


def test_vectorizers():
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    for case in range(9):
        texts, _ = reviews(rng, int(rng.integers(20, 900)))
        other, _ = reviews(rng, 40, words=500)
        options = drawn_options(rng, has_idf=case % 3 > 0)
        if case % 3 > 0:
            check(TfidfVectorizer(**options), texts, other, case)
        else:
            check(CountVectorizer(**options), texts, other, case)
    check(CountVectorizer(vocabulary={"w1": 1, "w2": 0, "zürich": 2}), texts, other, 1)
    check(TfidfVectorizer(vocabulary=["w1", "the", "not there"]), texts, other, 2)
    check(make_pipeline(CountVectorizer(), TfidfTransformer(sublinear_tf=True)), texts, other, 1)
    check(make_union(TfidfVectorizer(), CountVectorizer(analyzer="char", ngram_range=(2, 2))), texts, other, 2)
    for case in range(3):
        options = {k: v for k, v in drawn_options(rng, False).items() if k not in ("min_df", "max_df")}
        check(HashingVectorizer(n_features=int(rng.integers(1, 300)), alternate_sign=case > 0, norm=["l1", None, "l2"][case], **options),
              texts, other, case)


def zipf(rng, count, words, of):
    """Texts of so many of `of` words, most of which are rare, as of a language."""
    chance = 1 / np.arange(1, of + 1) ** 1.05
    drawn = rng.choice(of, (count, words), p=chance / chance.sum())
    return [" ".join(f"w{k}" for k in row) for row in drawn]


def test_many_terms():
    """More than any room for terms that is set aside whatever the texts, in cells, and few of them wanted."""
    rng = np.random.default_rng(SEED + 5)
    texts = zipf(rng, 3000, 150, 200_000)
    y = rng.integers(0, 2, len(texts))
    data = write("zipf", texts, y)
    for case, estimator in enumerate((CountVectorizer(ngram_range=(1, 2)), CountVectorizer(analyzer="char_wb", ngram_range=(2, 5)),
                                      TfidfVectorizer(vocabulary=["w1", "w7", "no word"]))):
        theirs = estimator.fit_transform(texts)
        assert theirs.shape[1] > (100_000, 30_000, 1)[case], theirs.shape
        model = fit(expression(estimator), data, "--x", "/X", "--memory", "4G", ranks=[1, 3][case % 2])[0]
        ours = [t.decode() if isinstance(t, bytes) else t for t in model["vocabulary_"]]
        assert ours == list(estimator.get_feature_names_out()), estimator
    done = run("search", "make_pipeline(TfidfVectorizer(), MultinomialNB())", data, "--x", "/X", "--cv", "5", "--grid",
               "{'multinomialnb__alpha': [1.0]}", "--results", path("r.csv"), "--json", "--quiet", "--overwrite")
    theirs = cross_val_score(make_pipeline(TfidfVectorizer(), MultinomialNB()), texts, y, cv=5)
    close(json.loads(done.stdout)["best_score"], theirs.mean(), rtol=1e-12, atol=1e-12)
    done = run("fit", "CountVectorizer(ngram_range=(1, 3))", data, "--x", "/X", "--memory", "80M", "--model", path("none.h5"), check=False)
    assert done.returncode == 5 and "different terms" in done.stderr and "--memory" in done.stderr, done


def test_texts_that_are_empty():
    full = zipf(np.random.default_rng(SEED + 6), 200, 20, 300)
    for case, texts in enumerate(([""] * 2000 + full, full + [""] * 2000, full[:1] + [""] * 50)):
        check(TfidfVectorizer(), texts, texts, case)
        data = write("empty", texts, [0, 1] * (len(texts) // 2) + [1] * (len(texts) % 2))
        for ranks in (1, 5):
            model = fit("make_pipeline(CountVectorizer(), MultinomialNB())", data, "--x", "/X", ranks=ranks)[2]
            ours = common.output("predict", model, data, "--x", "/X", "--method", "predict_proba", dataset="predict_proba")
        with h5py.File(data) as f:
            close(ours, make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, f["y"][()]).predict_proba(texts), rtol=1e-10)
    done = run("fit", "TfidfVectorizer()", write("empty", [""] * 30), "--x", "/X", "--model", path("none.h5"), check=False)
    assert done.returncode == 3 and "no terms" in done.stderr, done


def test_branches():
    """Some of which make dense rows, or have no columns."""
    rng = np.random.default_rng(SEED + 7)
    texts, y = reviews(rng, 400)
    data = write("reviews", texts, y)
    dense = make_union(make_pipeline(TfidfVectorizer(), TruncatedSVD(n_components=3, algorithm="arpack")), CountVectorizer(min_df=20))
    model = fit(expression(dense), data, "--x", "/X", ranks=3)[2]
    expected = dense.fit_transform(texts).toarray()
    ours = common.output("transform", model, data, "--x", "/X", ranks=2)
    close(np.abs(ours), np.abs(expected), rtol=1e-6, atol=1e-6)  # signs are open
    best = make_pipeline(CountVectorizer(), SelectKBest(chi2, k=20))
    for estimator in (FeatureUnion([("best", best), ("all", TfidfVectorizer())], transformer_weights={"best": 3.0}),
                      make_pipeline(dense, LogisticRegression(tol=1e-8))):
        model = fit(expression(estimator), data, "--x", "/X", ranks=3)[2]
        estimator.fit(texts, y)
        if hasattr(estimator, "predict_proba"):
            close(common.output("predict", model, data, "--x", "/X", "--method", "predict_proba", dataset="predict_proba"), estimator.predict_proba(texts), rtol=1e-3, atol=1e-3)
        else:
            close(common.output("transform", model, data, "--x", "/X"), estimator.transform(texts).toarray(), rtol=1e-10, atol=1e-12)
    with open(path("table.csv"), "w") as f:
        f.write("review\n" + "".join(f'"{t}"\n' for t in texts))
    run("import", path("table.csv"), path("table.h5"), "--types", "review=text", "--overwrite", "--no-target")
    model = fit("ColumnTransformer([('a', TfidfVectorizer(), 'review'), ('b', CountVectorizer(), [])])", path("table.h5"))[2]
    ours = common.output("transform", model, path("table.h5"))
    close(ours, TfidfVectorizer().fit_transform(texts).toarray(), rtol=1e-12, atol=1e-14)


def test_most_frequent_terms():
    """Which of equally frequent ones are taken is open in scikit-learn."""
    rng = np.random.default_rng(SEED + 1)
    texts, _ = reviews(rng, 300)
    for binary in (False, True):
        counts = np.asarray(CountVectorizer(binary=binary).fit_transform(texts).sum(axis=0)).ravel()
        ordered = np.sort(counts)[::-1]
        most = next(k for k in range(20, len(ordered)) if ordered[k] < ordered[k - 1])
        check(CountVectorizer(binary=binary, max_features=most), texts, texts[:50], int(binary))


def test_predictions_and_searches():
    rng = np.random.default_rng(SEED + 2)
    texts, y = reviews(rng, 700)
    data = write("reviews", texts, y)
    for estimator in (make_pipeline(TfidfVectorizer(), LogisticRegression(tol=1e-8)), make_pipeline(CountVectorizer(), MultinomialNB())):
        expected = estimator.fit(texts, y).predict_proba(texts)
        model = fit(expression(estimator), data, "--x", "/X")[2]
        run("predict", model, data, "--x", "/X", "--method", "predict_proba", "--overwrite", "--out", path("proba.h5"), "--quiet")
        with h5py.File(path("proba.h5")) as f:
            close(f["predict_proba"][()], expected, rtol=1e-3, atol=1e-3, what=expression(estimator))
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression(tol=1e-8))
    grid = {"tfidfvectorizer__min_df": [1, 5], "tfidfvectorizer__ngram_range": [(1, 1), (1, 2)], "logisticregression__C": [0.1, 1.0]}
    theirs = GridSearchCV(pipeline, grid, cv=StratifiedKFold(3), scoring="neg_log_loss").fit(texts, y).cv_results_["mean_test_score"]
    for ranks in (1, 3):
        done = run("search", expression(pipeline), data, "--x", "/X", "--grid", repr(grid), "--cv", "3", "--scoring", "neg_log_loss", "--json",
                   "--quiet", "--results", path("results.csv"), "--overwrite", ranks=ranks)
        assert done.returncode == 0
        with open(path("results.csv")) as f:
            lines = [line for line in f]
        column = lines[0].strip().split(",").index("mean_test_score")
        import csv
        ours = [float(row["mean_test_score"]) for row in csv.DictReader(lines)]
        assert column > 0
        close(ours, theirs, rtol=1e-4, atol=1e-4, what=f"{ranks} ranks")


def test_from_csv():
    rng = np.random.default_rng(SEED + 3)
    texts, y = reviews(rng, 300)
    with open(path("reviews.csv"), "w", newline="") as f:
        f.write("review,label\n" + "".join(f'"{t}",{"abc"[k]}\n' for t, k in zip(texts, y)))
    run("import", path("reviews.csv"), path("imported.h5"), "--types", "review=text,label=category", "--overwrite")
    fit("TfidfVectorizer()", path("imported.h5"), "--x", "/table/review")
    model = fit("make_pipeline(TfidfVectorizer(), LogisticRegression())", path("imported.h5"), "--y", "label")[2]
    said = run("predict", model, path("imported.h5"), "--y", "label", "--out", path("labels.csv"), "--overwrite", check=False)
    assert said.returncode == 0, said
    expected = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, y).predict(texts)
    with open(path("labels.csv")) as f:
        ours = [line.strip().split(",")[-1] for line in f][1:]
    assert np.mean(np.array(ours) == np.array(list("abc"))[expected]) > 0.995


def test_refusals():
    rng = np.random.default_rng(SEED + 4)
    texts, y = reviews(rng, 60)
    data = write("reviews", texts, y)
    numbers = common.write("numbers", rng.normal(size=(60, 1)), y)

    def refused(text, file, *words, code=3):
        done = run("fit", text, file, "--x", "/X", "--model", path("none.h5"), check=False)
        assert done.returncode == code, (text, done)
        for word in words:
            assert word in done.stderr, (text, word, done.stderr)

    refused("TfidfVectorizer(min_df=50, max_df=2)", data, "max_df")
    refused("TfidfVectorizer(min_df=1.0)", data, "no term is left")
    refused("CountVectorizer(stop_words=['x'], token_pattern='q')", data, "hold no terms")
    refused("CountVectorizer(vocabulary={'a': 0, 'b': 2})", data, "vocabulary", code=2)
    refused("CountVectorizer(token_pattern='(a|b)+')", data, "token_pattern", code=2)
    refused("CountVectorizer(tokenizer=print)", data, "token", code=2)
    refused("TfidfVectorizer()", numbers, "numbers")
    refused("LogisticRegression()", data, "text")
    refused("make_union(TfidfVectorizer(), 'passthrough')", data, "FeatureUnion", "texts")


if __name__ == "__main__":
    common.main(globals())
