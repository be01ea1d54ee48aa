// SPDX-License-Identifier: BSD-3-Clause
// What several splitters ask of their parameters and data, in scikit-learn's words.
#pragma once

#include <optional>
#include <string>

#include <superstep/core/params.hpp>
#include <superstep/data/dataset.hpp>

namespace superstep {

/// A range that the table states and check_params() enforces in scikit-learn's words.
Range stated(std::string text);

/// UsageError unless there are at least two folds.
void check_fold_count(Index n_splits);

/// UsageError when a seed is given for an order that is not drawn.
void check_order_is_drawn(bool shuffle, std::optional<Index> random_state);

/// So many splits can be handled.
inline constexpr Index most_splits = 10'000;

/// UsageError when there are more splits than anybody can have meant: every split has a role for
/// every cell.
void check_split_count(Index n_splits);

/// The same on every rank: the data do not allow it.
[[noreturn]] void refuse_data(const std::string& message);

/// AgreedError when there are fewer of them than folds.
void check_enough_rows(const Dataset& data, Index n_splits, Index rows);

/// AgreedError when there are fewer groups than folds.
void check_enough_groups(const Dataset& data, Index n_splits, Index groups);

}  // namespace superstep
