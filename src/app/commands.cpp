// SPDX-License-Identifier: BSD-3-Clause
#include "app/commands.hpp"

namespace superstep::app {

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(make_command());
  commands.push_back(import_command());
  commands.push_back(info_command());
  commands.push_back(check_command());
  commands.push_back(split_command());
  commands.push_back(fit_command());
  commands.push_back(predict_command());
  commands.push_back(transform_command());
  commands.push_back(score_command());
  commands.push_back(cross_validate_command());
  commands.push_back(search_command());
  commands.push_back(folds_command());
  return commands;
}

}  // namespace superstep::app
