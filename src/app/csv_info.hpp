// SPDX-License-Identifier: BSD-3-Clause
// What `superstep info` says of a CSV file: no dataset yet, but its columns can be told.
#pragma once

#include <string>

#include "app/model_info.hpp"

namespace superstep::app {

/// By its name: .csv, .tsv or .tab.
bool is_called_csv(const std::string& path);

/// Columns with what they hold, and how those of text become numbers.
Report describe_csv(const std::string& path);

}  // namespace superstep::app
