// SPDX-License-Identifier: BSD-3-Clause
// What a fitted pipeline is: transformers, and a last model behind them. Its steps can be seen, so
// that what several pipelines begin with is applied once.
#pragma once

#include <string>
#include <vector>

#include <superstep/learn/candidate.hpp>

namespace superstep {

class PipelineModel final : public Model {
 public:
  struct Step {
    std::string name;
    ModelPtr model;
  };

  /// At least one; all but the last can transform.
  explicit PipelineModel(std::vector<Step> steps);
  const std::vector<Step>& steps() const { return steps_; }

  Index features() const override { return steps_.front().model->features(); }
  bool can(Method method) const override { return last().can(method); }
  Index width(Method method) const override { return last().width(method); }
  const Labels* classes() const override { return last().classes(); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override;
  Schema columns_behind(const Schema& in) const override;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void apply_sparse(Method method, const SparseRows& x, Index rows, math::Panel out) const override;
  Index sparse_scratch(Method method) const override;
  bool reads_texts() const override { return steps_.front().model->reads_texts(); }
  bool keeps_sparse() const override;
  void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override;
  bool is_cross_fitted() const override;
  void transform_in_training(const Block& block, math::ConstPanel x,
                             math::Panel out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  /// Calls each(model, x, out) for the transformers in front of the last step, from the `first` on;
  /// gives what that sees.
  template <class F>
  math::ConstPanel before_last(std::size_t first, math::ConstPanel x, std::vector<double>& from,
                               F&& each) const;
  void apply_from(std::size_t first, Method method, math::ConstPanel x, math::Panel out) const;
  const Model& last() const { return *steps_.back().model; }
  std::vector<Step> steps_;
};

}  // namespace superstep
