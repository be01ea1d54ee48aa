// SPDX-License-Identifier: BSD-3-Clause
// The parameter `cv` of estimators that fold their own training rows: None, an int, KFold(...) or
// StratifiedKFold(...).
#pragma once

#include <cstdint>
#include <optional>

#include <superstep/core/value.hpp>
#include <superstep/data/k_folds.hpp>

namespace superstep {

/// Whether every fold has its share of each class; not given: None or an int, which leave it to the
/// targets. UsageError where the splitter's parameters do not go together.
std::optional<bool> is_stratified(const Value& cv);

/// The folds that it means. `by_class`: what None and an int mean. `seed`: of splitters that
/// shuffle and name none.
KFolding folding_of(const Value& cv, bool by_class, std::uint64_t seed);

}  // namespace superstep
