// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/ordinal_encoder.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/compose/named_transformers.hpp"
#include "learn/preprocessing/categories_found.hpp"

namespace superstep {

namespace {

/// What a fitted encoder knows of a column.
struct OrdinalColumn {
  CategoriesFound categories;
  std::vector<Index> infrequent;  ///< categories that share the last number
};

class OrdinalModel final : public Model {
 public:
  OrdinalModel(std::vector<OrdinalColumn> columns, const OrdinalEncoderParams& params)
      : columns_(std::move(columns)), keeps_missing_(std::isnan(params.encoded_missing_value)) {
    const bool is_error = params.handle_unknown == "error";
    for (const OrdinalColumn& column : columns_) {
      Encoding e{
          CategoryLookup(column.categories),
          {},
          is_error,
          params.unknown_value.is_number() ? params.unknown_value.as_double() : std::nan("")};
      const auto n = std::ssize(column.categories.values);
      const auto rare = static_cast<double>(n - std::ssize(column.infrequent));
      double next = 0.0;
      for (Index k = 0; k < n; ++k) {
        e.code_of.push_back(std::ranges::binary_search(column.infrequent, k) ? rare : next++);
      }
      if (column.categories.has_missing) e.code_of.push_back(params.encoded_missing_value);
      encodings_.push_back(std::move(e));
    }
  }

  Index features() const override { return std::ssize(columns_); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return features(); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override {
    return keeps_missing_ ? behind : MayMiss::everywhere();
  }
  Schema columns_behind(const Schema& in) const override {
    return Schema::of_numbers(in.size(), in.names());
  }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  struct Encoding {
    CategoryLookup lookup;
    std::vector<double> code_of;  ///< by category
    bool is_unknown_an_error;
    double of_unknown;
  };
  std::vector<OrdinalColumn> columns_;
  std::vector<Encoding> encodings_;
  bool keeps_missing_;
};

void OrdinalModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  for (Index i = 0; i < x.rows; ++i) {
    const double* from = x.row(i);
    double* to = out.row(i);
    for (std::size_t c = 0; c < encodings_.size(); ++c) {
      const Encoding& e = encodings_[c];
      const Index k = e.lookup.find(from[c]);
      if (k >= 0) {
        to[c] = e.code_of[static_cast<std::size_t>(k)];
      } else if (e.is_unknown_an_error) {
        throw DataError(fmt::format(
            "OrdinalEncoder: {} in its column {} was not among the rows that it learnt from; "
            "handle_unknown='use_encoded_value' with unknown_value=-1 takes it",
            unknown_text(columns_[c].categories, from[c]), c));
      } else {
        to[c] = e.of_unknown;
      }
    }
  }
}

void OrdinalModel::save(const AttributeWriter& out) const {
  Length columns;
  out.size("n_features_in_", columns, features());
  std::vector<CategoriesFound> categories;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    categories.push_back(columns_[c].categories);
    save_infrequent(out, c, columns_[c].infrequent);
  }
  save_categories(out, categories);
}

std::shared_ptr<Model> fitted(const OrdinalEncoderParams& p,
                              const std::vector<DistinctValues>& found, const Schema& schema) {
  const auto all =
      categories_among(found, schema, p.categories, p.handle_unknown != "error", "OrdinalEncoder");
  std::vector<OrdinalColumn> columns;
  for (const EncodedColumn& column : all) {
    // What is missing has a number of its own and is never infrequent.
    std::vector<Index> counts = column.counts;
    counts.resize(column.categories.values.size());
    columns.push_back(
        {column.categories, infrequent_of(counts, column.rows, p.min_frequency, p.max_categories)});
  }
  return std::make_shared<OrdinalModel>(std::move(columns), p);
}

}  // namespace

const ParamTable<OrdinalEncoderParams>& OrdinalEncoder::param_table() {
  using P = OrdinalEncoderParams;
  static const auto table =
      ParamTable<P>("OrdinalEncoder", "Each category replaced by its number.")
          .add("categories", &P::categories, satisfies("'auto' or a list of lists", is_categories),
               "the categories of each column in their order; 'auto': those that occur, sorted")
          .refuse("dtype", {"float64", "float", "float32", "int", "int64"}, "outputs are float64")
          .add("handle_unknown", &P::handle_unknown, one_of({"error", "use_encoded_value"}),
               "what becomes of a category that did not occur")
          .add("unknown_value", &P::unknown_value,
               satisfies("None, an int or np.nan",
                         [](const Value& v) {
                           return v.is_none() || v.is_int() ||
                                  (v.is_real() && std::isnan(v.as_double()));
                         }),
               "its number, with 'use_encoded_value'")
          .add("encoded_missing_value", &P::encoded_missing_value,
               satisfies("a number or np.nan", [](const Value& v) { return v.is_number(); }),
               "the number of what is missing")
          .add("min_frequency", &P::min_frequency,
               satisfies("None, an int >= 1 or a float in (0, 1)", is_frequency),
               "categories that occur less often share the last number")
          .add("max_categories", &P::max_categories, at_least(1),
               "most numbers for a column, that of the infrequent ones included");
  return table;
}

void OrdinalEncoder::check_params() const {
  EstimatorOf::check_params();
  const bool is_given = !params().unknown_value.is_none();
  if ((params().handle_unknown == "use_encoded_value") == is_given) return;
  throw UsageError(is_given ? "OrdinalEncoder: unknown_value should only be set with "
                              "handle_unknown='use_encoded_value'"
                            : "OrdinalEncoder: unknown_value should be an integer or np.nan with "
                              "handle_unknown='use_encoded_value'");
}

MayMiss OrdinalEncoder::may_miss(const Schema*, const MayMiss& behind) const {
  return std::isnan(params().encoded_missing_value) ? behind : MayMiss::everywhere();
}

void OrdinalEncoder::check_columns(const Schema& columns) const { refuse_free_text(columns); }

Footprint OrdinalEncoder::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index distinct = doubles_for_distinct(schema_of(batch, columns));
  return {.row_doubles = scratch_for_cells(cells_of(batch), 0),
          .replicated = (cells_of(batch) + 2 * std::ssize(batch)) * distinct};
}

TrainingCost OrdinalEncoder::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 1, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> OrdinalEncoder::train(Engine& engine, const Table& table, Batch batch) const {
  const Schema schema = columns_seen(batch.front().columns, table);
  const DistinctBySplit found(engine, table, splits_among(batch), schema, "OrdinalEncoder");
  std::vector<Trained> models;
  for (const auto& c : batch) {
    models.push_back(attempt([&]() -> Trained {
      std::shared_ptr<Model> model;
      collectively(engine.comm(), [&] { model = fitted(c.params, found.of(c.split), schema); });
      return model;
    }));
  }
  return models;
}

std::shared_ptr<Model> OrdinalEncoder::load_fitted(const AttributeReader& in) const {
  Length length;
  in.size("n_features_in_", length);
  std::vector<CategoriesFound> categories = load_categories(in, length.value);
  std::vector<OrdinalColumn> columns;
  for (std::size_t c = 0; c < categories.size(); ++c) {
    OrdinalColumn column{std::move(categories[c]), {}};
    column.infrequent = load_infrequent(in, c, std::ssize(column.categories.values));
    columns.push_back(std::move(column));
  }
  return std::make_shared<OrdinalModel>(std::move(columns), params());
}

}  // namespace superstep
