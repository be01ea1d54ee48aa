// SPDX-License-Identifier: BSD-3-Clause
// KFold and StratifiedKFold of all rows, or of those that train in a split: the folds of an
// estimator that chooses among settings within its own training rows. A row's place among the
// training rows is never computed: where folds begin are order statistics of the rows' positions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/params.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/split.hpp>

namespace superstep {

struct KFoldParams {
  Index n_splits = 5;
  bool shuffle = false;
  std::optional<Index> random_state{};  ///< None: the seed of the engine
};

const ParamTable<KFoldParams>& k_fold_table();
const ParamTable<KFoldParams>& stratified_k_fold_table();
/// UsageError unless they go together.
void check_k_fold(const KFoldParams& params);

/// How rows are dealt out.
struct KFolding {
  Index n_splits = 5;
  bool by_class = false;  ///< every fold has its share of each class
  /// The order of the rows is drawn from it; not given: that of the file.
  std::optional<std::uint64_t> seed{};
  Index repeats = 1;  ///< in so many drawn orders
};

/// The folds of the rows that train in each of some splits (null: all rows), each with a partition
/// of its own; all are found in the same passes over the targets. AgreedError where the rows do not
/// allow them. **Collective.**
std::vector<Folds> k_folds_within(const Communicator& comm, const std::shared_ptr<Dataset>& data,
                                  const KFolding& how, std::span<const SplitPtr> within);
/// Of all rows. **Collective.**
Folds k_folds(const Communicator& comm, const std::shared_ptr<Dataset>& data, const KFolding& how);

}  // namespace superstep
