// SPDX-License-Identifier: BSD-3-Clause
// Boosted trees that answer, and what the two estimators of them share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/ensemble/hist_gradient_boosting.hpp>
#include "learn/trees/boosting.hpp"
#include "learn/trees/walker.hpp"

namespace superstep {

/// The score of a row is that of `baseline` and what the trees add to it.
struct FittedBoosting {
  Index features = 0;
  std::optional<Labels> classes{};  ///< of a classifier
  Vector baseline{};                ///< one, or one for each of more than two classes
  trees::Forest forest{};
};

class BoostingModel final : public Model {
 public:
  BoostingModel(FittedBoosting fitted, trees::Loss loss, FitReport report);

  Index features() const override { return fitted_.features; }
  bool can(Method method) const override;
  Index width(Method method) const override;
  const Labels* classes() const override { return fitted_.classes ? &*fitted_.classes : nullptr; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;
  static std::shared_ptr<Model> load(const AttributeReader& in, bool has_classes,
                                     const std::function<trees::Loss(Index classes)>& loss);

 private:
  void apply_to_few(Method method, math::ConstPanel x, math::Panel out) const;

  FittedBoosting fitted_;
  trees::Walker walker_;
  trees::Loss loss_;
};

/// What the parameters say of a candidate, but for what depends on the loss.
trees::BoostingTask boosting_task(const HistGradientBoostingParams& p, SplitPtr split, Index rows,
                                  std::uint64_t seed);

/// The candidates with equal bins in the same passes. `tasks`: one for each. **Collective.**
std::vector<Trained> train_boosting(Engine& engine, const Table& table, const std::string& name,
                                    std::span<const Index> max_bins,
                                    std::span<const trees::BoostingTask> tasks,
                                    const Labels* classes);

/// The parameters that both have, behind those that the table has.
template <class P>
ParamTable<P> with_boosting_params(ParamTable<P> table);

}  // namespace superstep

#include "learn/ensemble/boosting_params.hpp"
