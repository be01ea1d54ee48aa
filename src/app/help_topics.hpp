// SPDX-License-Identifier: BSD-3-Clause
// What help says of things that are no command, estimator, splitter, metric or option.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace superstep::app {

struct Topic {
  std::vector<std::string> names;  ///< the first is the one that is listed
  std::string summary;
  std::function<std::string()> text;
};

const std::vector<Topic>& topics();

/// The text of the topic of that name; empty when there is none.
std::string topic_text(const std::string& name);
/// All topics, a line each.
std::string topic_list();

}  // namespace superstep::app
