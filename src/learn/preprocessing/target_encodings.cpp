// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/target_encodings.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

/// Targets of some rows: deviations from a number near all of them.
struct Deviations {
  double n = 0.0, sum = 0.0, square = 0.0;
  void add(double count, double s, double q) {
    n += count;
    sum += s;
    square += q;
  }
  double mean() const { return sum / n; }
  /// Around the mean.
  double squares() const { return std::max(0.0, std::fma(-mean(), sum, square)); }
};

double encoding(const Deviations& of_category, const Deviations& of_all,
                const std::optional<double>& smooth) {
  const double mean = of_all.mean();
  const double n = of_category.n;
  if (smooth) {
    return *smooth + n == 0.0 ? mean : (*smooth * mean + of_category.sum) / (*smooth + n);
  }
  if (n == 0.0) return mean;
  const double variance = of_all.squares() / of_all.n * n;
  const double share = variance / (variance + of_category.squares() / n);
  return std::isnan(share) ? mean : share * of_category.mean() + (1.0 - share) * mean;
}

}  // namespace

TargetEncodings encodings_of(const TargetSums& sums, const ValueSlots& slots, Index outputs_summed,
                             const EncodedValues& values, const std::optional<double>& smooth) {
  TargetEncodings found;
  const std::vector<Index> outputs =
      values.outputs.empty() ? std::vector<Index>{0} : values.outputs;
  const auto add_slots = [&](Index column, Index output, auto&& into) {
    for (Index slot = slots.first(column); slot < slots.first(column + 1); ++slot) {
      const auto at = static_cast<std::size_t>(slot);
      if (!(sums.counts[at] > 0.0)) continue;
      if (output == EncodedValues::none) {
        into(slot).add(sums.counts[at], 0.0, 0.0);
        continue;
      }
      const auto sum = static_cast<std::size_t>(slot * outputs_summed + output);
      into(slot).add(sums.counts[at], sums.sums[sum], sums.squares[sum]);
    }
  };
  std::vector<Deviations> of_all(outputs.size());
  for (std::size_t j = 0; j < outputs.size(); ++j) {
    add_slots(0, outputs[j], [&](Index) -> Deviations& { return of_all[j]; });
    found.mean.push_back(sums.shift + of_all[j].mean());
  }
  for (Index c = 0; c < slots.columns(); ++c) {
    for (std::size_t j = 0; j < outputs.size(); ++j) {
      std::vector<Deviations> by_category(
          static_cast<std::size_t>(values.categories[static_cast<std::size_t>(c)]));
      add_slots(c, outputs[j], [&](Index slot) -> Deviations& {
        return by_category[static_cast<std::size_t>(
            values.category_of[static_cast<std::size_t>(slot)])];
      });
      std::vector<double> encoded;
      for (const Deviations& d : by_category) {
        encoded.push_back(sums.shift + encoding(d, of_all[j], smooth));
      }
      found.of.push_back(std::move(encoded));
    }
  }
  return found;
}

// ---- the model ---------------------------------------------------------------------------------

namespace {

class TargetEncoderModel final : public Model {
 public:
  TargetEncoderModel(FittedTargetEncoder fitted, std::vector<std::string> warnings)
      : fitted_(std::move(fitted)) {
    for (const CategoriesFound& found : fitted_.categories) lookups_.emplace_back(found);
    report_.warnings = std::move(warnings);
  }

  Index features() const override { return std::ssize(fitted_.categories); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return features() * fitted_.outputs(); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  Schema columns_behind(const Schema& in) const override;
  bool is_cross_fitted() const override { return fitted_.inner != nullptr; }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) encode(x.row(i), fitted_.all, out.row(i));
  }
  void transform_in_training(const Block& block, math::ConstPanel x,
                             math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  void encode(const double* from, const TargetEncodings& by, double* to) const;
  FittedTargetEncoder fitted_;
  std::vector<CategoryLookup> lookups_;
};

void TargetEncoderModel::encode(const double* from, const TargetEncodings& by, double* to) const {
  auto its = by.of.begin();
  for (const CategoryLookup& lookup : lookups_) {
    const Index k = lookup.find(*from++ + 0.0);
    for (const double mean : by.mean) {
      *to++ = k < 0 ? mean : (*its)[static_cast<std::size_t>(k)];
      ++its;
    }
  }
}

// Rows that lie in no inner fold are others than those that it has learnt from.
void TargetEncoderModel::transform_in_training(const Block& block, math::ConstPanel x,
                                               math::Panel out) const {
  std::vector<std::int32_t> fold(static_cast<std::size_t>(block.rows));
  fitted_.inner->assign(block, fold.data());
  for (Index i = 0; i < x.rows; ++i) {
    const auto its = static_cast<std::size_t>(fold[static_cast<std::size_t>(i)]);
    encode(x.row(i), its < fitted_.without.size() ? fitted_.without[its] : fitted_.all, out.row(i));
  }
}

Schema TargetEncoderModel::columns_behind(const Schema& in) const {
  if (fitted_.target_type != "multiclass") return Schema::of_numbers(in.size(), in.names());
  std::vector<std::string> names;
  for (Index c = 0; c < in.size(); ++c) {
    for (Index k = 0; k < fitted_.classes.size(); ++k) {
      names.push_back(fmt::format("{}_{}", in.name_of(c), fitted_.classes.text(k)));
    }
  }
  return Schema::of_numbers(std::ssize(names), names);
}

std::string encodings_name(std::size_t i) { return fmt::format("encodings_/{}", i); }

void TargetEncoderModel::save(const AttributeWriter& out) const {
  Length columns, outputs, classes, one;
  out.size("n_features_in_", columns, features());
  save_categories(out, fitted_.categories);
  out("target_mean_", Vector(VectorView(fitted_.all.mean.data(), fitted_.outputs())), outputs);
  for (std::size_t i = 0; i < fitted_.all.of.size(); ++i) {
    const std::vector<double>& of = fitted_.all.of[i];
    Length its;
    out(encodings_name(i), Vector(VectorView(of.data(), std::ssize(of))), its);
  }
  out("target_type_", std::vector<std::string>{fitted_.target_type}, one);
  if (fitted_.classes.size() > 0) out("classes_", fitted_.classes, classes);
}

}  // namespace

std::shared_ptr<Model> target_encoder_model(FittedTargetEncoder fitted,
                                            std::vector<std::string> warnings) {
  return std::make_shared<TargetEncoderModel>(std::move(fitted), std::move(warnings));
}

std::shared_ptr<Model> load_target_encoder(const AttributeReader& in) {
  FittedTargetEncoder fitted;
  Length columns, classes;
  in.size("n_features_in_", columns);
  fitted.categories = load_categories(in, columns.value);
  Length one{1, "its kind"};
  std::vector<std::string> type;
  in("target_type_", type, one);
  fitted.target_type = type.front();
  if (in.has("classes_")) in("classes_", fitted.classes, classes);
  const bool is_multiclass = fitted.target_type == "multiclass";
  const bool are_known = fitted.target_type == "continuous" || fitted.target_type == "binary";
  if (!is_multiclass && !are_known) {
    throw DataError(fmt::format("{} is '{}'", in.path("target_type_"), fitted.target_type));
  }
  if ((fitted.target_type == "continuous") != (fitted.classes.size() == 0)) {
    throw DataError(fmt::format("{} does not fit classes_", in.path("target_type_")));
  }
  Length outputs{is_multiclass ? fitted.classes.size() : 1, "classes_"};
  Vector mean;
  in("target_mean_", mean, outputs);
  fitted.all.mean.assign(mean.begin(), mean.end());
  for (const CategoriesFound& found : fitted.categories) {
    for (Index j = 0; j < fitted.outputs(); ++j) {
      Length its{found.size(), "categories_"};
      Vector values;
      in(encodings_name(fitted.all.of.size()), values, its);
      fitted.all.of.emplace_back(values.begin(), values.end());
    }
  }
  return std::make_shared<TargetEncoderModel>(std::move(fitted), std::vector<std::string>{});
}

}  // namespace superstep
