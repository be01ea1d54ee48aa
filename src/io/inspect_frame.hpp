// SPDX-License-Identifier: BSD-3-Clause
// Looks at data frames with HDF5. To be called inside in_guarded_child() only.
#pragma once

#include <optional>
#include <string>

#include <superstep/io/frame_layout.hpp>
#include "io/inspect.hpp"

namespace superstep::h5 {

/// What stands at a path that is there.
Handle open_object(const InspectedFile& file, const std::string& path);

/// The text of an attribute; empty where there is none, or it holds something else.
std::string text_of(hid_t object, const char* name);

/// One column of texts by its path, /table/review, as a frame; nothing where there is something
/// else.
std::optional<FrameLayout> describe_text(const InspectedFile& file, const std::string& place);
/// The frame at this group. DataError where it is something else, with what to do.
FrameLayout describe_frame(const InspectedFile& file, const std::string& group);

/// A dataset, or the codes of a categorical column, as an enumeration that names them.
DatasetLayout describe_column(const InspectedFile& file, const std::string& path);

}  // namespace superstep::h5
