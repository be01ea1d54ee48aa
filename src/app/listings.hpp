// SPDX-License-Identifier: BSD-3-Clause
// What help lists from the program's own tables: estimators, splitters, metrics, options.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/core/params.hpp>

#include "app/command.hpp"

namespace superstep::app {

std::string estimator_text(const ParamTableBase& table, const std::string& module);
std::string splitter_text(const ParamTableBase& table);
/// Of a metric or a report; empty for other words.
std::string metric_text(const std::string& name);
/// "linear_model" and the like; empty for other words.
std::string module_text(const std::string& module);

/// Which estimators and splitters have a parameter of that name; empty for other words.
std::string parameter_text(const std::string& name);

std::string estimators_page();
std::string splitters_page();
std::string metrics_page();

/// Every option of every command, once.
std::string options_page(const std::vector<std::unique_ptr<Command>>& commands);
/// "--memory" or "memory", and which commands have it; empty for other words.
std::string option_text(const std::vector<std::unique_ptr<Command>>& commands,
                        const std::string& word);
/// "--memory", ...
std::vector<std::string> option_words(const std::vector<std::unique_ptr<Command>>& commands);

/// docs/estimators/MODULE.md or, for "metrics", docs/metrics.md; empty for other words.
std::string markdown_page(const std::string& name);

}  // namespace superstep::app
