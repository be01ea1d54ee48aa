// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/estimator.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

Target Estimator::target() const {
  switch (kind()) {
    case Kind::classifier:
      return Target::classes;
    case Kind::regressor:
      return Target::numbers;
    case Kind::transformer:
    case Kind::clusterer:
      return Target::none;
  }
  return Target::none;
}

namespace {

void check_target(const Estimator& estimator, const Dataset& data) {
  if (estimator.target() == Target::none) return;
  if (!data.has_y()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} needs targets, but {} has no {}; name them with --y",
                                  estimator.name(), data.path(), data.options().y));
  }
  if (estimator.target() == Target::numbers && data.y_is_text()) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{} needs numbers as targets, but {} holds text; use a classifier",
                    estimator.name(), data.y_name()));
  }
}

}  // namespace

ModelPtr fit(Engine& engine, const Estimator& estimator, const std::shared_ptr<Dataset>& data) {
  estimator.check_params();
  check_target(estimator, *data);
  engine.set_task(estimator.name());
  Table table;
  table.data = data;
  table.target = estimator.target();
  table.nan_is_fine = estimator.takes_nan();
  const Index classes =
      table.target == Target::classes ? data->classes(engine.comm()).size() : Index{0};
  engine.reserve(table, estimator.footprint(data->columns(), classes));
  const Estimator* one = &estimator;
  return estimator.fit_batch(engine, table, std::span(&one, 1)).front();
}

}  // namespace superstep
