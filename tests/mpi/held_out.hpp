// SPDX-License-Identifier: BSD-3-Clause
// For tests of models and the rows they have not seen: a dataset, its folds as files of their own,
// models trained on each split.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/metrics/held_out.hpp>
#include <superstep/learn/registry.hpp>

namespace superstep {

constexpr Index n_rows = 3 * 4096 + 1234;
constexpr Index n_columns = 4;
constexpr Index n_folds = 3;
constexpr std::size_t roomy = std::size_t{256} << 20;

/// Row i is in cell i % 3.
class Striped final : public Partition {
 public:
  Index cells() const override { return n_folds; }
  void assign(const Block& block, std::int32_t* cell) const override {
    for (Index i = 0; i < block.rows; ++i) {
      cell[i] = static_cast<std::int32_t>(block.row(i) % n_folds);
    }
  }
};

inline std::vector<SplitPtr> striped_splits() {
  const auto partition = std::make_shared<Striped>();
  std::vector<SplitPtr> splits;
  for (Index f = 0; f < n_folds; ++f) {
    auto split = std::make_shared<Split>();
    split->partition = partition;
    split->roles.assign(n_folds, Role::train);
    split->roles[static_cast<std::size_t>(f)] = Role::test;
    split->test_rows = (n_rows - f + n_folds - 1) / n_folds;
    split->train_rows = n_rows - split->test_rows;
    splits.push_back(split);
  }
  return splits;
}

/// What is in the files.
struct Sample {
  Index classes = 2;  ///< 0: counts as targets
  bool is_weighted = false;
  double first_class = 0.0;  ///< the least label
};

/// A file of the rows that `takes`.
inline std::shared_ptr<Dataset> write_rows(const Communicator& comm, const std::string& path,
                                           const Sample& sample,
                                           const std::function<bool(Index)>& takes) {
  on_root(comm, [&] {
    TreeArray<double> x, y, weight;
    for (Index i = 0; i < n_rows; ++i) {
      RowRandom random(Philox(7, 4), static_cast<std::uint64_t>(i));
      double v[n_columns];
      for (double& value : v) value = random.normal();
      v[2] = 50.0 + 3.0 * v[2];
      v[3] = std::rint(v[3]);
      const double signal = v[0] - 0.5 * v[1] + 0.2 * (v[2] - 50.0) + 0.8 * random.normal();
      const double w = random.uniform();
      if (!takes(i)) continue;
      x.values.insert(x.values.end(), v, v + n_columns);
      if (sample.classes > 0) {
        const double code = std::floor((signal + 1.5) / 3.0 * static_cast<double>(sample.classes));
        const auto last = static_cast<double>(sample.classes - 1);
        y.values.push_back(sample.first_class + std::clamp(code, 0.0, last));
      } else {
        y.values.push_back(std::floor(std::exp(0.4 * signal)));
      }
      weight.values.push_back(w < 0.1 ? 0.0 : 3.0 * w);
    }
    const auto n = static_cast<Index>(y.values.size());
    x.shape = {n, n_columns};
    y.shape = weight.shape = {n};
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    if (sample.is_weighted) tree.add("/weight", weight);
    write_tree(path, tree);
  });
  return Dataset::open(comm, path);
}

struct FoldedRows {
  std::shared_ptr<Dataset> all;
  std::vector<std::shared_ptr<Dataset>> test;  ///< the test rows of each split
};

inline FoldedRows write_folds(const Communicator& comm, const Sample& sample) {
  FoldedRows folds;
  folds.all = write_rows(comm, "held_out.h5", sample, [](Index) { return true; });
  for (Index f = 0; f < n_folds; ++f) {
    folds.test.push_back(write_rows(comm, "held_out_" + std::to_string(f) + ".h5", sample,
                                    [&](Index i) { return i % n_folds == f; }));
  }
  return folds;
}

/// Each expression trained on each split; those of one split behind each other.
inline std::vector<Judged> trained(Engine& engine, const std::shared_ptr<Dataset>& data,
                                   const std::vector<std::string>& expressions) {
  std::vector<Judged> judged;
  for (const SplitPtr& split : striped_splits()) {
    std::vector<std::unique_ptr<Estimator>> estimators;
    for (const std::string& expression : expressions) {
      estimators.push_back(make_estimator(expression));
      const Estimator& estimator = *estimators.back();
      Table table;
      table.data = data;
      table.target = estimator.target();
      if (table.target == Target::classes) data->classes(engine.comm());
      const Candidate candidate{&estimator, split};
      const Trained result = estimator.fit_batch(engine, table, std::span(&candidate, 1)).front();
      EXPECT_TRUE(result.model) << expression;
      judged.push_back({result.model, split});
    }
  }
  return judged;
}

inline std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace superstep
