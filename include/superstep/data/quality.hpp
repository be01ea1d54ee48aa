// SPDX-License-Identifier: BSD-3-Clause
// What a dataset holds, value by value: NaN and infinity, constant columns, ranges, classes. Unlike
// training it does not stop at the first bad value.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/row_source.hpp>

namespace superstep {

/// The values of one column, or of /y or /weight.
struct ValueRange {
  Index nan = 0;
  Index infinite = 0;
  double low = 0.0;  ///< of the finite values; low > high when there are none
  double high = 0.0;

  Index bad() const { return nan + infinite; }
  bool has_finite() const { return low <= high; }
  bool is_constant() const { return bad() == 0 && low == high; }
};

struct DataQuality {
  std::vector<ValueRange> columns;
  BadValues bad;                    ///< all of them, and the first of each dataset
  ValueRange target;                ///< of a target of numbers; of several all together
  std::vector<ValueRange> targets;  ///< of each, where there are several
  ValueRange weight;
  Index zero_weights = 0;
  Labels classes;                   ///< of a target of text or of few whole numbers; else empty
  std::vector<Index> class_counts;  ///< by class
};

/// What the reading may use.
struct QualityMeans {
  std::size_t memory = 0;
  int threads = 1;  ///< of `parallel_for`
  ParallelFor parallel_for;
  std::function<void(double)> progress;
  std::size_t taken = 0;  ///< bytes of the process beside `memory`, the same on every rank
};

/// More distinct whole numbers than this are no classes.
inline constexpr Index most_counted_classes = 1000;

/// Reads every selected value once. FileError where a checksum is wrong. **Collective.**
DataQuality inspect_quality(const Communicator& comm, Dataset& data, const QualityMeans& means);

}  // namespace superstep
