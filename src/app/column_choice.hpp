// SPDX-License-Identifier: BSD-3-Clause
// How commands that take a model and data bring their columns together, and what they say of it.
#pragma once

#include <superstep/learn/candidate.hpp>

#include "app/command.hpp"

namespace superstep::app {

/// The option --reorder-columns.
struct ColumnChoice {
  bool by_name = false;

  void describe(CommandLine& line);
  /// The model for these data; warns if only one of them has names. AgreedError where names differ.
  /// **Collective.**
  ModelPtr match(Context& context, const Fitted& model, const Data& data) const;
};

/// Says which class counts as positive if one of the metrics asks, of a model with two classes.
void note_positive_class(const Context& context, const Model& model,
                         const std::vector<std::string>& metrics, Index positive = -1);

}  // namespace superstep::app
