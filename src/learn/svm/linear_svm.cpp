// SPDX-License-Identifier: BSD-3-Clause
#include "learn/svm/linear_svm.hpp"

#include <fmt/format.h>

namespace superstep {

FitReport svm_report(const std::string& estimator, const GlmTask& task, const GlmFit& fit) {
  FitReport report{fit.n_iter, fit.stop == math::Stop::converged, {}};
  if (fit.stop == math::Stop::iterations) {
    report.warnings.push_back(
        fmt::format("{} failed to converge in {} iterations to tol {:.1e}; increase max_iter, or "
                    "scale the columns (StandardScaler)",
                    estimator, fit.n_iter, task.tol));
  } else if (fit.stop == math::Stop::stalled) {
    report.warnings.push_back(
        fmt::format("{} stopped after {} iterations before tol {:.1e}: double precision shows no "
                    "way further down; increase tol, or scale the columns (StandardScaler)",
                    estimator, fit.n_iter, task.tol));
  }
  return report;
}

}  // namespace superstep
