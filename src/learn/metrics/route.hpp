// SPDX-License-Identifier: BSD-3-Clause
// The way from a row of the data to a model's outputs: transformers, which many models may share,
// then the model that predicts. A pipeline is taken apart, and affine transformers in front of a
// model that can see through them disappear into its weights.
#pragma once

#include <memory>
#include <vector>

#include <superstep/data/table.hpp>
#include <superstep/learn/candidate.hpp>
#include <superstep/learn/metrics/plan.hpp>

namespace superstep {

struct Route {
  std::vector<ModelPtr> transformers;
  ModelPtr last;  ///< for Model::apply and what belongs to it; classes() may be missing
};

/// A function of the model alone, not of others that are judged with it.
Route route_of(const ModelPtr& model);
/// As one model again.
ModelPtr joined(const Route& route);

/// What a plan asks of the last model of a route. x: rows as it sees them; out: as the plan says.
void apply_plan(const MetricPlan& plan, const Model& last, math::ConstPanel x, math::Panel out);
void apply_plan(const MetricPlan& plan, const Model& last, const SparseRows& x, Index rows,
                math::Panel out);

/// Full rows in sparse form.
void put_all(math::ConstPanel rows, SparseRowsOut& out);

/// A whole route as a link of a table's chain: what kernels see as x are the outputs. Both must
/// outlive it.
std::shared_ptr<const RowMap> output_map(const Route& route, const MetricPlan& plan);

}  // namespace superstep
