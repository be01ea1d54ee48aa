// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/impute/simple_imputer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

#include "learn/cells.hpp"
#include "learn/compose/named_transformers.hpp"
#include "learn/preprocessing/column_statistics.hpp"
#include "learn/preprocessing/distinct.hpp"
#include "learn/preprocessing/order_values.hpp"

namespace superstep {

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr const char* columns_made = "n_features_out_";  // not among scikit-learn's
constexpr const char* usual_text = "missing_value";      // scikit-learn's

struct FittedImputer {
  Vector statistics;                    ///< NaN for a column without any value
  std::vector<std::string> fill_texts;  ///< of categories what fills them; else empty
  std::vector<Index> with_missing;      ///< columns where values were missing
};

class ImputerModel final : public Model {
 public:
  ImputerModel(FittedImputer fitted, SimpleImputerParams params)
      : fitted_(std::move(fitted)), params_(std::move(params)) {
    for (Index c = 0; c < features(); ++c) {
      const bool is_empty = std::isnan(fitted_.statistics[c]);
      if (is_empty && !params_.keep_empty_features) {
        ++left_out_;
        continue;
      }
      kept_.push_back(c);
    }
    if (left_out_ > 0) {
      report_.warnings.push_back(fmt::format(
          "{} column{} without any value {} left out (keep_empty_features=True keeps them)",
          left_out_, left_out_ == 1 ? "" : "s", left_out_ == 1 ? "is" : "are"));
    }
  }

  Index features() const override { return fitted_.statistics.size(); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override {
    return std::ssize(kept_) + (params_.add_indicator ? std::ssize(fitted_.with_missing) : 0);
  }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  Schema columns_behind(const Schema& in) const override;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  double fill_of(Index c) const {
    const double value = fitted_.statistics[c];
    return std::isnan(value) ? 0.0 : value;
  }
  FittedImputer fitted_;
  SimpleImputerParams params_;
  std::vector<Index> kept_;
  Index left_out_ = 0;
};

void ImputerModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  for (Index i = 0; i < x.rows; ++i) {
    const double* from = x.row(i);
    double* to = out.row(i);
    for (const Index c : kept_) *to++ = std::isnan(from[c]) ? fill_of(c) : from[c];
    if (!params_.add_indicator) continue;
    for (const Index c : fitted_.with_missing) *to++ = std::isnan(from[c]) ? 1.0 : 0.0;
  }
}

Schema ImputerModel::columns_behind(const Schema& in) const {
  std::vector<Column> columns;
  for (const Index c : kept_) {
    Column column = in[c];
    if (column.name.empty()) column.name = in.name_of(c);
    if (column.kind == ColumnKind::integer || column.kind == ColumnKind::boolean) {
      column.kind = ColumnKind::real;
    }
    const std::string& text =
        fitted_.fill_texts.empty() ? column.name : fitted_.fill_texts[static_cast<std::size_t>(c)];
    const bool is_new =
        column.levels && fitted_.statistics[c] >= static_cast<double>(column.levels->size());
    if (is_new) {  // a level more, behind the others
      auto levels = std::make_shared<std::vector<std::string>>(*column.levels);
      levels->resize(static_cast<std::size_t>(fitted_.statistics[c]), "");
      levels->push_back(text);
      column.levels = std::move(levels);
    }
    columns.push_back(std::move(column));
  }
  if (params_.add_indicator) {
    for (const Index c : fitted_.with_missing) {
      columns.push_back({.name = "missingindicator_" + in.name_of(c)});
    }
  }
  return Schema(std::move(columns));
}

void ImputerModel::save(const AttributeWriter& out) const {
  Length columns, missing, texts;
  out.size("n_features_in_", columns, features());
  out("statistics_", fitted_.statistics, columns, allowed::finite_or_nan);
  if (!fitted_.fill_texts.empty()) out("fill_texts_", fitted_.fill_texts, texts);
  if (params_.add_indicator) out("indicator_features_", fitted_.with_missing, missing);
  out(columns_made, width(Method::transform));
}

/// The number that stands for a text in a column of categories: past the end where it is new.
double code_of(const Column& column, const std::string& text) {
  const auto found = std::ranges::find(*column.levels, text);
  if (found != column.levels->end()) return static_cast<double>(found - column.levels->begin());
  return static_cast<double>(column.levels->size() + 1);  // behind the number of unknown ones
}

/// What is more frequent, or smaller.
double most_frequent_of(const DistinctValues& found) {
  if (found.values.empty()) return nan_value;
  const auto most = std::ranges::max_element(found.counts);
  return found.values[static_cast<std::size_t>(most - found.counts.begin())];
}

bool counts_values(const SimpleImputerParams& p) {
  return p.strategy == "most_frequent" || p.strategy == "constant";
}

/// What is learnt for a batch: each kind of statistic once for each split, side by side.
class ImputerFit {
 public:
  using Batch = std::span<const CandidateOf<SimpleImputerParams>>;
  ImputerFit(Engine& engine, const Table& table, const Schema& schema, Batch batch)
      : schema_(schema), splits_(splits_among(batch)), medians_(splits_.size()) {
    const auto any = [&](auto&& is_such) {
      return std::ranges::any_of(batch, [&](const auto& c) { return is_such(c.params); });
    };
    const Index columns = table.columns();
    std::vector<Engine::Work> works;
    if (any([](const auto& p) { return !counts_values(p); })) {
      works.push_back({{.sums = Cells(splits_).size() * statistics_sums(columns)}, [&] {
                         statistics_ = statistics_of(engine, table, splits_, Weighing::none);
                       }});
    }
    if (any(counts_values)) {
      works.push_back(
          {{}, [&] { values_.emplace(engine, table, splits_, schema_, "SimpleImputer"); }});
    }
    if (any([](const auto& p) { return p.strategy == "median"; })) {
      for (std::size_t s = 0; s < splits_.size(); ++s) {
        tables_.push_back(splits_[s] ? table.only(splits_[s], Role::train) : table);
      }
      for (std::size_t s = 0; s < splits_.size(); ++s) {
        works.push_back({order_values_footprint(columns, 2),
                         [&engine, s, this] { medians_[s] = medians_of(engine, tables_[s]); }});
      }
    }
    engine.side_by_side_where_there_is_room(std::move(works));
    rows_ = table.rows();
  }

  FittedImputer of(const CandidateOf<SimpleImputerParams>& c) const {
    return counts_values(c.params) ? of_values(c) : of_numbers(c);
  }

 private:
  std::size_t place_of(const SplitPtr& split) const {
    return static_cast<std::size_t>(std::ranges::find(splits_, split) - splits_.begin());
  }

  FittedImputer of_numbers(const CandidateOf<SimpleImputerParams>& c) const {
    const ColumnStatistics& its = statistics_[place_of(c.split)];
    FittedImputer fitted{
        c.params.strategy == "mean" ? its.mean : medians_[place_of(c.split)], {}, {}};
    const auto rows = static_cast<double>(c.split ? c.split->train_rows : rows_);
    for (Index i = 0; i < its.counts.size(); ++i) {
      if (its.counts[i] < rows) fitted.with_missing.push_back(i);
    }
    return fitted;
  }

  FittedImputer of_values(const CandidateOf<SimpleImputerParams>& candidate) const {
    const SimpleImputerParams& params = candidate.params;
    const std::vector<DistinctValues>& values = values_->of(candidate.split);
    const bool is_constant = params.strategy == "constant";
    FittedImputer fitted;
    fitted.statistics.resize(std::ssize(values));
    fitted.fill_texts.assign(values.size(), "");
    for (std::size_t c = 0; c < values.size(); ++c) {
      const DistinctValues& its = values[c];
      const auto i = static_cast<Index>(c);
      const bool is_left_out = its.values.empty() && !(is_constant && params.keep_empty_features);
      fitted.statistics[i] = is_left_out   ? nan_value
                             : is_constant ? constant(params, i, fitted.fill_texts[c])
                                           : most_frequent_of(its);
      if (its.missing > 0) fitted.with_missing.push_back(i);
    }
    return fitted;
  }

  double constant(const SimpleImputerParams& params, Index c, std::string& text) const {
    const Column& column = schema_[c];
    const Value& fill = params.fill_value;
    if (!column.levels) return fill.is_none() ? 0.0 : fill.as_double();
    text = fill.is_none() ? usual_text : fill.as_string();
    return code_of(column, text);
  }

  const Schema& schema_;
  std::vector<SplitPtr> splits_;
  std::vector<Table> tables_{};
  std::vector<Vector> medians_;
  std::vector<ColumnStatistics> statistics_{};
  std::optional<DistinctBySplit> values_{};
  Index rows_ = 0;
};

}  // namespace

const ParamTable<SimpleImputerParams>& SimpleImputer::param_table() {
  using P = SimpleImputerParams;
  static const auto table =
      ParamTable<P>("SimpleImputer", "Missing values replaced by a statistic of their column.")
          .refuse("missing_values", {std::numeric_limits<double>::quiet_NaN(), nullptr},
                  "missing is what is NaN or empty in the data; import --na WORD makes others so")
          .add("strategy", &P::strategy, one_of({"mean", "median", "most_frequent", "constant"}),
               "which statistic")
          .add("fill_value", &P::fill_value,
               satisfies(
                   "None, a number or a text",
                   [](const Value& v) { return v.is_none() || v.is_number() || v.is_string(); }),
               "of 'constant'; None: 0, or 'missing_value' for text")
          .refuse("copy", {true, false}, "the data are never changed")
          .add("add_indicator", &P::add_indicator, anything(),
               "columns of 0 and 1 behind: where a value was missing")
          .add("keep_empty_features", &P::keep_empty_features, anything(),
               "columns without any value are filled with 0 (or fill_value), not left out");
  return table;
}

void SimpleImputer::check_columns(const Schema& columns) const {
  for (Index c = 0; c < columns.size(); ++c) {
    const Column& column = columns[c];
    const std::string name = Value(columns.name_of(c)).repr();
    if (column.kind == ColumnKind::text) {
      throw DataError(
          fmt::format("column {} is free text, which is not imputed; leave it out", name));
    }
    if (column.levels && !counts_values(params())) {
      throw DataError(
          fmt::format("Cannot use {} strategy with non-numeric data: column {} is a "
                      "category; strategy='most_frequent' or 'constant' takes it",
                      params().strategy, name));
    }
    const Value& fill = params().fill_value;
    const bool is_filled = params().strategy == "constant" && !fill.is_none();
    if (is_filled && (column.levels != nullptr) != fill.is_string()) {
      throw DataError(fmt::format("SimpleImputer: fill_value={} cannot fill column {}, which is {}",
                                  fill.repr(), name,
                                  column.levels ? "a category" : "a column of numbers"));
    }
  }
}

Footprint SimpleImputer::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  Footprint need{.sums = cells * statistics_sums(columns),
                 .row_doubles = scratch_for_cells(cells, columns) + columns};
  Index distinct = 0;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const SimpleImputer&>(*c.estimator).params();
    if (p.strategy == "median") need = need | order_values_footprint(columns, 2);
    if (counts_values(p)) distinct = doubles_for_distinct(schema_of(batch, columns));
  }
  need.replicated += 6 * columns * std::ssize(batch) + (cells + std::ssize(batch)) * distinct;
  return need;
}

// With room for the medians of all splits.
Footprint SimpleImputer::ample_footprint(Index columns, Index classes,
                                         std::span<const Candidate> batch) const {
  Footprint ample = footprint(columns, classes, batch);
  const bool has_medians = std::ranges::any_of(batch, [](const Candidate& c) {
    return dynamic_cast<const SimpleImputer&>(*c.estimator).params().strategy == "median";
  });
  for (std::size_t s = 0; has_medians && s < splits_among(batch).size(); ++s) {
    ample = ample + order_values_footprint(columns, 2) + Engine::of_a_stack();
  }
  return ample + Engine::of_a_stack() + Engine::of_a_stack();
}

TrainingCost SimpleImputer::cost(Index columns, Index, std::span<const Candidate>) const {
  const Index passes = params().strategy == "median" ? order_values_passes : 1;
  return {passes, passes + 1, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> SimpleImputer::train(Engine& engine, const Table& table, Batch batch) const {
  const Schema schema = columns_seen(batch.front().columns, table);
  const ImputerFit fit(engine, table, schema, batch);
  std::vector<Trained> models;
  for (const auto& c : batch) models.push_back(std::make_shared<ImputerModel>(fit.of(c), c.params));
  return models;
}

std::shared_ptr<Model> SimpleImputer::load_fitted(const AttributeReader& in) const {
  FittedImputer fitted;
  Length columns, missing;
  in.size("n_features_in_", columns);
  in("statistics_", fitted.statistics, columns, allowed::finite_or_nan);
  if (in.has("fill_texts_")) {
    Length texts{columns.value, "n_features_in_"};
    in("fill_texts_", fitted.fill_texts, texts);
  }
  if (params().add_indicator && in.has("indicator_features_")) {
    in("indicator_features_", fitted.with_missing, missing);
    if (!fitted.with_missing.empty() && std::ranges::max(fitted.with_missing) >= columns.value) {
      throw DataError(
          fmt::format("{} names a column that there is not", in.path("indicator_features_")));
    }
  }
  auto model = std::make_shared<ImputerModel>(std::move(fitted), params());
  if (in.has(columns_made)) {
    // A statistic that is NaN leaves its column out.
    Index width = 0;
    in(columns_made, width);
    if (width != model->width(Method::transform)) {
      throw DataError(fmt::format("{} is {}, but the other attributes make {} columns",
                                  in.path(columns_made), width, model->width(Method::transform)));
    }
  }
  return model;
}

}  // namespace superstep
