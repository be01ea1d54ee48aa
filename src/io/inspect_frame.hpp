// SPDX-License-Identifier: BSD-3-Clause
// Looks at data frames with HDF5. To be called inside in_guarded_child() only.
#pragma once

#include <string>

#include <superstep/io/frame_layout.hpp>
#include "io/inspect.hpp"

namespace superstep::h5 {

/// The frame at this group. DataError where it is something else, with what to do.
FrameLayout describe_frame(const InspectedFile& file, const std::string& group);

/// A dataset, or the codes of a categorical column, as an enumeration that names them.
DatasetLayout describe_column(const InspectedFile& file, const std::string& path);

}  // namespace superstep::h5
