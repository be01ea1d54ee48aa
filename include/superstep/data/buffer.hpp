// SPDX-License-Identifier: BSD-3-Clause
// Memory of blocks and of what is made of them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include <superstep/core/types.hpp>

namespace superstep {

/// Memory for values that are written before they are read; 64-byte aligned, not initialised.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index size)
      : data_(size == 0 ? nullptr
                        : static_cast<T*>(::operator new (
                              static_cast<std::size_t>(size) * sizeof(T), std::align_val_t{64}))),
        size_(size) {}
  /// Memory that somebody else owns, with room for `size` values.
  static Buffer lent(T* memory, Index size) {
    Buffer buffer;
    buffer.data_ = std::unique_ptr<T[], Free>(memory, Free{false});
    buffer.size_ = size;
    return buffer;
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  Index size() const { return size_; }
  /// Makes room for at least `size` values; forgets the old ones if it grows.
  void grow(Index size) {
    if (size > size_) *this = Buffer(size);
  }

 private:
  struct Free {
    bool owns = true;
    void operator()(T* p) const {
      if (owns) ::operator delete (p, std::align_val_t{64});
    }
  };
  std::unique_ptr<T[], Free> data_;
  Index size_ = 0;
};

}  // namespace superstep
