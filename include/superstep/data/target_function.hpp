// SPDX-License-Identifier: BSD-3-Clause
// A link of a table's chain that changes the targets instead of the features: who learns from the
// table sees what a function makes of each target.
#pragma once

#include <algorithm>

#include <superstep/data/table.hpp>

namespace superstep {

class TargetFunction : public RowMap {
 public:
  explicit TargetFunction(Index columns) : columns_(columns) {}
  Index columns_in() const final { return columns_; }
  Index columns_out() const final { return columns_; }
  /// The features stay as they are.
  void apply(const double* in, Index rows, double* out) const final {
    std::copy_n(in, rows * columns_, out);
  }
  /// Of targets that are numbers. DataError where it makes no number of one.
  virtual void apply_to_targets(const double* in, Index count, double* out) const = 0;

 private:
  Index columns_;
};

/// Whether the targets are others than those of the file.
inline bool has_other_targets(const Table& table) {
  return std::ranges::any_of(table.maps, [](const auto& map) {
    return dynamic_cast<const TargetFunction*>(map.get()) != nullptr;
  });
}

}  // namespace superstep
