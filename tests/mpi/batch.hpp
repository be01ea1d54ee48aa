// SPDX-License-Identifier: BSD-3-Clause
// Batches of whole-table candidates, for tests: the models, or the first failure thrown.
#pragma once

#include <superstep/learn/estimator.hpp>

#include <vector>

namespace superstep {

inline std::vector<ModelPtr> fit_together(Engine& engine, const Table& table,
                                          const std::vector<const Estimator*>& estimators) {
  std::vector<Candidate> batch;
  for (const Estimator* e : estimators) batch.push_back({e});
  std::vector<ModelPtr> models;
  for (Trained& t : estimators.front()->fit_batch(engine, table, batch)) {
    if (t.failure) throw *t.failure;
    models.push_back(t.model);
  }
  return models;
}

}  // namespace superstep
