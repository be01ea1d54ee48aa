// SPDX-License-Identifier: BSD-3-Clause
#include "learn/naive_bayes/categories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>

namespace superstep {

std::vector<Index> begins_of(std::span<const Index> counts) {
  std::vector<Index> begins{0};
  for (const Index n : counts) begins.push_back(begins.back() + n);
  return begins;
}

namespace {

/// More categories than that are numbers of something else.
constexpr double most_categories = 0x1p31;

/// Of some rows, each column: the greatest value, the least one with its sign turned, and how far a
/// value lies from a whole number.
struct Reach {
  Vector greatest, negated_least, fraction;

  static constexpr Index parts = 3;
  Reach(const double* found, Index columns)
      : greatest(VectorView(found, columns)),
        negated_least(VectorView(found + columns, columns)),
        fraction(VectorView(found + 2 * columns, columns)) {}
  void add(const Reach& other) {
    greatest = greatest.cwiseMax(other.greatest);
    negated_least = negated_least.cwiseMax(other.negated_least);
    fraction = fraction.cwiseMax(other.fraction);
  }
};

void raise(const double* x, Index columns, double* found) {
  for (Index c = 0; c < columns; ++c) {
    found[c] = std::max(found[c], x[c]);
    found[columns + c] = std::max(found[columns + c], -x[c]);
    found[2 * columns + c] = std::max(found[2 * columns + c], std::fabs(x[c] - std::rint(x[c])));
  }
}

/// Of every cell: of its rows with a weight above zero, and of all its rows.
class ReachOfCells {
 public:
  /// **Collective.**
  ReachOfCells(Engine& engine, const Table& table, std::span<const SplitPtr> splits)
      : cells_(splits),
        columns_(table.columns()),
        found_(engine.maximum(
            table, cells_.size() * 2 * Reach::parts * columns_,
            [&](const Block& block, std::span<double> found, Workspace& workspace) {
              cells_.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
                for_rows(block, rows, [&](Index i) {
                  const double* x = block.x.doubles() + i * columns_;
                  if (block.weight_of(i) > 0.0) raise(x, columns_, found.data() + at(cell, true));
                  if (block.weight != nullptr) raise(x, columns_, found.data() + at(cell, false));
                });
              });
            })),
        has_weight_(table.data->has_weight()) {}

  /// Rows to train on count with a weight only; rows to test on always.
  Reach of(const SplitPtr& split, Role role) const {
    const std::vector<double> none(static_cast<std::size_t>(Reach::parts * columns_), -HUGE_VAL);
    Reach all(none.data(), columns_);
    for (const Index cell : cells_.with_role(split, role)) {
      all.add(Reach(found_.data() + at(cell, role == Role::train || !has_weight_), columns_));
    }
    return all;
  }

 private:
  Index at(Index cell, bool is_present) const {
    return (2 * cell + (is_present ? 0 : 1)) * Reach::parts * columns_;
  }

  Cells cells_;
  Index columns_;
  std::vector<double> found_;
  bool has_weight_;
};

/// Why these values are no categories; empty if they are.
std::string complaint(const Table& table, const Reach& reach) {
  for (Index c = 0; c < reach.greatest.size(); ++c) {
    const std::string where = fmt::format("{} of {}", column_text(table, c), table.data->x_name());
    if (reach.negated_least[c] > 0.0) {
      return fmt::format(
          "{} holds negative values (the least is {}), which are no categories; number them from "
          "0, or use GaussianNB",
          where, -reach.negated_least[c]);
    }
    if (reach.fraction[c] > 0.0) {
      return fmt::format(
          "{} holds values that are no whole numbers, so no categories; number them from 0, or use "
          "GaussianNB",
          where);
    }
    if (reach.greatest[c] >= most_categories) {
      return fmt::format("{} holds {}, too large for a category; number them from 0", where,
                         reach.greatest[c]);
    }
  }
  return {};
}

/// Why rows to test on cannot be told anything of.
std::string complaint_of_tests(const Table& table, const Reach& test,
                               const std::vector<Index>& known) {
  if (const std::string text = complaint(table, test); !text.empty()) return text;
  for (Index c = 0; c < std::ssize(known); ++c) {
    const Index n = known[static_cast<std::size_t>(c)];
    if (!(test.greatest[c] >= static_cast<double>(n))) continue;
    return fmt::format(
        "{} of {} holds category {} in the rows to test on, and training has met 0 to {} only; "
        "give CategoricalNB min_categories={} or more",
        column_text(table, c), table.data->x_name(), test.greatest[c], n - 1,
        test.greatest[c] + 1.0);
  }
  return {};
}

std::vector<Index> least_categories(const Value& given, Index columns) {
  const auto n = static_cast<std::size_t>(columns);
  if (given.is_none()) return std::vector<Index>(n, 1);
  if (given.is_int()) return std::vector<Index>(n, given.as_int());
  if (given.items().size() != n) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("CategoricalNB: min_categories should hold a number for each column; there are "
                    "{} numbers and {} columns",
                    given.items().size(), columns));
  }
  std::vector<Index> least;
  for (const Value& v : given.items()) least.push_back(v.as_int());
  return least;
}

/// What one split's rows hold.
struct CategoriesSeen {
  std::vector<Index> counts;  ///< of each column, the greatest category and one
  std::shared_ptr<const AgreedError> refusal{};
};

/// **Collective**, one pass.
std::vector<CategoriesSeen> categories_seen(Engine& engine, const Table& table,
                                            std::span<const SplitPtr> splits,
                                            std::span<const Value> least) {
  std::vector<CategoriesSeen> all;
  for (const Value& given : least) all.push_back({least_categories(given, table.columns())});
  const ReachOfCells reach(engine, table, splits);
  for (std::size_t i = 0; i < splits.size(); ++i) {
    CategoriesSeen& seen = all[i];
    const Reach train = reach.of(splits[i], Role::train);
    std::string text = complaint(table, train);
    if (text.empty()) {
      for (std::size_t c = 0; c < seen.counts.size(); ++c) {
        const double greatest = train.greatest[static_cast<Index>(c)];
        if (greatest >= 0.0) {
          seen.counts[c] = std::max(seen.counts[c], static_cast<Index>(greatest) + 1);
        }
      }
      if (splits[i]) text = complaint_of_tests(table, reach.of(splits[i], Role::test), seen.counts);
    }
    if (!text.empty()) seen.refusal = std::make_shared<AgreedError>(ExitCode::bad_data, text);
  }
  return all;
}

/// Weights of the rows of each class by category, for `counts` categories of each column side by
/// side: others are left out. **Collective**, one pass.
SumsByClass sums_by_category(Engine& engine, const Table& table, Index classes,
                             std::span<const Candidate> batch, std::span<const SplitPtr> splits,
                             const std::vector<Index>& counts) {
  const std::vector<Index> begins = begins_of(counts);
  Summands s;
  s.width = begins.back();
  const Index most = std::ranges::max_element(counts) - counts.begin();
  Footprint need = SumsByClass::footprint(table.columns(), classes, s.width, batch);
  need.replicated += 4 * std::ssize(batch) * classes * s.width;
  engine.reserve(table, need,
                 fmt::format("with {} categories in all, {} of them in {}, ", s.width,
                             counts[static_cast<std::size_t>(most)], column_text(table, most)));
  s.exponents.assign(static_cast<std::size_t>(s.width), 1);
  s.add = [&](const Block& b, const double* group, math::Panel sums, Workspace&) {
    for (Index i = 0; i < b.rows; ++i) {
      const double* x = b.x.doubles() + i * b.columns;
      const double weight = b.weight_of(i);
      double* to = sums.row(static_cast<Index>(group[i]));
      for (std::size_t c = 0; c < counts.size(); ++c) {
        if (x[c] >= 0.0 && x[c] < static_cast<double>(counts[c])) {
          to[begins[c] + static_cast<Index>(x[c])] += weight;
        }
      }
    }
  };
  return {engine, table, classes, splits, s};
}

/// The categories of a model among those of a batch; those that no row had have no count.
Matrix chosen(const Matrix& sums, std::span<const Index> from, std::span<const Index> counts) {
  const std::vector<Index> begins = begins_of(from), to = begins_of(counts);
  Matrix all = Matrix::Zero(sums.rows(), to.back());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const Index n = std::min(from[c], counts[c]);
    all.middleCols(to[c], n) = sums.middleCols(begins[c], n);
  }
  return all;
}

}  // namespace

std::vector<NBCounts> counts_of_categories(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates,
                                           std::span<const Value> least) {
  const Labels& classes = table.data->classes(engine.comm());
  const std::vector<SplitPtr> splits = splits_of_batch(candidates);
  const std::vector<CategoriesSeen> seen = categories_seen(engine, table, splits, least);
  std::vector<Index> most(static_cast<std::size_t>(table.columns()), 0);
  for (const CategoriesSeen& s : seen) {
    for (std::size_t c = 0; c < most.size() && !s.refusal; ++c) {
      most[c] = std::max(most[c], s.counts[c]);
    }
  }
  std::vector<NBCounts> all(candidates.size());
  std::optional<SumsByClass> sums;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (seen[i].refusal) {
      all[i].refusal = seen[i].refusal;
      continue;
    }
    if (!sums) {
      sums.emplace(sums_by_category(engine, table, classes.size(), candidates, splits, most));
    }
    ClassSums s = sums->of(splits[i]);
    s.sums = chosen(s.sums, most, seen[i].counts);
    all[i] = counts_of(table, classes, splits[i], s);
    all[i].categories = seen[i].counts;
  }
  return all;
}

}  // namespace superstep
