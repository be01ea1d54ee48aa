// SPDX-License-Identifier: BSD-3-Clause
// The datasets of one file, looked at by the root for all ranks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/io/dataset_layout.hpp>
#include <superstep/io/frame_layout.hpp>

namespace superstep {

/// What the root finds (describe_all), on every rank. **Collective.**
std::vector<std::optional<DatasetLayout>> shared_layouts(
    const Communicator& comm, const std::string& path, const std::vector<DatasetRequest>& requests);

/// Likewise, of describe_data. **Collective.**
DataLayout shared_data_layout(const Communicator& comm, const std::string& path,
                              const std::vector<std::string>& places,
                              const std::vector<DatasetRequest>& others);

}  // namespace superstep
