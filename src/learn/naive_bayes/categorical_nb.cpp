// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/naive_bayes/categorical_nb.hpp>

#include <algorithm>
#include <cmath>

#include "learn/naive_bayes/categories.hpp"
#include "learn/naive_bayes/discrete_nb.hpp"

namespace superstep {

namespace {

bool are_numbers_of_categories(const Value& v) {
  const auto is_count = [](const Value& n) {
    return n.is_int() && n.as_int() >= 1 && n.as_int() <= Index{1} << 31;
  };
  return v.is_none() || is_count(v) ||
         (v.is_sequence() && !v.items().empty() && std::ranges::all_of(v.items(), is_count));
}

}  // namespace

const ParamTable<CategoricalNBParams>& CategoricalNB::param_table() {
  using P = CategoricalNBParams;
  static const auto table =
      ParamTable<P>("CategoricalNB", "Naive Bayes of categories, numbered from 0 in each column.")
          .add("alpha", &P::alpha, at_least(0.0),
               "added to every count (0 with force_alpha=True: nothing)")
          .add("force_alpha", &P::force_alpha, anything(), force_alpha_help)
          .add("fit_prior", &P::fit_prior, anything(), fit_prior_help)
          .add("class_prior", &P::class_prior, class_prior_range(), class_prior_help)
          .add("min_categories", &P::min_categories,
               satisfies("None, an int >= 1 or a list of them, one for each column",
                         are_numbers_of_categories),
               "how many categories a column has at least; None: as many as training meets");
  return table;
}

NBSettings CategoricalNB::settings() const { return settings_of(params()); }

namespace {

class TableLikelihood final : public JointLikelihood {
 public:
  TableLikelihood(const NBFit& fit, Vector start)
      : counts_(fit.counts.categories),
        begins_(begins_of(counts_)),
        shares_(fit.log_prob.transpose()),
        start_(std::move(start)) {}

  void apply(math::ConstPanel x, math::Panel z) const override {
    for (Index i = 0; i < x.rows; ++i) {
      double* to = z.row(i);
      std::copy_n(start_.data(), start_.size(), to);
      for (std::size_t c = 0; c < counts_.size(); ++c) {
        const double value = x.row(i)[c];
        const Index category = begins_[c] + checked(value, c);
        for (Index k = 0; k < start_.size(); ++k) to[k] += shares_(category, k);
      }
    }
  }

 private:
  Index checked(double value, std::size_t column) const {
    const Index known = counts_[column];
    if (value >= 0.0 && value < static_cast<double>(known) && value == std::floor(value)) {
      return static_cast<Index>(value);
    }
    if (value < 0.0 || value != std::floor(value)) {
      throw DataError(fmt::format(
          "column {} holds {}, which is no category; they are numbered from 0", column, value));
    }
    throw DataError(
        fmt::format("column {} holds category {}, which CategoricalNB has not met in training (0 "
                    "to {}); fit with min_categories={} or more, or leave such rows out",
                    column, value, known - 1, value + 1.0));
  }

  std::vector<Index> counts_, begins_;
  Matrix shares_;  ///< categories x classes
  Vector start_;
};

}  // namespace

std::vector<NBCounts> CategoricalNB::count(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates) const {
  std::vector<Value> least;
  for (const Candidate& c : candidates) {
    least.push_back(dynamic_cast<const CategoricalNB&>(*c.estimator).params().min_categories);
  }
  return counts_of_categories(engine, table, candidates, least);
}

std::shared_ptr<NBModel> CategoricalNB::conclude(NBFit fit) const {
  const std::vector<Index> begins = begins_of(fit.counts.categories);
  const Matrix smoothed = fit.counts.feature_count.rowwise() + fit.alpha.transpose();
  for (Index k = 0; k < smoothed.rows(); ++k) {
    for (std::size_t c = 0; c < fit.counts.categories.size(); ++c) {
      log_shares(smoothed.row(k).data() + begins[c], fit.counts.categories[c],
                 fit.log_prob.row(k).data() + begins[c]);
    }
  }
  auto joint = std::make_unique<TableLikelihood>(fit, start_of(fit));
  return std::make_shared<NBModel>(std::move(fit), std::move(joint));
}

}  // namespace superstep
