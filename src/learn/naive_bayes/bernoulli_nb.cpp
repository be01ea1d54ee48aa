// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/naive_bayes/bernoulli_nb.hpp>

#include <algorithm>

#include "learn/naive_bayes/discrete_nb.hpp"

namespace superstep {

const ParamTable<BernoulliNBParams>& BernoulliNB::param_table() {
  using P = BernoulliNBParams;
  static const auto table =
      ParamTable<P>("BernoulliNB", "Naive Bayes of columns that are above a threshold or not.")
          .add("alpha", &P::alpha, alpha_range(), alpha_help)
          .add("force_alpha", &P::force_alpha, anything(), force_alpha_help)
          .add("binarize", &P::binarize, at_least(0.0),
               "values above it are 1, others 0; None: they are 0 and 1 already")
          .add("fit_prior", &P::fit_prior, anything(), fit_prior_help)
          .add("class_prior", &P::class_prior, class_prior_range(), class_prior_help);
  return table;
}

NBSettings BernoulliNB::settings() const { return settings_of(params()); }

namespace {

using Thresholds = std::vector<std::optional<double>>;

Index position(const Thresholds& all, const std::optional<double>& threshold) {
  return std::ranges::find(all, threshold) - all.begin();
}

const std::optional<double>& threshold_of(const Candidate& candidate) {
  return dynamic_cast<const BernoulliNB&>(*candidate.estimator).params().binarize;
}

/// The distinct ones, in the order of their first.
Thresholds thresholds_of(std::span<const Candidate> batch) {
  Thresholds all;
  for (const Candidate& c : batch) {
    if (position(all, threshold_of(c)) == std::ssize(all)) all.push_back(threshold_of(c));
  }
  return all;
}

/// A row's indicators, those of each threshold side by side.
Summands indicators(const Thresholds& thresholds, Index columns) {
  Summands s;
  s.width = columns * std::ssize(thresholds);
  s.exponents.assign(static_cast<std::size_t>(s.width), 1);
  s.add = [=, width = s.width](const Block& b, const double* group, math::Panel sums,
                               Workspace& workspace) {
    double* to = workspace.doubles(1, b.rows * width);
    for (Index i = 0; i < b.rows; ++i) {
      const double* x = b.x.doubles() + i * columns;
      for (const std::optional<double>& t : thresholds) {
        for (Index c = 0; c < columns; ++c) *to++ = t ? (x[c] > *t ? 1.0 : 0.0) : x[c];
      }
    }
    math::class_sums_add({workspace.doubles(1, b.rows * width), b.rows, width}, group, b.weight,
                         sums);
  };
  // A zero that is not stored is above no threshold.
  if (std::ranges::all_of(thresholds, [](const auto& t) { return !t || *t >= 0.0; })) {
    s.add_sparse = [=](const Block& b, const double* group, math::Panel sums, Workspace&) {
      const SparseRows& x = *b.x.sparse();
      for (Index i = 0; i < b.rows; ++i) {
        const double w = b.weight_of(i);
        const auto g = static_cast<Index>(group[i]);
        for (Index k = x.begin[i]; k < x.end[i]; ++k) {
          const double v = x.value(k);
          Index row = x.columns[k];
          for (const std::optional<double>& t : thresholds) {
            const double summand = t ? (v > *t ? 1.0 : 0.0) : v;
            sums.row(row)[g] = std::fma(w, summand, sums.row(row)[g]);
            row += columns;
          }
        }
      }
    };
  }
  if (position(thresholds, std::nullopt) == std::ssize(thresholds)) return s;
  s.least = 0.0;
  s.most = 1.0;
  return s;
}

}  // namespace

Index BernoulliNB::summands(Index columns, std::span<const Candidate> batch) const {
  return columns * std::ssize(thresholds_of(batch));
}

std::vector<NBCounts> BernoulliNB::count(Engine& engine, const Table& table,
                                         std::span<const Candidate> candidates) const {
  const Labels& classes = table.data->classes(engine.comm());
  const Index columns = table.columns();
  const Thresholds thresholds = thresholds_of(candidates);
  const SumsByClass sums(engine, table, classes.size(), splits_of_batch(candidates),
                         indicators(thresholds, columns));
  std::vector<NBCounts> all;
  for (const Candidate& c : candidates) {
    ClassSums s = sums.of(c.split);
    const Index first = position(thresholds, threshold_of(c)) * columns;
    s.sums = Matrix(s.sums.middleCols(first, columns));
    all.push_back(counts_of(table, classes, c.split, s));
    if (threshold_of(c)) continue;
    refuse_outside(table, s.outside, "values below 0 or above 1",
                   "BernoulliNB(binarize=None) takes 0 and 1: give a threshold, binarize=0.0",
                   all.back());
  }
  return all;
}

std::shared_ptr<NBModel> BernoulliNB::conclude(NBFit fit) const {
  const Matrix& count = fit.counts.feature_count;
  Matrix below(count.rows(), count.cols());
  for (Index k = 0; k < count.rows(); ++k) {
    for (Index c = 0; c < count.cols(); ++c) {
      const double rest = std::max(fit.counts.class_count[k] - count(k, c), 0.0);
      const double smoothed[] = {count(k, c) + fit.alpha[c], rest + fit.alpha[c]};
      double logs[2];
      log_shares(smoothed, 2, logs);
      fit.log_prob(k, c) = logs[0];
      below(k, c) = logs[1];
    }
  }
  auto joint = std::make_unique<LinearLikelihood>(fit.log_prob, std::move(below), start_of(fit),
                                                  params().binarize);
  return std::make_shared<NBModel>(std::move(fit), std::move(joint));
}

}  // namespace superstep
