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

DataLayout shared_data_layout(const Communicator& comm, const std::string& path,
                              const std::vector<std::string>& places,
                              const std::vector<DatasetRequest>& others) {
  std::vector<std::byte> bytes;
  on_root(comm, [&] { bytes = serialize(describe_data(path, places, others)); });
  comm.broadcast(bytes);
  return deserialize_data(bytes);
}

}  // namespace superstep
