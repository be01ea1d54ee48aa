// SPDX-License-Identifier: BSD-3-Clause
// One pass of a batch of generalised linear models: loss, gradient and, where wanted, second
// derivatives of every model at a point of its own.
#pragma once

#include <optional>

#include "learn/linear_model/glm_objective.hpp"

namespace superstep {

/// Where a model is to be evaluated.
struct GlmPoint {
  const GlmObjective* objective;
  const Vector* parameters;
  bool curvature = false;
  int slack =
      0;  ///< bits by which bounds on derivatives that are only expected to hold are widened
  math::Care care = math::Care::usual;
};

/// Evaluates all points, on the blocks of a level; nothing for a point where a block went beyond
/// its bounds. Points of models with the same split and class weights should be neighbours: they
/// share their row weights.
/// **Collective**, one superstep.
std::vector<std::optional<math::Evaluation>> evaluate_glm(Engine& engine, const Table& table,
                                                          const GlmMoments& moments,
                                                          std::span<const GlmPoint> points,
                                                          std::size_t level);

}  // namespace superstep
