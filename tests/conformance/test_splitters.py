# SPDX-License-Identifier: BSD-3-Clause
"""Splitters: scikit-learn's folds row by row where nothing is drawn, its sizes where something is."""
import json
import time
import warnings

import h5py
import numpy as np
from sklearn import model_selection as ms

import common

RANKS = (1, 2, 3, 5)
WIDE = 50_000  # columns: a block is 64 rows, so that few rows make several blocks


def write(name, rows, y=None, groups=None, tall=False):
    """A data set in blocks of 64 rows, or of 4096 if `tall`. Features are chunks that were never written."""
    file = common.path(name + ".h5")
    with h5py.File(file, "w") as f:
        f.create_dataset("X", shape=(rows, 1 if tall else WIDE), dtype="f4", chunks=True)
        for key, values in (("y", y), ("groups", groups)):
            if values is None:
                continue
            values = np.asarray(values)
            is_text = values.dtype.kind == "U"
            f.create_dataset(key, data=values.astype(object) if is_text else values,
                             dtype=h5py.string_dtype() if is_text else None)
    return file


def folds(data, cv, *options, ranks=1):
    """The roles the program writes, rows x splits: (array, bytes of the file, standard error)."""
    out = common.path("folds.h5")
    choice = () if cv is None else ("--cv", cv)
    done = common.run("folds", data, *choice, "--out", out, "--json", "--quiet", *options, ranks=ranks)
    with h5py.File(out, "r") as f:
        roles = f["folds"][()]
    told = json.loads(done.stdout)
    assert told["n_splits"] == roles.shape[1]
    assert told["train_rows"] == (roles == 1).sum(axis=0).tolist()
    assert told["test_rows"] == (roles == 2).sum(axis=0).tolist()
    with open(out, "rb") as f:
        return roles, f.read(), done.stderr


def oracle(splitter, rows, y=None, groups=None):
    roles = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for train, test in splitter.split(np.zeros((rows, 1)), y, groups):
            role = np.zeros(rows, dtype=int)
            role[train] = 1
            role[test] = 2
            roles.append(role)
    return np.array(roles).T


def same(data, splitter, rows, y=None, groups=None, cv=None, options=(), ranks=RANKS):
    """The program's folds are those of scikit-learn's splitter on any number of ranks."""
    expected = oracle(splitter, rows, y, groups)
    if isinstance(splitter, ms.GroupKFold) and common.SKLEARN < (1, 6):
        # Groups of one size come in another order there: only how many rows a fold has is the same.
        roles, _, _ = folds(data, cv or repr(splitter), *options, "--groups", "/groups", ranks=ranks[-1])
        assert ((roles == 2).sum(axis=0) == (expected == 2).sum(axis=0)).all() and (roles > 0).all(), f"{splitter}"
        return
    if groups is not None:
        options = (*options, "--groups", "/groups")
    for n in ranks:
        roles, _, _ = folds(data, cv or repr(splitter), *options, ranks=n)
        assert roles.shape == expected.shape, f"{splitter}: {roles.shape}, not {expected.shape}"
        wrong = np.flatnonzero((roles != expected).any(axis=1))
        assert len(wrong) == 0, f"{splitter} on {n} ranks: {len(wrong)} rows, the first {wrong[0]}: " \
                                f"{roles[wrong[0]]} instead of {expected[wrong[0]]}"


def classes(rows, seed=0):
    """Targets of several kinds: unsorted, in runs, text, rare classes."""
    rng = np.random.default_rng(seed)
    skewed = rng.choice([7, -3, 0, 12], size=rows, p=[0.7, 0.2, 0.07, 0.03])
    rare = skewed.copy()
    rare[rng.choice(rows, 3, replace=False)] = 99
    return {"skewed": skewed, "runs": np.sort(skewed)[::-1].copy(), "rare": rare,
            "text": np.array(["dog", "été", "Cat", "zebra"])[rng.integers(0, 4, rows)],
            "round": rng.integers(0, 3, rows) * 1.0, "one": np.ones(rows, dtype=int)}


def test_k_fold():
    for rows in (5, 64, 203):
        data = write("plain", rows)
        for k in (2, 3, 5):
            same(data, ms.KFold(k), rows, ranks=RANKS if k == 3 else (1,))
    same(data, ms.KFold(), rows, cv="5", ranks=(2,))
    tall = write("tall", 20_003, tall=True)
    same(tall, ms.KFold(7), 20_003, ranks=(1, 3))


def test_stratified_k_fold():
    for rows in (64, 203):
        for name, y in classes(rows).items():
            data = write("stratified", rows, y)
            same(data, ms.StratifiedKFold(3), rows, y, ranks=RANKS if name in ("rare", "text") else (1,))
            same(data, ms.StratifiedKFold(7), rows, y, ranks=(1,))
    same(data, ms.StratifiedKFold(), rows, y, cv="5", options=("--classifier",), ranks=(2,))
    rng = np.random.default_rng(1)
    y = rng.integers(0, 40, 100_003) ** 2 % 41
    same(write("many", 100_003, y, tall=True), ms.StratifiedKFold(11), 100_003, y, ranks=(1, 3))


def test_stratified_with_very_many_classes():
    rng = np.random.default_rng(5)
    y = rng.integers(0, 9_000, 60_000)
    y[rng.choice(60_000, 500, replace=False)] = 10_000_000
    same(write("classes", 60_000, y, tall=True), ms.StratifiedKFold(20), 60_000, y, ranks=(1, 2))


def test_group_k_fold():
    rng = np.random.default_rng(2)
    for rows, n_groups in ((203, 17), (1001, 100), (1000, 1000)):
        ties = np.arange(rows) % n_groups
        for groups in (rng.integers(0, n_groups, rows), rng.permutation(ties), ties - 2.5,
                       np.array([f"patient {g}" for g in rng.permutation(ties)])):
            data = write("groups", rows, groups=groups)
            for k in (2, 5) if n_groups == 100 else (5,):
                is_text = groups.dtype.kind == "U"
                same(data, ms.GroupKFold(k), rows, groups=groups,
                     ranks=RANKS if is_text and (rows, k) == (1001, 5) else (1,))
    groups = rng.zipf(1.3, 30_000) % 4000
    same(write("zipf", 30_000, groups=groups, tall=True), ms.GroupKFold(6), 30_000, groups=groups, ranks=(1, 3))
    seed = int(time.time()) // 86400
    rng = np.random.default_rng(seed)
    print(f"        groups of seed {seed}")
    for _ in range(8):
        rows = int(rng.integers(20, 5000))
        groups = rng.integers(0, int(rng.integers(5, rows)), rows)
        k = int(rng.integers(2, min(9, len(np.unique(groups)))))
        same(write("drawn", rows, groups=groups, tall=True), ms.GroupKFold(k), rows, groups=groups, ranks=(1,))


def test_leave_one_group_out():
    rng = np.random.default_rng(3)
    for groups in (rng.integers(-4, 9, 203), np.array(["b", "a", "ü", "Z"])[rng.integers(0, 4, 203)]):
        data = write("leave", 203, groups=groups)
        same(data, ms.LeaveOneGroupOut(), 203, groups=groups, ranks=(1, 3))


def test_leave_p_out():
    data = write("few", 9)
    for splitter in (ms.LeaveOneOut(), ms.LeavePOut(2), ms.LeavePOut(3), ms.LeavePOut(8)):
        same(data, splitter, 9, ranks=RANKS if "2" in repr(splitter) else (1,))
    y = classes(70)["text"]
    same(write("seventy", 70, y), ms.LeaveOneOut(), 70, y, ranks=(1, 3))
    rng = np.random.default_rng(13)
    for groups in (rng.integers(-4, 5, 203), np.array(["b", "a", "ü", "Z"])[rng.integers(0, 4, 203)]):
        data = write("leave", 203, groups=groups)
        for n in (1, 2, 3):
            same(data, ms.LeavePGroupsOut(n), 203, groups=groups, cv=f"LeavePGroupsOut({n})", ranks=(1, 3))
    refused(data, "LeavePGroupsOut(4)", "fewer than 5 unique groups", "--groups", "/groups", code=3)
    refused(data, "LeavePOut(203)", complaint(ms.LeavePOut(203), 203), code=3)
    refused(data, "LeavePOut(3)", "more than the 10000 splits", code=3)
    refused(data, "LeavePOut()", "p must be given", code=2)
    refused(data, "LeavePGroupsOut()", "n_groups must be given", code=2)


def test_stratified_group_k_fold():
    """Draws of classes that hang on groups, with ties; the folds are scikit-learn's row by row."""
    seed = int(time.time()) // 86400
    print(f"        stratified groups of seed {seed}")
    rng = np.random.default_rng(seed)
    for case in range(16):
        rows = int(rng.integers(60, 2000))
        n_groups = int(rng.integers(7, rows // 4))
        n_classes = int(rng.choice([1, 2, 3, 5, 9, 20]))
        groups = rng.integers(0, n_groups, rows) if case % 2 else np.arange(rows) % n_groups
        liking = rng.integers(0, n_classes, n_groups)
        y = np.where(rng.random(rows) < 0.5, liking[groups % n_groups], rng.integers(0, n_classes, rows))
        k = int(rng.integers(2, 7))
        splitter = ms.StratifiedGroupKFold(k)
        data = write("both", rows, y, groups)
        try:
            oracle(splitter, rows, y, groups)
        except ValueError as e:
            refused(data, repr(splitter), str(e).rstrip("."), "--groups", "/groups", code=3)
            continue
        same(data, splitter, rows, y, groups, ranks=RANKS if case == 3 else (1,))
    continuous = write("continuous", 203, rng.normal(size=203), rng.integers(0, 9, 203))
    refused(continuous, "StratifiedGroupKFold(3)", "Supported target types are: ('binary', 'multiclass')", "--groups",
            "/groups", code=3)


def test_drawn_groups():
    rng = np.random.default_rng(14)
    rows = 1001
    groups = np.array([f"patient {g}" for g in rng.zipf(1.4, rows) % 60])
    y = rng.integers(0, 3, rows)
    data = write("drawn", rows, y, groups)
    n_groups = len(np.unique(groups))
    options = ("--groups", "/groups")

    def groups_of(roles, role):
        """The groups of each split's rows with a role; a group has the same role in all its rows."""
        for group in np.unique(groups):
            of_group = roles[groups == group]
            assert (of_group == of_group[0]).all(), f"{group} is parted"
        return [len(np.unique(groups[roles[:, i] == role])) for i in range(roles.shape[1])]

    for cv in ("GroupShuffleSplit(3, test_size=0.3, train_size=0.5, random_state=1)", "GroupShuffleSplit(random_state=1)",
               "GroupShuffleSplit(2, test_size=7, random_state=1)", "GroupKFold(4, shuffle=True, random_state=1)",
               "StratifiedGroupKFold(4, shuffle=True, random_state=1)"):
        roles, first, _ = folds(data, cv, *options)
        for n in RANKS[1:]:
            assert folds(data, cv, *options, ranks=n)[1] == first, f"{cv}: the file depends on the ranks"
        assert folds(data, cv.replace("state=1", "state=2"), *options)[1] != first, f"{cv}: the seed does not matter"
        if "Shuffle" in cv:
            expected = eval("ms." + cv)
            sizes = [(len(np.unique(groups[a])), len(np.unique(groups[b]))) for a, b in expected.split(y, y, groups)]
            assert list(zip(groups_of(roles, 1), groups_of(roles, 2))) == sizes, (cv, sizes)
            continue
        groups_of(roles, 2)
        assert ((roles == 2).sum(axis=1) == 1).all(), f"{cv}: a row is not tested exactly once"
        if cv.startswith("GroupKFold"):
            assert max(groups_of(roles, 2)) - min(groups_of(roles, 2)) <= 1, groups_of(roles, 2)
        else:
            shares = np.array([[(y[roles[:, i] == 2] == c).mean() for c in range(3)] for i in range(4)])
            assert np.abs(shares - 1 / 3).max() < 0.12, shares
    refused(data, f"GroupShuffleSplit(test_size={n_groups})", "smaller than the number of groups", *options, code=3)


def test_predefined_split():
    rng = np.random.default_rng(4)
    for low in (-1, 0, -3):
        groups = rng.integers(low, 6, 203)
        data = write("predefined", 203, groups=groups)
        same(data, ms.PredefinedSplit(groups), 203, groups=groups, cv="PredefinedSplit()", ranks=(1, 3))


def test_time_series_split():
    for rows in (64, 203):
        data = write("series", rows)
        for options in ({}, {"n_splits": 3, "gap": 4}, {"max_train_size": 20}, {"test_size": 7, "gap": 1},
                        {"n_splits": 7, "max_train_size": 3, "test_size": 2, "gap": 11}, {"max_train_size": 0}):
            same(data, ms.TimeSeriesSplit(**options), rows, ranks=(3,) if options.get("gap") == 4 else (1,))


def test_chosen_rows():
    rows = 700
    rng = np.random.default_rng(6)
    y = rng.integers(0, 3, rows)
    groups = rng.integers(0, 30, rows)
    data = write("chosen", rows, y, groups)
    first = 333
    same(data, ms.StratifiedKFold(4), first, y[:first], options=("--rows", first))
    same(data, ms.GroupKFold(4), first, groups=groups[:first], options=("--rows", first), ranks=(1, 3))
    same(data, ms.KFold(4), first, options=("--rows", first), ranks=(2,))
    # A sample of so few rows is drawn row by row; a smaller one lies within a larger one.
    options = ("--sample", 0.4, "--seed", 5)
    kept = chosen_rows(rows, options)
    assert kept.sum() == np.ceil(0.4 * rows), kept.sum()
    fewer = chosen_rows(rows, ("--sample", 0.1, "--seed", 5))
    assert fewer.sum() == np.ceil(0.1 * rows) and kept[fewer].all()
    same(data, ms.StratifiedKFold(3), kept.sum(), y[kept], options=options)
    same(data, ms.KFold(3), kept.sum(), options=options, ranks=(2,))
    same(data, ms.GroupKFold(3), kept.sum(), groups=groups[kept], options=options, ranks=(1, 3))


def chosen_rows(rows, options):
    """Which rows a sample has: a scaler hands on the numbers of the rows."""
    data, model, out = (common.path(name) for name in ("places.h5", "scaler.h5", "scaled.h5"))
    with h5py.File(data, "w") as f:
        f["X"] = np.arange(rows, dtype=float)[:, None]
    common.run("fit", "MaxAbsScaler()", data, "--model", model, "--quiet")
    common.run("transform", model, data, "--out", out, "--quiet", *options)
    with h5py.File(out, "r") as f:
        places = np.rint(f["X"][:, 0] * (rows - 1)).astype(int)
    chosen = np.zeros(rows, bool)
    chosen[places] = True
    assert chosen.sum() == len(places)
    return chosen


DRAWN = ("KFold(3, shuffle=True, random_state=1)", "StratifiedKFold(3, shuffle=True, random_state=1)",
         "RepeatedKFold(n_splits=3, n_repeats=2, random_state=1)",
         "RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=1)",
         "ShuffleSplit(2, test_size=0.3, train_size=0.5, random_state=1)",
         "StratifiedShuffleSplit(2, test_size=0.3, train_size=0.5, random_state=1)")


def test_drawn_folds_are_the_same_on_any_ranks():
    for rows, tall, ranks in ((203, False, RANKS), (20_003, True, (1, 3))):
        y = classes(rows)["skewed"]
        data = write("drawn", rows, y, tall=tall)
        for cv in DRAWN:
            first = None
            for n in ranks:
                _, content, _ = folds(data, cv, ranks=n)
                first = first or content
                assert content == first, f"{cv}: the file depends on the ranks"
            _, other, _ = folds(data, cv.replace("random_state=1", "random_state=2"))
            assert other != first, f"{cv}: the seed does not matter"
            _, default, _ = folds(data, cv.replace(", random_state=1", ""), "--seed", 1)
            assert default == first, f"{cv}: None does not take --seed"


def per_class(roles, y, role):
    return np.array([(roles[y == c] == role).sum(axis=0) for c in np.unique(y)])


def check_drawn_sizes(cv, roles, rows, y):
    """Ties between classes are drawn: our sizes are among those that scikit-learn gives for some seed."""
    def sizes(of):
        return {tuple(np.concatenate([per_class(of, y, 1)[:, i], per_class(of, y, 2)[:, i]]))
                for i in range(of.shape[1])}

    possible = sizes(np.hstack([oracle(eval("ms." + cv.replace("random_state=1", f"random_state={seed}")), rows, y)
                                for seed in range(40)]))
    assert sizes(roles) <= possible, f"{cv}, {rows} rows: {sizes(roles)} are not all in {possible}"


def test_drawn_sizes_are_scikit_learns():
    for rows in (203,):
        for name, y in classes(rows).items():
            data = write("drawn", rows, y)
            for cv in DRAWN:
                if "StratifiedShuffle" in cv and np.unique(y, return_counts=True)[1].min() < 2:
                    continue  # refused by both
                roles, _, _ = folds(data, cv)
                expected = oracle(eval("ms." + cv), rows, y)
                assert roles.shape == expected.shape
                if "StratifiedShuffle" in cv:
                    check_drawn_sizes(cv, roles, rows, y)
                    continue
                for role in (1, 2):
                    ours, theirs = (per_class(r, y, role) if "Stratified" in cv else (r == role).sum(axis=0)
                                    for r in (roles, expected))
                    assert (ours == theirs).all(), f"{cv}, {name}, {rows} rows:\n{ours}\n{theirs}"
                if "KFold" in cv:
                    tested = (roles == 2).reshape(rows, -1, 3).sum(axis=2)
                    assert (tested == 1).all(), f"{cv}: a row is not tested exactly once"


def test_repeats_and_splits_differ():
    y = classes(1001)["skewed"]
    data = write("drawn", 1001, y)
    for cv in DRAWN[2:]:
        roles, _, _ = folds(data, cv)
        half = roles.shape[1] // 2
        assert (roles[:, :half] != roles[:, half:]).mean() > 0.3, f"{cv} repeats itself"


def test_draws_are_uniform():
    """Where a row comes in the order says nothing of where it is in the file, within or without its class."""
    rows, k, parts = 40_000, 5, 20
    y = np.random.default_rng(7).choice(3, size=rows, p=[0.6, 0.3, 0.1])
    data = write("uniform", rows, y, tall=True)
    total = np.zeros((parts, k))
    for seed in range(12):
        for cv in (f"KFold({k}, shuffle=True, random_state={seed})",
                   f"StratifiedKFold({k}, shuffle=True, random_state={seed})"):
            roles, _, _ = folds(data, cv)
            fold = roles.argmax(axis=1)
            for chosen in (np.ones(rows, bool), y == 2):
                counts = np.zeros((parts, k))
                np.add.at(counts, (np.arange(rows)[chosen] * parts // rows, fold[chosen]), 1)
                expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
                excess = ((counts - expected) ** 2 / expected).sum() - (parts - 1) * (k - 1)
                assert abs(excess) < 5 * np.sqrt(2 * (parts - 1) * (k - 1)), f"{cv}: {excess}"
                total += counts if chosen.all() else 0
            # Neighbours in the file are not neighbours in the order.
            together = (fold[1:] == fold[:-1]).mean()
            chance = 1 / k
            assert abs(together - chance) < 5 * np.sqrt(chance * (1 - chance) / rows), f"{cv}: {together}"
    expected = total.sum() / total.size
    assert ((total - expected) ** 2 / expected).sum() < 76 + 5 * np.sqrt(2 * 76)


def test_holdout():
    for rows in (64, 203):
        y = classes(rows)["text"]
        data = write("holdout", rows, y)
        for size in (0.2, 0.33, 17):
            for options, stratify in ((), None), (("--classifier",), y):
                train, test = ms.train_test_split(np.arange(rows), test_size=size, stratify=stratify)
                roles, _, _ = folds(data, None, "--holdout", size, *options)
                assert roles.shape == (rows, 1)
                assert (roles == 1).sum() == len(train) and (roles == 2).sum() == len(test)
                if stratify is not None:
                    cv = f"StratifiedShuffleSplit(1, test_size={size}, random_state=1)"
                    check_drawn_sizes(cv, roles, rows, y)


SIZES = ((None, None), (0.25, None), (None, 0.25), (0.3, 0.6), (1, None), (None, 1), (13, 20), (0.5, 3), (63, None),
         (1.0, None), (0.0, None), (64, None), (0, None), (None, 64), (0.7, 0.7), (40, 40), (0.99, None), (0.999, 0.001),
         (None, 0.01), (2, None), (None, 2), (-1, None), (0.5, 0.5), (0.6, 40))


def test_sizes_of_shuffle_splits():
    """Rounding and errors are scikit-learn's, whatever is asked for."""
    rows = 64
    y = classes(rows)["text"]
    data = write("sizes", rows, y)
    for kind in (ms.ShuffleSplit, ms.StratifiedShuffleSplit):
        for test_size, train_size in SIZES[::1 if kind is ms.ShuffleSplit else 4]:
            splitter = kind(1, test_size=test_size, train_size=train_size)
            cv = f"{kind.__name__}(1, test_size={test_size}, train_size={train_size})"
            try:
                expected = oracle(splitter, rows, y)
            except ValueError as e:
                refused(data, cv, str(e))
                continue
            roles, _, _ = folds(data, cv)
            for role in (1, 2):
                assert (roles == role).sum() == (expected == role).sum(), f"{cv}: {role}"


def refused(data, cv, words, *options, ranks=1, code=None):
    done = common.run("folds", data, "--cv", cv, "--quiet", *options, ranks=ranks, check=False)
    assert done.returncode in (2, 3) if code is None else done.returncode == code, f"{cv}: {done.returncode}"
    found = " ".join(done.stderr.split())
    assert words in found, f"{cv}: '{words}' is not in\n{found}"
    assert found.count("superstep: error:") == 1, found


def complaint(splitter, rows, y=None, groups=None):
    try:
        oracle(splitter, rows, y, groups)
    except ValueError as e:
        return str(e)
    raise AssertionError(f"scikit-learn takes {splitter}")


def test_errors_are_scikit_learns():
    small = np.array([0, 1, 0, 1, 2])
    data = write("five", 5, small, small)
    for splitter in (ms.KFold(7), ms.StratifiedKFold(7), ms.StratifiedKFold(3), ms.TimeSeriesSplit(5),
                     ms.TimeSeriesSplit(4, gap=1), ms.TimeSeriesSplit(2, test_size=3), ms.GroupKFold(6),
                     ms.RepeatedKFold(n_splits=6)):
        refused(data, repr(splitter), complaint(splitter, 5, small, small), "--groups", "/groups", ranks=2, code=3)
    if common.SKLEARN >= (1, 9):  # earlier ones do not name the classes
        for y in (small, np.array([5, 5, 1, -3, 1]), np.array(["b", "b", "a", "ä", "c"])):
            lonely = ms.StratifiedShuffleSplit(1, test_size=2)
            refused(write("lonely", 5, y), repr(lonely), complaint(lonely, 5, y), ranks=2, code=3)
        many = np.repeat(np.arange(30), 2)[:-15]
        many[:30:2] += 100
        refused(write("many", 45, many), "StratifiedShuffleSplit(1)", ", ...]", code=3)
    refused(data, "GroupKFold(4)", complaint(ms.GroupKFold(4), 5, groups=small), "--groups", "/groups", code=3)
    for splitter in (ms.GroupKFold(2), ms.LeaveOneGroupOut()):
        refused(data, repr(splitter), complaint(splitter, 5), code=2)
    same_group = write("same", 5, small, np.ones(5))
    refused(same_group, "LeaveOneGroupOut()", "The groups parameter contains fewer than 2 unique groups", "--groups",
            "/groups", code=3)
    refused(data, "GroupKFold(2)", "/nowhere", "--groups", "/nowhere")
    for make in (lambda: ms.KFold(1), lambda: ms.KFold(random_state=3), lambda: ms.RepeatedKFold(n_repeats=0)):
        try:
            make()
        except ValueError as e:
            message = str(e)
        cv = {"k": "KFold(1)", "S": "KFold(random_state=3)", "N": "RepeatedKFold(n_repeats=0)"}[message[0]]
        refused(data, cv, message.rstrip("."), code=2)


def test_targets_that_are_no_classes():
    rng = np.random.default_rng(8)
    y = rng.normal(size=203)
    for values in (y, y.astype("f4"), rng.normal(size=150_000)):
        data = write("continuous", len(values), values, tall=True)
        refused(data, "StratifiedKFold(3)", complaint(ms.StratifiedKFold(3), len(values), values), code=3)
    y = rng.integers(0, 3, 203) * 1.0
    y[[70, 150]] = np.nan
    for n in (1, 3):
        refused(write("nan", 203, y), "StratifiedKFold(3)", "2 targets that are NaN or infinite, the first at row 70",
                ranks=n, code=3)
        refused(write("nan", 203, groups=y), "GroupKFold(3)", "2 groups that are NaN or infinite, the first at row 70",
                "--groups", "/groups", ranks=n, code=3)
    refused(write("none", 203), "StratifiedKFold(3)", "has no targets", code=3)
    large = np.arange(203) + 2**60
    refused(write("large", 203, groups=large), "GroupKFold(3)", "2^53", "--groups", "/groups", code=3)


def test_warning_of_rare_classes():
    y = np.array([0] * 10 + [1] * 2 + [2] * 9)
    data = write("rare", 21, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(ms.StratifiedKFold(3).split(y, y))
    for n in (1, 2):
        _, _, stderr = folds(data, "StratifiedKFold(3)", ranks=n)
        assert stderr.count(str(caught[0].message)) == 1, stderr
    _, _, stderr = folds(data, "StratifiedKFold(2)")
    assert stderr == "", stderr


if __name__ == "__main__":
    common.main(dict(globals()))
