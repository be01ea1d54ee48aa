// SPDX-License-Identifier: BSD-3-Clause
// Transformers side by side, each on some of the columns, their outputs set side by side: what
// ColumnTransformer and FeatureUnion are.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

/// One of them, as it was asked for.
struct Branch {
  std::string name;
  std::shared_ptr<const Estimator> estimator;  ///< null: the columns as they are
  std::vector<Index> columns;
  double factor = 1.0;  ///< on what it makes
};

/// What the columns behind are called.
enum class BranchNames { prefixed, plain };

/// The branches of one candidate.
struct BranchSet {
  std::vector<Branch> branches;
  BranchNames names = BranchNames::prefixed;
};

/// DataError, for `parent`, where a branch takes texts and the columns are more than one, or
/// another branch takes none.
void check_texts(const std::vector<Branch>& branches, const Schema& columns,
                 const std::string& parent);

/// Trains all branches of all candidates: equal ones once, and side by side. `sets`: one a
/// candidate. **Collective.**
std::vector<Trained> train_branches(Engine& engine, const Table& table,
                                    const std::vector<BranchSet>& sets,
                                    std::span<const Candidate> candidates);

/// The model that train_branches() gave and `save` wrote. `estimators` by the names of branches.
std::shared_ptr<Model> load_branches(
    const AttributeReader& in,
    const std::vector<std::pair<std::string, std::shared_ptr<const Estimator>>>& estimators,
    BranchNames names);

/// Where NaN may stand in so many columns that the branches see.
MayMiss may_miss_in(const std::vector<Branch>& branches, const Schema& columns,
                    const MayMiss& behind);
Index most_columns_of(const std::vector<Branch>& branches, const Schema& columns);

/// What a batch will train, as far as it is known before: equal candidates once.
struct BranchBatch {
  std::vector<BranchSet> sets{};
  std::vector<Candidate> candidates{};
};
BranchBatch branch_batch(std::span<const Candidate> batch, const Schema& columns,
                         const std::function<std::vector<Branch>(const Estimator&)>& branches_of);
Footprint footprint_of(const BranchBatch& batch, Index columns, Index classes);
Footprint ample_footprint_of(const BranchBatch& batch, Index columns, Index classes);
TrainingCost cost_of(const BranchBatch& batch, Index classes);

}  // namespace superstep
