// SPDX-License-Identifier: BSD-3-Clause
#include "data/shared_layouts.hpp"

#include <superstep/comm/collectively.hpp>

namespace superstep {

std::vector<std::optional<DatasetLayout>> shared_layouts(
    const Communicator& comm, const std::string& path,
    const std::vector<DatasetRequest>& requests) {
  std::vector<std::byte> bytes;
  on_root(comm, [&] { bytes = serialize(describe_all(path, requests)); });
  comm.broadcast(bytes);
  return deserialize_layouts(bytes);
}

}  // namespace superstep
