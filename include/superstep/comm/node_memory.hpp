// SPDX-License-Identifier: BSD-3-Clause
// Memory that the ranks of one node hold together: every rank gives a part, all read and write all
// of them in place.
#pragma once

#include <cstddef>
#include <memory>

#include <superstep/comm/communicator.hpp>

namespace superstep {

class NodeMemory {
 public:
  /// `node`: the ranks of this node (Communicator::on_node). Each may give another number of bytes.
  /// Look at free_bytes() first: a segment that its file system has no room for ends the job when
  /// it is touched. **Collective** over the node.
  NodeMemory(const Communicator& node, std::size_t bytes);
  ~NodeMemory();
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  /// The part of a rank of the node; begins at a multiple of 64.
  std::byte* part(int rank) const;
  /// From here on every rank sees what any has written before. **Collective** over the node.
  void publish(const Communicator& node) const;

  /// What the file system that such memory lies on has left.
  static std::size_t free_bytes();

 private:
  struct Window;
  std::unique_ptr<Window> window_;
};

}  // namespace superstep
