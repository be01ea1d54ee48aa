// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/dummy_encoder.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "learn/compose/column_selection.hpp"
#include "learn/compose/named_transformers.hpp"
#include "learn/preprocessing/categories_found.hpp"

namespace superstep {

namespace {

/// Of each column, how many levels are written out; -1: it passes as it is, in front of those.
using LevelCounts = std::vector<Index>;

LevelCounts level_counts(const DummyEncoderParams& params, const Schema& columns) {
  LevelCounts counts(static_cast<std::size_t>(columns.size()), -1);
  std::vector<Index> chosen;
  if (!params.columns.is_none()) {
    chosen = selected_columns(params.columns, columns);
  } else {
    for (Index c = 0; c < columns.size(); ++c) {
      if (columns[c].kind == ColumnKind::category) chosen.push_back(c);
    }
  }
  for (const Index c : chosen) {
    if (columns[c].kind != ColumnKind::category || !columns[c].levels) {
      throw DataError(
          fmt::format("DummyEncoder: All of 'columns' must be categories, but {} is not",
                      Value(columns.name_of(c)).repr()));
    }
    counts[static_cast<std::size_t>(c)] = std::ssize(*columns[c].levels);
  }
  return counts;
}

Index written(Index levels, bool drop_first) {
  return std::max<Index>(levels - (drop_first ? 1 : 0), 0);
}

Index width_of(const LevelCounts& counts, bool drop_first) {
  Index width = 0;
  for (const Index levels : counts) width += levels < 0 ? 1 : written(levels, drop_first);
  return width;
}

MayMiss may_miss_in(const LevelCounts& counts, const MayMiss& behind) {
  std::vector<char> where;
  Index passed = 0;
  for (const Index levels : counts) {
    where.push_back(static_cast<char>(levels >= 0 || behind.in(passed)));
    if (levels < 0) ++passed;
  }
  return MayMiss(std::move(where));
}

class DummyEncoderModel final : public Model {
 public:
  DummyEncoderModel(LevelCounts counts, bool drop_first)
      : counts_(std::move(counts)), drop_first_(drop_first) {}

  Index features() const override { return std::ssize(counts_); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return width_of(counts_, drop_first_); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override { return may_miss_in(counts_, behind); }
  Schema columns_behind(const Schema& in) const override;
  void apply(Method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override {
    Length columns;
    out.size("n_features_in_", columns, features());
    out("n_levels_", counts_, columns, -1);
  }

 private:
  LevelCounts counts_;
  bool drop_first_;
};

Schema DummyEncoderModel::columns_behind(const Schema& in) const {
  std::vector<Column> columns;
  for (std::size_t c = 0; c < counts_.size(); ++c) {
    if (counts_[c] >= 0) continue;
    columns.push_back(in[static_cast<Index>(c)]);
    columns.back().name = in.name_of(static_cast<Index>(c));
  }
  for (std::size_t c = 0; c < counts_.size(); ++c) {
    const Index at = static_cast<Index>(c);
    for (Index k = drop_first_ ? 1 : 0; k < counts_[c]; ++k) {
      const auto& levels = in[at].levels;
      const bool is_known = levels && k < std::ssize(*levels);
      columns.push_back(
          {fmt::format("{}_{}", in.name_of(at),
                       is_known ? (*levels)[static_cast<std::size_t>(k)] : std::to_string(k))});
    }
  }
  return Schema(std::move(columns));
}

// A missing category has no level.
void DummyEncoderModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  const Index first = drop_first_ ? 1 : 0;
  for (Index i = 0; i < x.rows; ++i) {
    const double* from = x.row(i);
    double* to = out.row(i);
    for (std::size_t c = 0; c < counts_.size(); ++c) {
      if (counts_[c] < 0) *to++ = from[c];
    }
    for (std::size_t c = 0; c < counts_.size(); ++c) {
      if (counts_[c] < 0) continue;
      const Index count = written(counts_[c], drop_first_);
      std::fill_n(to, count, 0.0);
      if (!std::isnan(from[c])) {
        if (!(from[c] < static_cast<double>(counts_[c])) || from[c] < 0.0) {
          throw DataError(fmt::format(
              "DummyEncoder: its column {} has a category that it was not told of in training", c));
        }
        const Index code = static_cast<Index>(from[c]) - first;
        if (code >= 0) to[code] = 1.0;
      }
      to += count;
    }
  }
}

}  // namespace

const ParamTable<DummyEncoderParams>& DummyEncoder::param_table() {
  static const auto table =
      ParamTable<DummyEncoderParams>("DummyEncoder",
                                     "dask-ml's: numbers as they are, then a column of 0 and 1 for "
                                     "each level of each category.")
          .add("columns", &DummyEncoderParams::columns, anything(),
               "the categories that are written so; None: all")
          .add("drop_first", &DummyEncoderParams::drop_first, anything(),
               "without the first level of each")
          .positional(2);
  return table;
}

void DummyEncoder::check_params() const {
  EstimatorOf::check_params();
  if (!params().columns.is_none()) check_selection(params().columns);
}

MayMiss DummyEncoder::may_miss(const Schema* columns, const MayMiss& behind) const {
  if (columns == nullptr) return behind;
  return may_miss_in(level_counts(params(), *columns), behind);
}

void DummyEncoder::check_columns(const Schema& columns) const {
  refuse_free_text(columns);
  level_counts(params(), columns);
}

Index DummyEncoder::most_columns_behind(const Schema& columns) const {
  return width_of(level_counts(params(), columns), params().drop_first);
}

std::vector<Trained> DummyEncoder::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<Trained> models;
  collectively(engine.comm(), [&] {
    for (const auto& c : batch) {
      models.push_back(std::make_shared<DummyEncoderModel>(
          level_counts(c.params, columns_seen(c.columns, table)), c.params.drop_first));
    }
  });
  return models;
}

std::shared_ptr<Model> DummyEncoder::load_fitted(const AttributeReader& in) const {
  Length columns;
  in.size("n_features_in_", columns);
  LevelCounts counts;
  in("n_levels_", counts, columns, -1);
  return std::make_shared<DummyEncoderModel>(std::move(counts), params().drop_first);
}

}  // namespace superstep
