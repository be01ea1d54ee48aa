// SPDX-License-Identifier: BSD-3-Clause
// Working memory of a kernel: aligned to a cache line, kept by its thread, grown when needed.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include <superstep/core/types.hpp>

namespace superstep::math {

class AlignedBuffer {
 public:
  /// At least `count` doubles; what they hold is left from earlier calls.
  double* reserve(Index count) {
    if (count > size_) {
      values_.reset();
      const auto bytes = static_cast<std::size_t>(count) * sizeof(double);
      values_.reset(static_cast<double*>(::operator new(bytes, alignment)));
      size_ = count;
    }
    return values_.get();
  }
  /// Likewise, of doubles or floats.
  template <class T>
  T* reserve_of(Index count) {
    constexpr auto in_a_double = static_cast<Index>(sizeof(double) / sizeof(T));
    return reinterpret_cast<T*>(reserve((count + in_a_double - 1) / in_a_double));
  }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(double* p) const { ::operator delete(p, alignment); }
  };
  std::unique_ptr<double, Free> values_;
  Index size_ = 0;
};

}  // namespace superstep::math
