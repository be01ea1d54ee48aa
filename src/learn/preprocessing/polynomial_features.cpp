// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/polynomial_features.hpp>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

#include "learn/preprocessing/stateless.hpp"

namespace superstep {

namespace {

constexpr double most_outputs = 1'000'000.0;

/// The least and the greatest degree of a product.
struct Degrees {
  Index least = 0;
  Index most = 2;
};

Degrees degrees_of(const Value& degree) {
  if (!degree.is_sequence()) return {0, degree.as_int()};
  return {degree.items()[0].as_int(), degree.items()[1].as_int()};
}

bool is_degree(const Value& v) {
  const auto is_count = [](const Value& n) { return n.is_int() && n.as_int() >= 0; };
  if (!v.is_sequence()) return is_count(v);
  return v.items().size() == 2 && is_count(v.items()[0]) && is_count(v.items()[1]) &&
         v.items()[0].as_int() <= v.items()[1].as_int();
}

/// An output: another one times a column. So each costs one multiplication.
struct Product {
  Index of;      ///< number of the shorter product among all; -1: none
  Index column;  ///< -1: the constant 1
  Index degree;
};

/// All products up to a degree, shorter ones first, each in the order of its columns.
std::vector<Product> products_of(Index columns, Index degree, bool interaction_only) {
  std::vector<Product> all = {{-1, -1, 0}};
  Index begin = 0;
  for (Index d = 1; d <= degree; ++d) {
    const Index end = std::ssize(all);
    for (Index p = begin; p < end; ++p) {
      const Product shorter = all[static_cast<std::size_t>(p)];
      const Index first = shorter.column < 0 ? 0 : shorter.column + (interaction_only ? 1 : 0);
      for (Index c = first; c < columns; ++c) all.push_back({p, c, d});
    }
    begin = end;
  }
  return all;
}

/// How many there are, without making them.
double count_of(Index columns, const PolynomialFeaturesParams& params) {
  const Degrees degrees = degrees_of(params.degree);
  double sum = 0.0, of_degree = 1.0;
  const auto n = static_cast<double>(columns);
  for (Index d = 0; d <= degrees.most; ++d) {
    if (d > 0) {
      const auto k = static_cast<double>(d);
      of_degree *= params.interaction_only ? std::max(n - k + 1.0, 0.0) / k : (n + k - 1.0) / k;
    }
    const bool is_wanted = d == 0 ? params.include_bias : d >= degrees.least;
    if (is_wanted) sum += of_degree;
  }
  return sum;
}

class PolynomialModel final : public StatelessModel {
 public:
  PolynomialModel(Index columns, const PolynomialFeaturesParams& params) : StatelessModel(columns) {
    const Degrees degrees = degrees_of(params.degree);
    products_ = products_of(columns, degrees.most, params.interaction_only);
    for (std::size_t p = 0; p < products_.size(); ++p) {
      const Index d = products_[p].degree;
      if (d == 0 ? params.include_bias : d >= degrees.least) {
        outputs_.push_back(static_cast<Index>(p));
      }
    }
  }
  Index width(Method) const override { return std::ssize(outputs_); }
  Schema columns_behind(const Schema& in) const override;
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    std::vector<double> values(products_.size(), 1.0);
    for (Index i = 0; i < x.rows; ++i) {
      const double* row = x.row(i);
      for (std::size_t p = 1; p < products_.size(); ++p) {
        const Product& product = products_[p];
        values[p] = values[static_cast<std::size_t>(product.of)] * row[product.column];
      }
      double* to = out.row(i);
      for (const Index p : outputs_) *to++ = values[static_cast<std::size_t>(p)];
    }
  }

 private:
  std::string name_of(Index product, const Schema& in) const;
  std::vector<Product> products_;
  std::vector<Index> outputs_;
};

std::string PolynomialModel::name_of(Index product, const Schema& in) const {
  std::vector<Index> powers(static_cast<std::size_t>(in.size()), 0);
  for (Index p = product; p > 0; p = products_[static_cast<std::size_t>(p)].of) {
    ++powers[static_cast<std::size_t>(products_[static_cast<std::size_t>(p)].column)];
  }
  std::string name;
  for (Index c = 0; c < in.size(); ++c) {
    const Index power = powers[static_cast<std::size_t>(c)];
    if (power == 0) continue;
    name += (name.empty() ? "" : " ") + in.name_of(c);
    if (power > 1) name += fmt::format("^{}", power);
  }
  return name.empty() ? "1" : name;
}

Schema PolynomialModel::columns_behind(const Schema& in) const {
  std::vector<std::string> names;
  for (const Index p : outputs_) names.push_back(name_of(p, in));
  return Schema::of_numbers(std::ssize(names), names);
}

}  // namespace

const ParamTable<PolynomialFeaturesParams>& PolynomialFeatures::param_table() {
  using P = PolynomialFeaturesParams;
  static const auto table =
      ParamTable<P>("PolynomialFeatures", "Products of columns up to a degree.")
          .add("degree", &P::degree, satisfies("an int >= 0, or a pair (least, most)", is_degree),
               "the greatest degree of a product, or the least and the greatest")
          .add("interaction_only", &P::interaction_only, anything(),
               "products of different columns only")
          .add("include_bias", &P::include_bias, anything(), "a column of ones")
          .refuse("order", {"C", "F"}, "how arrays are kept is decided here")
          .positional(1);
  return table;
}

Index PolynomialFeatures::most_columns_behind(const Schema& columns) const {
  return static_cast<Index>(std::min(count_of(columns.size(), params()), most_outputs));
}

Footprint PolynomialFeatures::footprint(Index columns, Index, std::span<const Candidate>) const {
  const double outputs = std::min(count_of(columns, params()), most_outputs);
  return {.replicated = static_cast<Index>(4.0 * outputs)};
}

std::vector<Trained> PolynomialFeatures::train(Engine& engine, const Table& table,
                                               Batch batch) const {
  std::vector<Trained> models;
  collectively(engine.comm(), [&] {
    for (const auto& c : batch) {
      const double outputs = count_of(table.columns(), c.params);
      if (outputs < 1.0) throw UsageError("PolynomialFeatures: there is no product of this degree");
      if (outputs > most_outputs) {
        throw UsageError(fmt::format(
            "PolynomialFeatures makes {} columns of {} here, more than {}; take a smaller degree",
            outputs, table.columns(), format_count(static_cast<Index>(most_outputs))));
      }
      models.push_back(std::make_shared<PolynomialModel>(table.columns(), c.params));
    }
  });
  return models;
}

std::shared_ptr<Model> PolynomialFeatures::load_fitted(const AttributeReader& in) const {
  const Index columns = load_columns(in);
  if (count_of(columns, params()) > most_outputs) {
    throw DataError(fmt::format("{} is too large for this degree", in.path("n_features_in_")));
  }
  return std::make_shared<PolynomialModel>(columns, params());
}

}  // namespace superstep
