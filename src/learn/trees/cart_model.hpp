// SPDX-License-Identifier: BSD-3-Clause
// A tree or a forest that answers.
#pragma once

#include <memory>
#include <optional>

#include <superstep/learn/model.hpp>
#include "learn/trees/cart_forest.hpp"

namespace superstep {

struct FittedCart {
  Index features = 0;
  std::optional<Labels> classes{};  ///< of a classifier
  trees::CartForest forest{};
  std::optional<double> oob_score{};
};

class CartModel final : public Model {
 public:
  CartModel(FittedCart fitted, FitReport report);

  Index features() const override { return fitted_.features; }
  bool can(Method method) const override;
  Index width(Method method) const override;
  const Labels* classes() const override { return fitted_.classes ? &*fitted_.classes : nullptr; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;
  static std::shared_ptr<Model> load(const AttributeReader& in, bool has_classes);

 private:
  void apply_to_few(Method method, math::ConstPanel x, math::Panel out) const;

  FittedCart fitted_;
  trees::CartWalk walk_;
};

}  // namespace superstep
