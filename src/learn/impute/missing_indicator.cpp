// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/impute/missing_indicator.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/categories_found.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

class IndicatorModel final : public Model {
 public:
  IndicatorModel(Index columns, std::vector<Index> shown, bool refuses_new)
      : columns_(columns), shown_(std::move(shown)) {
    if (!refuses_new) return;
    for (Index c = 0; c < columns_; ++c) {
      if (!std::ranges::binary_search(shown_, c)) refused_.push_back(c);
    }
  }
  Index features() const override { return columns_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return std::ssize(shown_); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  Schema columns_behind(const Schema& in) const override {
    std::vector<std::string> names;
    for (const Index c : shown_) names.push_back("missingindicator_" + in.name_of(c));
    return Schema::of_numbers(std::ssize(shown_), names);
  }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      const double* from = x.row(i);
      double* to = out.row(i);
      for (const Index c : shown_) *to++ = std::isnan(from[c]) ? 1.0 : 0.0;
      for (const Index c : refused_) {
        if (std::isnan(from[c])) refuse(c);
      }
    }
  }
  void save(const AttributeWriter& out) const override {
    Length columns, shown;
    out.size("n_features_in_", columns, columns_);
    out("features_", shown_, shown);
  }

 private:
  [[noreturn]] static void refuse(Index column) {
    throw DataError(fmt::format(
        "MissingIndicator: values are missing in its column {}, where none was among the rows that "
        "it learnt from; error_on_new=False takes them",
        column));
  }

  Index columns_;
  std::vector<Index> shown_;
  std::vector<Index> refused_;
};

}  // namespace

const ParamTable<MissingIndicatorParams>& MissingIndicator::param_table() {
  using P = MissingIndicatorParams;
  static const auto table =
      ParamTable<P>("MissingIndicator", "Columns of 0 and 1: where values are missing.")
          .refuse("missing_values", {std::numeric_limits<double>::quiet_NaN(), nullptr},
                  "missing is what is NaN or empty in the data; import --na WORD makes others so")
          .add("features", &P::features, one_of({"missing-only", "all"}),
               "of columns where values were missing, or of all")
          .refuse("sparse", {"auto", true, false}, "how arrays are kept is decided here")
          .add("error_on_new", &P::error_on_new, anything(),
               "refuse other data where values are missing in more columns ('missing-only')");
  return table;
}

void MissingIndicator::check_columns(const Schema& columns) const { refuse_free_text(columns); }

Footprint MissingIndicator::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  return {cells * columns, scratch_for_cells(cells, columns), 2 * std::ssize(batch) * columns};
}

TrainingCost MissingIndicator::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 1, static_cast<double>(columns)};
}

std::vector<Trained> MissingIndicator::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  const std::vector<SplitPtr> splits = splits_of_batch(batch);
  const std::vector<Vector> is_missing =
      greatest_of(engine, table, splits, table.columns(),
                  [](const Block& block, std::span<double> out, Workspace&) {
                    with_features(block, [&](auto x) {
                      for (Index i = 0; i < block.rows; ++i) {
                        for (Index c = 0; c < block.columns; ++c) {
                          if (std::isnan(x.row(i)[c])) out[static_cast<std::size_t>(c)] = 1.0;
                        }
                      }
                    });
                  });
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const MissingIndicatorParams& p = batch[i].params;
    std::vector<Index> shown;
    for (Index c = 0; c < table.columns(); ++c) {
      if (p.features == "all" || is_missing[i][c] > 0.0) shown.push_back(c);
    }
    models.push_back(std::make_shared<IndicatorModel>(table.columns(), std::move(shown),
                                                      p.features != "all" && p.error_on_new));
  }
  return models;
}

std::shared_ptr<Model> MissingIndicator::load_fitted(const AttributeReader& in) const {
  Length columns, count;
  in.size("n_features_in_", columns);
  std::vector<Index> shown;
  in("features_", shown, count);
  const bool is_ascending =
      std::ranges::adjacent_find(shown, std::greater_equal<>()) == shown.end();
  const bool fits = shown.empty() || shown.back() < columns.value;
  if (!is_ascending || !fits || (params().features == "all" && count.value != columns.value)) {
    throw DataError(fmt::format("{} does not fit the columns", in.path("features_")));
  }
  return std::make_shared<IndicatorModel>(columns.value, std::move(shown),
                                          params().features != "all" && params().error_on_new);
}

}  // namespace superstep
