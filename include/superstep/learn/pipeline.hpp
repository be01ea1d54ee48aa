// SPDX-License-Identifier: BSD-3-Clause
// Pipelines: transformers and a last estimator, fitted one after the other. A fitted transformer
// rides along with the table; the transformed dataset never exists (rule 5).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

class Pipeline final : public Estimator {
 public:
  struct Step {
    std::string name;
    std::unique_ptr<Estimator> estimator;
  };

  /// UsageError when a step before the last is no transformer, or there is none.
  explicit Pipeline(std::vector<Step> steps);
  Pipeline(const Pipeline& other);

  const std::vector<Step>& steps() const { return steps_; }

  Kind kind() const override { return last().kind(); }
  bool can(Method method) const override { return last().can(method); }
  /// What all steps together need of /y.
  Target target() const override;
  bool follows_targets() const override;
  bool takes_targets() const override { return taker_of_one_target() == nullptr; }
  /// The first step that learns one target alone; null if there is none.
  const Estimator* taker_of_one_target() const;
  MayMiss may_miss(const Schema* columns, const MayMiss& behind) const override;
  void check_columns(const Schema& columns) const override {
    steps_.front().estimator->check_columns(columns);
  }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<Pipeline>(*this); }
  std::string expression() const override;
  std::string name() const override { return "Pipeline"; }
  /// `ridge__alpha`, or the name of a step: `clf` = GaussianNB().
  void set(std::string_view param, const Value& value) override;
  Value get(std::string_view param) const override;
  void check_params() const override;
  Index most_columns_behind(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  unsigned tells() const override { return last().tells(); }
  bool reads_texts() const override { return steps_.front().estimator->reads_texts(); }
  bool reads_sparse(Index columns) const override;
  bool keeps_sparse() const override;
  Fusion fusion() const override { return {true, true, true}; }
  std::string family() const override;
  bool ends_with_a_look() const override { return steps_.back().estimator->ends_with_a_look(); }
  void apply(const EstimatorExpression& expression) override;

 protected:
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;

 private:
  const Estimator& last() const { return *steps_.back().estimator; }
  Step* find_step(std::string_view name);
  std::pair<Estimator*, std::string_view> find(std::string_view param) const;
  std::vector<Step> steps_;
};

/// `make_pipeline(StandardScaler(), Ridge())` in C++: steps are named as scikit-learn names them.
template <class... Estimators>
Pipeline make_pipeline(const Estimators&... estimators);

Pipeline make_pipeline_of(std::vector<std::unique_ptr<Estimator>> estimators);

template <class... Estimators>
Pipeline make_pipeline(const Estimators&... estimators) {
  std::vector<std::unique_ptr<Estimator>> list;
  (list.push_back(estimators.clone()), ...);
  return make_pipeline_of(std::move(list));
}

}  // namespace superstep
