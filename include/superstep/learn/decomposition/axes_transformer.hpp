// SPDX-License-Identifier: BSD-3-Clause
// Transformers onto the axes of the rows, around their means or around zero: one superstep of
// second moments for any number of candidates, folds and maps, decompositions that are shared out
// over the ranks, and a second look where axes are wanted that the moments do not resolve.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

class PrincipalAxesOf;
struct WideSVD;
struct WideTask;

class AxesTransformer : public Estimator {
 public:
  Kind kind() const final { return Kind::transformer; }
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  bool gives_affine_maps() const final { return true; }
  bool gathers() const final { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const final;
  Fusion fusion() const final { return {true, true, true}; }

  /// Around the means.
  virtual bool centres() const = 0;
  /// **Collective.**
  virtual std::shared_ptr<Model> model_of(const Table& table, PrincipalAxesOf& axes) const = 0;

  /// Whether there is a way for tables of many columns, which reads sparse rows as they lie.
  virtual bool takes_wide() const { return false; }
  bool reads_sparse(Index columns) const final;
  /// What it asks for there, and the model of what is found.
  virtual WideTask wide_task() const;
  virtual std::shared_ptr<Model> model_of(const WideSVD& found) const;

 private:
  std::vector<Trained> train_wide(Engine& engine, const Table& table,
                                  std::span<const Candidate> candidates) const;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
};

}  // namespace superstep
