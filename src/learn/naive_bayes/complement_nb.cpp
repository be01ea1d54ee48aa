// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/naive_bayes/complement_nb.hpp>

#include <cmath>

#include "learn/naive_bayes/discrete_nb.hpp"

namespace superstep {

const ParamTable<ComplementNBParams>& ComplementNB::param_table() {
  using P = ComplementNBParams;
  static const auto table =
      ParamTable<P>("ComplementNB",
                    "Naive Bayes of counts that looks at what each class does not hold.")
          .add("alpha", &P::alpha, alpha_range(), alpha_help)
          .add("force_alpha", &P::force_alpha, anything(), force_alpha_help)
          .add("fit_prior", &P::fit_prior, anything(), fit_prior_help)
          .add("class_prior", &P::class_prior, class_prior_range(),
               "probabilities of the classes; they matter only where there is one class")
          .add("norm", &P::norm, anything(), "divide the weights of a class by their sum");
  return table;
}

NBSettings ComplementNB::settings() const { return settings_of(params()); }

namespace {

/// Its weight would be minus the logarithm of zero.
[[noreturn]] void refuse_infinite(const NBFit& fit, Index k, Index column) {
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("no class but {} has a count in column {}, and alpha=0 makes its weight "
                  "infinite; give ComplementNB an alpha above zero",
                  fit.counts.classes.text(k), column));
}

}  // namespace

std::shared_ptr<NBModel> ComplementNB::conclude(NBFit fit) const {
  const Matrix& count = fit.counts.feature_count;
  // Sums over the classes before and behind each: a difference of sums would leave rounding where
  // no other class has anything.
  const Index classes = count.rows();
  Matrix behind = Matrix::Zero(classes + 1, count.cols());
  for (Index k = classes; k > 0; --k) behind.row(k - 1) = behind.row(k) + count.row(k - 1);
  fit.all = behind.row(0);
  Vector before = Vector::Zero(count.cols());
  for (Index k = 0; k < classes; ++k) {
    const Vector complement = before + behind.row(k + 1).transpose() + fit.alpha;
    before += count.row(k).transpose();
    double* weights = fit.log_prob.row(k).data();
    log_shares(complement.data(), complement.size(), weights);
    double sum = 0.0;
    for (Index c = 0; c < count.cols(); ++c) {
      if (std::isinf(weights[c])) refuse_infinite(fit, k, c);
      sum += weights[c];
    }
    // The logarithms of a single column are zero.
    const double factor = !params().norm ? -1.0 : (sum == 0.0 ? 1.0 : sum);
    for (Index c = 0; c < count.cols(); ++c) weights[c] /= factor;
  }
  Vector start = start_of(fit);
  for (Index k = 0; k < start.size(); ++k) {
    if (fit.is_present(k) && start.size() > 1) start[k] = 0.0;
  }
  auto joint = std::make_unique<LinearLikelihood>(fit.log_prob, start);
  return std::make_shared<NBModel>(std::move(fit), std::move(joint));
}

}  // namespace superstep
