// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/boosting_start.hpp"

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "learn/class_weight.hpp"

namespace superstep::trees {

namespace {

/// The sums of one model: what its classes weigh, with rows that judge and without them; or
/// weights, weighted targets, and rows whose target the loss does not take.
enum Run : Index { all_rows, training_rows, weighted_targets, bad_targets, runs_of_model };

bool is_bad_target(Loss loss, double y) {
  return (loss == Loss::poisson && y < 0.0) || (loss == Loss::gamma && y <= 0.0);
}

class Starting {
 public:
  Starting(Engine& engine, const Table& table, std::span<const ModelState> models)
      : table_(table), models_(models) {
    const Sketch sketch = engine.sketch(table);
    const int weight = sketch.rows_exponent + sketch.weight_exponent;
    classes_ =
        has_classes(models.front().task->loss) ? table.data->classes(engine.comm()).size() : 1;
    for (std::size_t m = 0; m < models.size(); ++m) {
      shape_.add(classes_, weight);
      shape_.add(classes_, weight);
      shape_.add(1, weight + sketch.target().exponent);
      shape_.add(1, sketch.rows_exponent);
    }
  }
  SumShape& shape() { return shape_; }
  Index classes() const { return classes_; }

  void operator()(const Block& block, Partial& sum, Workspace& workspace) const {
    for (std::size_t m = 0; m < models_.size(); ++m) {
      const ModelState& model = models_[m];
      const Index first = static_cast<Index>(m) * runs_of_model;
      const auto add = [&](Index i) {
        const double w = block.weight_of(i), y = block.y[i];
        if (!(w > 0.0)) return;
        const bool is_class = has_classes(model.task->loss);
        const auto k = static_cast<std::size_t>(is_class ? y : 0.0);
        sum[first + all_rows][k] += w;
        if (model.is_held_out(block.place(i))) return;
        sum[first + training_rows][k] += w;
        if (is_class) return;
        sum[first + weighted_targets][0] += w * y;
        sum[first + bad_targets][0] += is_bad_target(model.task->loss, y) ? 1.0 : 0.0;
      };
      if (model.task->split == nullptr) {
        for (Index i = 0; i < block.rows; ++i) add(i);
        continue;
      }
      std::int32_t* const cells = workspace.integers(0, block.rows);
      std::int32_t* const chosen = workspace.integers(1, block.rows);
      const Index n = rows_with_role(*model.task->split, Role::train, block, cells, chosen);
      for (Index i = 0; i < n; ++i) add(chosen[i]);
    }
  }

 private:
  const Table& table_;
  std::span<const ModelState> models_;
  SumShape shape_;
  Index classes_ = 1;
};

[[noreturn]] void refuse(const Table& table, const BoostingTask& task, const std::string& why) {
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}{}: {}", table.data->path(),
                                task.split ? ", the training rows of a split" : "", why));
}

BoostingStart start_of(Engine& engine, const Table& table, const std::string& name,
                       const BoostingTask& task, Index classes, const Totals& totals, Index first) {
  const Vector all = VectorView(totals[first + all_rows].data(), classes);
  Vector training = VectorView(totals[first + training_rows].data(), classes);
  if (!(training.sum() > 0.0)) refuse(table, task, "no row with a weight above zero trains");
  BoostingStart start;
  if (!has_classes(task.loss)) {
    if (const double bad = totals[first + bad_targets][0]; bad > 0.0) {
      refuse(table, task,
             fmt::format("{} of /y are {}, which loss='{}' does not take", bad,
                         task.loss == Loss::gamma ? "not above 0" : "below 0",
                         task.loss == Loss::gamma ? "gamma" : "poisson"));
    }
    const double mean = totals[first + weighted_targets][0] / training[0];
    if ((task.loss == Loss::poisson || task.loss == Loss::gamma) && !(mean > 0.0)) {
      refuse(table, task, "all targets are 0, whose logarithm there is none of");
    }
    start.baseline = first_scores(task.loss, {}, task.loss == Loss::quantile ? 0.0 : mean);
    return start;
  }
  if (!task.class_weight.is_none()) {
    start.class_factors =
        class_factors(task.class_weight, name, table.data->classes(engine.comm()), all);
    training = training.cwiseProduct(start.class_factors);
  }
  if ((training.array() > 0.0).count() < 2) {
    refuse(table, task, "all rows that train are of one class; a classifier needs two");
  }
  start.baseline = first_scores(task.loss, training, 0.0);
  return start;
}

}  // namespace

std::vector<BoostingStart> starts_of(Engine& engine, const Table& table, const std::string& name,
                                     std::span<const ModelState> models) {
  Starting starting(engine, table, models);
  const Totals totals = engine.superstep(table, starting.shape(), std::cref(starting));
  std::vector<BoostingStart> starts;
  for (std::size_t m = 0; m < models.size(); ++m) {
    try {
      starts.push_back(start_of(engine, table, name, *models[m].task, starting.classes(), totals,
                                static_cast<Index>(m) * runs_of_model));
    } catch (const AgreedError& e) {
      if (!is_the_candidates_fault(e)) throw;
      starts.emplace_back().failure = std::make_shared<AgreedError>(e);
    }
  }
  return starts;
}

}  // namespace superstep::trees
