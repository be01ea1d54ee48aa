// SPDX-License-Identifier: BSD-3-Clause
// The commands there are; each is one file.
#pragma once

#include <memory>

#include "app/command.hpp"

namespace superstep::app {

std::unique_ptr<Command> check_command();
std::unique_ptr<Command> cross_validate_command();
std::unique_ptr<Command> fit_command();
std::unique_ptr<Command> folds_command();
std::unique_ptr<Command> import_command();
std::unique_ptr<Command> info_command();
std::unique_ptr<Command> make_command();
std::unique_ptr<Command> predict_command();
std::unique_ptr<Command> score_command();
std::unique_ptr<Command> search_command();
std::unique_ptr<Command> split_command();
std::unique_ptr<Command> transform_command();

}  // namespace superstep::app
