// SPDX-License-Identifier: BSD-3-Clause
// A file that all ranks write together in pieces of any length, whose order is known and whose
// places are not: text. It appears whole or not at all, with the same bytes for any number of
// ranks.
//
// Pieces wait in a nameless file beside the one that is made, so that memory stays small; where
// each goes is known when all lengths are.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <superstep/comm/communicator.hpp>
#include <superstep/core/types.hpp>

namespace superstep {

class PiecewiseFile {
 public:
  /// Nothing happens to an existing `path` before commit. **Collective.**
  PiecewiseFile(const Communicator& comm, const std::string& path);
  PiecewiseFile(const PiecewiseFile&) = delete;
  PiecewiseFile& operator=(const PiecewiseFile&) = delete;
  /// Without commit: removes what was written.
  ~PiecewiseFile();

  /// Adds a piece; pieces follow each other by their number. Each number once on all ranks.
  /// FileError on this rank alone.
  void put(Index number, std::string_view piece);
  /// Writes the head and the pieces behind it, makes them durable and gives the file its name.
  /// **Collective.**
  void commit(std::string_view head);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep
