# SPDX-License-Identifier: BSD-3-Clause
"""score --report against sklearn.metrics: confusion_matrix, classification_report, roc_curve, precision_recall_curve and det_curve as text,
JSON and CSV; ties, weights, text labels; the same bytes on any number of ranks and with little memory."""
import csv
import datetime
import json

import numpy as np
import sklearn
from sklearn import metrics as sk

import common

SEED = int(datetime.date.today().strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
print(f"seed {SEED}")
IS_NEW = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 9)
RANKS = ((1, []), (2, ["--threads", 2]), (3, []), (5, []))


def report(model, data, names, *options):
    """The JSON of the reports, which must not depend on ranks; the one that --report-out writes is the same."""
    results = set()
    for ranks, more in RANKS:
        out = common.path("report.json")
        done = common.run("score", model, data, "--report", ",".join(names), "--report-out", out, "--json", "--quiet", *options, *more,
                          ranks=ranks)
        with open(out) as f:
            assert json.load(f) == {n: json.loads(done.stdout)[n] for n in names}
        results.add(open(out).read())
    assert len(results) == 1, names
    return json.loads(results.pop())


def table(model, data, name, *options):
    """The header and rows of the CSV."""
    out = common.path("report.csv")
    common.run("score", model, data, "--report", name, "--report-out", out, "--quiet", *options, ranks=2)
    with open(out, newline="") as f:
        header, *rows = list(csv.reader(f))
    return header, rows


def drawn(k, text, weighted, n=6000):
    X = RNG.integers(0, 4, size=(n, 3)).astype(float)
    if not weighted:
        X[: n // 2] += RNG.normal(size=(n // 2, 3))  # some scores tie, others do not
    codes = np.clip(np.rint((X.sum(axis=1) + 2 * RNG.normal(size=n)) * k / 9), 0, k - 1).astype(int)
    codes[:k] = np.arange(k)
    labels = np.array([f"kind, {i}" for i in range(k)]) if text else np.arange(k) * 3 - 2
    w = RNG.gamma(0.7, size=n) * (RNG.random(n) > 0.1) if weighted else None
    return X, labels[codes], labels, w, common.write("drawn", X, labels[codes], w)


def test_tables_of_classes():
    for k, text, weighted in ((2, False, False), (4, True, False), (3, False, True)):
        X, y, labels, w, data = drawn(k, text, weighted)
        _, _, model = common.fit("GaussianNB()", data)
        answer = common.output("predict", model, data)
        found = report(model, data, ["confusion_matrix", "classification_report"])
        matrix = sk.confusion_matrix(y, answer, sample_weight=w)
        assert found["confusion_matrix"]["labels"] == [str(label) for label in labels]
        common.close(np.array(found["confusion_matrix"]["matrix"]), matrix, rtol=1e-12)
        header, rows = table(model, data, "confusion_matrix")
        assert header[1:] == [row[0] for row in rows] == [str(label) for label in labels]
        common.close(np.array([row[1:] for row in rows], dtype=float), matrix, rtol=1e-12)
        theirs = sk.classification_report(y, answer, sample_weight=w, output_dict=True, zero_division=0)
        ours = found["classification_report"]
        assert list(ours) == list(theirs)
        for key, row in theirs.items():
            for name, value in row.items() if isinstance(row, dict) else [(None, row)]:
                common.close(ours[key] if name is None else ours[key][name], value, rtol=1e-12, what=f"{key} {name}")
        header, rows = table(model, data, "classification_report")
        assert header == ["label", "precision", "recall", "f1-score", "support"]
        common.close(float(rows[0][3]), theirs[str(labels[0])]["f1-score"], rtol=1e-12)
        if not weighted:
            text_of = common.run("score", model, data, "--report", "classification_report,confusion_matrix").stdout
            assert sk.classification_report(y, answer, zero_division=0) in text_of, text_of
            assert "true \\ predicted" in text_of and str(matrix[0, 0]) in text_of


def test_labels_that_do_not_occur():
    X, y, labels, _, data = drawn(5, True, False)
    _, _, model = common.fit("GaussianNB()", data)
    rows = np.isin(y, labels[1:3])
    some = common.write("some", X[rows], y[rows])
    answer = common.output("predict", model, some)
    found = report(model, some, ["confusion_matrix"])["confusion_matrix"]
    assert found["labels"] == sorted(set(y[rows]) | set(answer))
    np.testing.assert_array_equal(found["matrix"], sk.confusion_matrix(y[rows], answer))


def curves(y, score, w):
    fpr, tpr, thresholds = sk.roc_curve(y, score, sample_weight=w)
    precision, recall, at = sk.precision_recall_curve(y, score, sample_weight=w)
    found = {"roc_curve": (fpr, tpr, np.append(np.inf, thresholds[1:])), "precision_recall_curve": (precision, recall, at)}
    if IS_NEW:  # before, its ends were others
        found["det_curve"] = sk.det_curve(y, score, sample_weight=w)
    return found


def test_curves():
    for text, weighted, estimator in ((True, False, "LogisticRegression()"), (False, True, "GaussianNB()"), (False, False, "GaussianNB()")):
        X, y, labels, w, data = drawn(2, text, weighted)
        _, _, model = common.fit(estimator, data)
        method = "decision_function" if "Log" in estimator else "predict_proba"
        score = common.output("predict", model, data, "--method", method, dataset=method)
        names = ["roc_curve", "precision_recall_curve", "det_curve"]
        for positive in (1, 0):
            of_class = score[:, positive] if score.ndim == 2 else score * (1 if positive else -1)
            options = [] if positive else ["--pos-label", str(labels[0])]
            expected = curves(y == labels[positive], of_class, w)
            found = report(model, data, names, *options)
            for name, columns in expected.items():
                ours = [np.array(c, dtype=float) for c in found[name].values()]
                ours[2][np.isnan(ours[2])] = np.inf  # JSON has no infinity
                if weighted and name == "roc_curve":  # sums of weights round otherwise there, so other points are straight to the last bit
                    at = columns[0] + columns[1]  # both rise, and each may stand still
                    common.close(np.interp(at, ours[0] + ours[1], ours[1]), columns[1], rtol=1e-9)
                    common.close(sk.auc(*ours[:2]), sk.auc(*columns[:2]), rtol=1e-9)
                    continue
                for a, b in zip(ours, columns):
                    assert len(a) == len(b), (name, len(a), len(b))
                    common.close(a, b, rtol=1e-9, atol=1e-13, what=name)
        header, rows = table(model, data, "roc_curve", *options)
        assert header == ["fpr", "tpr", "threshold"] and rows[0] == ["0.0", "0.0", "inf"]
        common.close(np.array(rows, dtype=float)[:, :2].T, np.array(list(found["roc_curve"].values())[:2]), rtol=0, atol=0)
        done = common.run("score", model, data, "--report", "roc_curve", *options)
        assert f"positive class of roc_curve: {labels.tolist()[0]!r}" in done.stderr and "points" in done.stdout


def test_scores_beyond_memory():
    n = 150_000
    X = np.sort(RNG.normal(size=(n, 1)), axis=0)
    y = (X[:, 0] + 2 * RNG.normal(size=n) > 1).astype(int)
    data = common.write("long", X, y)
    _, _, model = common.fit("GaussianNB()", data)
    roomy = json.loads(common.run("score", model, data, "--report", "roc_curve", "--json", "--quiet").stdout)["roc_curve"]
    for ranks in (1, 3):
        done = common.run("score", model, data, "--report", "roc_curve", "--json", "--quiet", *common.memory(20, ranks=ranks), ranks=ranks)
        assert json.loads(done.stdout)["roc_curve"] == roomy
    score = common.output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")[:, 1]
    assert len(roomy["fpr"]) == len(sk.roc_curve(y, score)[0]) and len(roomy["fpr"]) > 10_000


def test_many_classes():
    n, k = 20_000, 3000
    codes = RNG.integers(0, k, size=n)
    data = common.write("many", codes[:, None] + RNG.normal(size=(n, 1)) * 0.5, codes)
    _, _, model = common.fit("GaussianNB()", data)
    answer = common.output("predict", model, data)
    header, rows = table(model, data, "confusion_matrix")
    assert header == ["true", "predicted", "count"]
    pairs, counts = np.unique(np.column_stack([codes, answer]), axis=0, return_counts=True)
    np.testing.assert_array_equal(np.array(rows, dtype=int), np.column_stack([pairs, counts]))


def fails(code, words, *arguments):
    for ranks in (1, 3):
        done = common.run(*arguments, ranks=ranks, check=False)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error:")]
        assert done.returncode == code and len(errors) == 1 and words in errors[0], (arguments, done.returncode, done.stderr)


def test_messages():
    X, y, labels, _, data = drawn(3, False, False)
    _, _, model = common.fit("GaussianNB()", data)
    out = common.path("never.csv")
    fails(2, "did you mean 'roc_curve'?", "score", model, data, "--report", "roc_curv")
    fails(2, "multiclass format is not supported", "score", model, data, "--report", "roc_curve")
    fails(2, "--report confusion_matrix", "score", model, data, "--scoring", "confusion_matrix")
    fails(2, "holds one report", "score", model, data, "--report", "confusion_matrix,classification_report", "--report-out", out)
    fails(2, "needs --report", "score", model, data, "--report-out", out)
    fails(2, "FILE.csv or FILE.json", "score", model, data, "--report", "confusion_matrix", "--report-out", common.path("x.txt"))
    two = common.write("two", X[y != labels[2]], y[y != labels[2]])
    _, _, model = common.fit("GaussianNB()", two)
    one = common.write("one", X[y == labels[0]], y[y == labels[0]])
    fails(3, "Only one class is present in y_true", "score", model, one, "--report", "roc_curve", "--scoring", "accuracy")
    _, _, model = common.fit("Ridge()", two)
    fails(2, "is for classifiers", "score", model, two, "--report", "confusion_matrix")


if __name__ == "__main__":
    common.main(dict(globals()))
