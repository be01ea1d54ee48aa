// SPDX-License-Identifier: BSD-3-Clause
// A dataset of one dimension that grows by what each rank has of it, of any length, the ranks one
// behind the other: the bytes of texts, the values of sparse rows.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include <superstep/comm/communicator.hpp>
#include <superstep/io/parallel_file.hpp>

namespace superstep {

class RunWriter {
 public:
  /// Writes items, which begin at `bytes`, as those from `first` on.
  using Write = std::function<void(Index first, Index count, const char* bytes)>;

  /// So many items of so many bytes each.
  RunWriter(Index items, Index item_bytes) : items_(items), item_bytes_(item_bytes) {}
  Index items() const { return items_; }

  /// The items of this rank, [begin, begin + size of `bytes`); those of all ranks follow the ones
  /// of the call before and end at `end`. `chunk`: of the dataset where it is written
  /// collectively, else 0. **Collective.**
  void put(const Communicator& comm, Index chunk, std::string bytes, Index begin, Index end,
           const Write& write);

 private:
  void put_chunks(const Communicator& comm, Index chunk, std::string bytes, Index begin, Index end,
                  const Write& write);
  std::string part_of(const std::string& bytes, Index bytes_begin, Index begin, Index end) const;

  Index items_;
  Index item_bytes_;
  Index written_ = 0;  // in chunks: of them in the file; the root keeps the rest
  std::string rest_;
};

}  // namespace superstep
