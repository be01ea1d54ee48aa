// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/naive_bayes/multinomial_nb.hpp>

#include "learn/naive_bayes/discrete_nb.hpp"

namespace superstep {

const ParamTable<MultinomialNBParams>& MultinomialNB::param_table() {
  using P = MultinomialNBParams;
  static const auto table =
      ParamTable<P>("MultinomialNB", "Naive Bayes of counts: each class has its shares of them.")
          .add("alpha", &P::alpha, alpha_range(), alpha_help)
          .add("force_alpha", &P::force_alpha, anything(), force_alpha_help)
          .add("fit_prior", &P::fit_prior, anything(), fit_prior_help)
          .add("class_prior", &P::class_prior, class_prior_range(), class_prior_help);
  return table;
}

NBSettings MultinomialNB::settings() const { return settings_of(params()); }

std::shared_ptr<NBModel> MultinomialNB::conclude(NBFit fit) const {
  const Matrix smoothed = fit.counts.feature_count.rowwise() + fit.alpha.transpose();
  for (Index k = 0; k < smoothed.rows(); ++k) {
    log_shares(smoothed.row(k).data(), smoothed.cols(), fit.log_prob.row(k).data());
  }
  auto joint = std::make_unique<LinearLikelihood>(fit.log_prob, start_of(fit));
  return std::make_shared<NBModel>(std::move(fit), std::move(joint));
}

}  // namespace superstep
