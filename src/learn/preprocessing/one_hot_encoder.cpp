// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/one_hot_encoder.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/compose/named_transformers.hpp"
#include "learn/preprocessing/categories_found.hpp"

namespace superstep {

namespace {

constexpr Index no_output = -1;

/// What a fitted encoder knows of a column.
struct OneHotColumn {
  CategoriesFound categories;
  std::vector<Index> infrequent;  ///< categories that share an output
  Index dropped = -1;             ///< an output, after grouping, that there is not

  Index groups() const {
    const Index rare = std::ssize(infrequent);
    return categories.size() - rare + (rare > 0 ? 1 : 0);
  }
  Index outputs() const { return groups() - (dropped >= 0 ? 1 : 0); }
  /// The output of each category.
  std::vector<Index> output_of_category() const;
  Index output_of_infrequent() const {
    return infrequent.empty() ? no_output : behind_drop(groups() - 1);
  }
  Index behind_drop(Index group) const {
    if (group == dropped) return no_output;
    return dropped >= 0 && group > dropped ? group - 1 : group;
  }
};

std::vector<Index> OneHotColumn::output_of_category() const {
  std::vector<Index> output(static_cast<std::size_t>(categories.size()), no_output);
  Index next = 0;
  for (Index k = 0; k < categories.size(); ++k) {
    const bool is_rare = std::ranges::binary_search(infrequent, k);
    output[static_cast<std::size_t>(k)] = is_rare ? output_of_infrequent() : behind_drop(next++);
  }
  return output;
}

class OneHotModel final : public Model {
 public:
  OneHotModel(std::vector<OneHotColumn> columns, OneHotEncoderParams params)
      : columns_(std::move(columns)), params_(std::move(params)) {
    const bool is_error = params_.handle_unknown == "error";
    for (const OneHotColumn& column : columns_) {
      Encoding e{CategoryLookup(column.categories), column.output_of_category(), width_, no_output};
      for (Index& output : e.output_of) output += output == no_output ? 0 : width_;
      const Index rare = column.output_of_infrequent();
      const bool is_grouped = params_.handle_unknown != "ignore" && rare != no_output;
      e.of_unknown = is_error ? error_output : is_grouped ? width_ + rare : no_output;
      width_ += column.outputs();
      encodings_.push_back(std::move(e));
    }
  }

  Index features() const override { return std::ssize(columns_); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return width_; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  Schema columns_behind(const Schema& in) const override;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  static constexpr Index error_output = -2;
  struct Encoding {
    CategoryLookup lookup;
    std::vector<Index> output_of;  ///< by category
    Index first;
    Index of_unknown;
  };
  [[noreturn]] void refuse(std::size_t column, double value) const;

  std::vector<OneHotColumn> columns_;
  OneHotEncoderParams params_;
  std::vector<Encoding> encodings_;
  Index width_ = 0;
};

void OneHotModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  for (Index i = 0; i < x.rows; ++i) {
    double* row = out.row(i);
    std::fill_n(row, width_, 0.0);
    const double* values = x.row(i);
    for (std::size_t c = 0; c < encodings_.size(); ++c) {
      const Encoding& e = encodings_[c];
      const Index k = e.lookup.find(values[c]);
      const Index output = k >= 0 ? e.output_of[static_cast<std::size_t>(k)] : e.of_unknown;
      if (output >= 0) {
        row[output] = 1.0;
      } else if (output == error_output) {
        refuse(c, values[c]);
      }
    }
  }
}

void OneHotModel::refuse(std::size_t column, double value) const {
  throw DataError(fmt::format(
      "OneHotEncoder: {} in its column {} was not among the rows that it learnt from; "
      "handle_unknown='ignore' encodes it as zeros, 'infrequent_if_exist' as an infrequent one",
      unknown_text(columns_[column].categories, value), column));
}

Schema OneHotModel::columns_behind(const Schema& in) const {
  std::vector<Column> made(static_cast<std::size_t>(width_));
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::string name = in.name_of(static_cast<Index>(c));
    const auto call = [&](Index output, const std::string& category) {
      if (output >= 0) made[static_cast<std::size_t>(output)].name = name + "_" + category;
    };
    const Encoding& e = encodings_[c];
    for (std::size_t k = 0; k < e.output_of.size(); ++k) {
      call(e.output_of[k], columns_[c].categories.name_of(static_cast<Index>(k)));
    }
    const Index rare = columns_[c].output_of_infrequent();
    if (rare != no_output) call(e.first + rare, "infrequent_sklearn");
  }
  return Schema(std::move(made));
}

void OneHotModel::save(const AttributeWriter& out) const {
  Length columns;
  out.size("n_features_in_", columns, features());
  std::vector<CategoriesFound> categories;
  std::vector<Index> dropped;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    categories.push_back(columns_[c].categories);
    dropped.push_back(columns_[c].dropped + 1);
    save_infrequent(out, c, columns_[c].infrequent);
  }
  save_categories(out, categories);
  out("drop_idx_plus_one_", dropped, columns);
}

/// The output, after grouping, that `drop` leaves out of a column; -1: none.
Index dropped_of(const OneHotColumn& column, const Value& drop, std::size_t place,
                 const std::string& name) {
  if (drop.is_none()) return -1;
  if (drop == Value("first")) return 0;
  if (drop == Value("if_binary")) return column.groups() == 2 ? 0 : -1;
  const Value& wanted = drop.items()[place];
  if (wanted.is_none()) return -1;
  OneHotColumn whole = column;
  const std::vector<Index> output = whole.output_of_category();
  for (Index k = 0; k < column.categories.size(); ++k) {
    const std::string its_name = column.categories.name_of(k);
    const bool is_it =
        wanted.is_string()
            ? its_name == wanted.as_string()
            : k < std::ssize(column.categories.values) && column.categories.names.empty() &&
                  column.categories.values[static_cast<std::size_t>(k)] == wanted.as_double();
    if (is_it) return output[static_cast<std::size_t>(k)];
  }
  throw DataError(fmt::format("OneHotEncoder: drop names {}, which is no category of column '{}'",
                              wanted.repr(), name));
}

std::shared_ptr<Model> fitted(const OneHotEncoderParams& p,
                              const std::vector<DistinctValues>& found, const Schema& schema) {
  if (p.drop.is_sequence() && std::ssize(p.drop.items()) != schema.size()) {
    throw UsageError(fmt::format("OneHotEncoder: drop lists {} categories for {} columns",
                                 p.drop.items().size(), schema.size()));
  }
  const auto all =
      categories_among(found, schema, p.categories, p.handle_unknown != "error", "OneHotEncoder");
  std::vector<OneHotColumn> columns;
  for (std::size_t i = 0; i < all.size(); ++i) {
    OneHotColumn column{all[i].categories, infrequent_of(all[i].counts, all[i].rows,
                                                         p.min_frequency, p.max_categories)};
    column.dropped = dropped_of(column, p.drop, i, schema.name_of(static_cast<Index>(i)));
    columns.push_back(std::move(column));
  }
  return std::make_shared<OneHotModel>(std::move(columns), p);
}

}  // namespace

const ParamTable<OneHotEncoderParams>& OneHotEncoder::param_table() {
  using P = OneHotEncoderParams;
  static const auto table =
      ParamTable<P>("OneHotEncoder", "One column of 0 and 1 for each category of each column.")
          .add("categories", &P::categories, satisfies("'auto' or a list of lists", is_categories),
               "the categories of each column; 'auto': those that occur")
          .add("drop", &P::drop,
               satisfies("None, 'first', 'if_binary' or a list",
                         [](const Value& v) {
                           return v.is_none() || v == Value("first") || v == Value("if_binary") ||
                                  v.is_sequence();
                         }),
               "categories that get no column")
          .refuse("sparse_output", {true, false}, "how arrays are kept is decided here")
          .refuse("dtype", {"float64", "float", "float32", "int", "int64"}, "outputs are float64")
          .add("handle_unknown", &P::handle_unknown,
               one_of({"error", "ignore", "infrequent_if_exist", "warn"}),
               "what becomes of a category that did not occur: an error, zeros, or the column of "
               "the infrequent ones")
          .add("min_frequency", &P::min_frequency,
               satisfies("None, an int >= 1 or a float in (0, 1)", is_frequency),
               "categories that occur less often share a column")
          .add("max_categories", &P::max_categories, at_least(1),
               "most columns for a column, that of the infrequent ones included")
          .refuse("feature_name_combiner", {"concat"}, "functions of Python's are not called");
  return table;
}

void OneHotEncoder::check_columns(const Schema& columns) const { refuse_free_text(columns); }

Index OneHotEncoder::most_columns_behind(const Schema& columns) const {
  constexpr Index usual = 10;  // of a column of numbers
  Index sum = 0;
  for (const Column& c : columns.columns()) {
    const Index all = c.levels ? static_cast<Index>(c.levels->size()) + 1 : usual;
    sum += params().max_categories ? std::min(all, *params().max_categories) : all;
  }
  return sum;
}

Footprint OneHotEncoder::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  const Index distinct = doubles_for_distinct(schema_of(batch, columns));
  return {.row_doubles = scratch_for_cells(cells_of(batch), 0),
          .replicated = (cells_of(batch) + 2 * std::ssize(batch)) * distinct};
}

TrainingCost OneHotEncoder::cost(Index columns, Index, std::span<const Candidate>) const {
  return {1, 1, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> OneHotEncoder::train(Engine& engine, const Table& table, Batch batch) const {
  const Schema schema = columns_seen(batch.front().columns, table);
  const DistinctBySplit found(engine, table, splits_among(batch), schema, "OneHotEncoder");
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

std::shared_ptr<Model> OneHotEncoder::load_fitted(const AttributeReader& in) const {
  Length length;
  in.size("n_features_in_", length);
  std::vector<CategoriesFound> categories = load_categories(in, length.value);
  std::vector<Index> dropped;
  in("drop_idx_plus_one_", dropped, length);
  std::vector<OneHotColumn> columns;
  for (std::size_t c = 0; c < categories.size(); ++c) {
    OneHotColumn column{std::move(categories[c]), {}, dropped[c] - 1};
    column.infrequent = load_infrequent(in, c, column.categories.size());
    if (column.dropped >= column.groups()) {
      throw DataError(fmt::format("{} does not fit its column", in.path("drop_idx_plus_one_")));
    }
    columns.push_back(std::move(column));
  }
  return std::make_shared<OneHotModel>(std::move(columns), params());
}

}  // namespace superstep
