// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/oob_score.hpp"

#include <algorithm>
#include <limits>

#include <superstep/core/bytes.hpp>

namespace superstep::trees {

namespace {

constexpr Index rows_of_task = 2048;

/// Sums over rows.
struct Told {
  double rows = 0.0;  ///< that some tree has not seen
  double weight = 0.0;
  double right = 0.0;                                 ///< of classes
  double targets = 0.0, squares = 0.0, errors = 0.0;  ///< of numbers

  void add(const Told& other) {
    rows += other.rows;
    weight += other.weight;
    right += other.right;
    targets += other.targets;
    squares += other.squares;
    errors += other.errors;
  }
};

class Judging {
 public:
  Judging(Engine& engine, const CodedTable& coded, const RowsOfTask& rows, const CartForest& forest)
      : coded_(coded),
        rows_(rows),
        forest_(forest),
        centre_(coded.targets[static_cast<std::size_t>(rows.rows().front())]),
        seen_(static_cast<std::size_t>(forest.trees())),
        codes_(forest.left.size()) {
    engine.on_threads(forest.trees(), [&](Index t) { see(t); });
  }

  Told judge(Index first, Index end) const {
    const Index outputs = forest_.outputs;
    Told told;
    std::vector<double> sums(static_cast<std::size_t>(outputs));
    for (Index i = first; i < end; ++i) {
      std::ranges::fill(sums, 0.0);
      Index trees = 0;
      for (Index t = 0; t < forest_.trees(); ++t) {
        if (seen_[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)]) continue;
        ++trees;
        const double* value = forest_.value.data() + leaf_of(i, t) * outputs;
        for (Index k = 0; k < outputs; ++k) sums[static_cast<std::size_t>(k)] += value[k];
      }
      if (trees > 0) add(i, sums, static_cast<double>(trees), told);
    }
    return told;
  }

 private:
  void see(Index tree) {
    const std::vector<std::uint32_t> times = rows_.times_in(tree);
    std::vector<bool>& seen = seen_[static_cast<std::size_t>(tree)];
    for (const std::uint32_t n : times) seen.push_back(n > 0);
    for (Index n = forest_.begin[static_cast<std::size_t>(tree)];
         n < forest_.begin[static_cast<std::size_t>(tree) + 1]; ++n) {
      const auto i = static_cast<std::size_t>(n);
      if (forest_.left[i] == 0) continue;
      const CodedColumn& column = coded_.columns[static_cast<std::size_t>(forest_.feature[i])];
      codes_[i] = static_cast<std::int32_t>(column.code_up_to(forest_.threshold[i]));
    }
  }

  std::int32_t code(Index row, std::int32_t column) const {
    return coded_.is_narrow() ? std::int32_t{coded_.column<std::uint8_t>(column)[row]}
                              : std::int32_t{coded_.column<std::uint16_t>(column)[row]};
  }

  Index leaf_of(Index i, Index tree) const {
    const Index row = rows_.rows()[static_cast<std::size_t>(i)];
    const Index begin = forest_.begin[static_cast<std::size_t>(tree)];
    for (Index node = begin;;) {
      const auto n = static_cast<std::size_t>(node);
      if (forest_.left[n] == 0) return node;
      const std::int32_t its = code(row, forest_.feature[n]);
      const bool is_missing =
          its == coded_.columns[static_cast<std::size_t>(forest_.feature[n])].codes;
      const bool goes_left = is_missing ? forest_.missing_left[n] != 0 : its <= codes_[n];
      node = begin + forest_.left[n] + (goes_left ? 0 : 1);
    }
  }

  void add(Index i, const std::vector<double>& sums, double trees, Told& told) const {
    const auto row = static_cast<std::size_t>(rows_.rows()[static_cast<std::size_t>(i)]);
    const double w = coded_.weight_of(row), y = coded_.targets[row];
    told.rows += 1.0;
    told.weight += w;
    if (is_of_classes(rows_.rules().criterion)) {
      const auto best = std::ranges::max_element(sums) - sums.begin();
      told.right += static_cast<double>(best) == y ? w : 0.0;
      return;
    }
    const double error = y - sums[0] / trees;
    told.targets += w * (y - centre_);
    told.squares += w * (y - centre_) * (y - centre_);
    told.errors += w * error * error;
  }

  const CodedTable& coded_;
  const RowsOfTask& rows_;
  const CartForest& forest_;
  double centre_;
  std::vector<std::vector<bool>> seen_;  ///< of each tree, of the rows that train
  std::vector<std::int32_t> codes_;      ///< of each node, up to which rows go to the left
};

}  // namespace

double oob_score(Engine& engine, const CodedTable& coded, const RowsOfTask& rows,
                 const CartForest& forest, Index& seen_by_all) {
  const Judging judging(engine, coded, rows, forest);
  const Index n = std::ssize(rows.rows());
  const auto worker = [&]() -> Engine::DoTask {
    return [&](Index i) {
      const Told told = judging.judge(i * rows_of_task, std::min(n, (i + 1) * rows_of_task));
      return ByteWriter()
          .put(told.rows)
          .put(told.weight)
          .put(told.right)
          .put(told.targets)
          .put(told.squares)
          .put(told.errors)
          .take();
    };
  };
  Told all;
  for (const std::vector<std::byte>& bytes :
       engine.tasks((n + rows_of_task - 1) / rows_of_task, worker)) {
    ByteReader in(bytes);
    Told told;
    for (double* sum :
         {&told.rows, &told.weight, &told.right, &told.targets, &told.squares, &told.errors}) {
      *sum = in.get<double>();
    }
    all.add(told);
  }
  seen_by_all = n - static_cast<Index>(all.rows);
  if (!(all.weight > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  if (is_of_classes(rows.rules().criterion)) return all.right / all.weight;
  const double spread = all.squares - all.targets * all.targets / all.weight;
  if (!(spread > 0.0)) return all.errors > 0.0 ? 0.0 : 1.0;
  return 1.0 - all.errors / spread;
}

Index doubles_for_oob_score(Index rows, Index trees) { return rows * trees / 64 + rows; }

}  // namespace superstep::trees
