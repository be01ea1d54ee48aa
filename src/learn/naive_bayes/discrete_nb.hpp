// SPDX-License-Identifier: BSD-3-Clause
// What the estimators of the family (superstep/learn/naive_bayes/discrete_nb.hpp) are written with:
// what is counted, how it is smoothed, and the model.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/learn/naive_bayes/discrete_nb.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/functions.hpp>

#include "learn/naive_bayes/class_sums.hpp"

namespace superstep {

/// What was counted in the rows that a model trains on. All else follows.
struct NBCounts {
  Labels classes{};
  Vector class_count{};
  Matrix feature_count{};           ///< classes x columns, or x categories of all columns
  std::vector<Index> categories{};  ///< how many each column has; none unless that is counted
  std::shared_ptr<const AgreedError> refusal{};  ///< why there is no model
};

/// What follows from the counts and the settings. All but log_prob, and what only some have, is
/// there when an estimator concludes.
struct NBFit {
  NBCounts counts;
  Vector alpha;      ///< for each column of feature_count
  Vector log_prior;  ///< class_log_prior_
  Matrix log_prob;   ///< feature_log_prob_, in the shape of feature_count
  Vector all;        ///< feature_all_; none unless the estimator has it
  FitReport report;

  bool is_present(Index k) const { return counts.class_count[k] > 0.0; }
};

template <class P>
NBSettings settings_of(const P& p) {
  return {Value(p.alpha), p.force_alpha, p.fit_prior, p.class_prior};
}

/// Ranges and help of the parameters that all have.
Range alpha_range();
Range class_prior_range();
inline constexpr const char* alpha_help =
    "added to every count; a list: for each column (0 with force_alpha=True: nothing)";
inline constexpr const char* force_alpha_help = "False: an alpha below 1e-10 is taken as 1e-10";
inline constexpr const char* fit_prior_help =
    "whether classes are as probable as they are frequent; False: all equally";
inline constexpr const char* class_prior_help =
    "probabilities of the classes; None: as fit_prior says";

/// log(counts / their sum), where alpha smooths the counts of one row; without any count and alpha
/// what it becomes for ever smaller alpha.
void log_shares(const double* smoothed, Index count, double* out);

/// The logarithm of how likely a row is of each class, up to what is the same for all classes.
class JointLikelihood {
 public:
  virtual ~JointLikelihood() = default;
  /// x: rows x columns -> z: rows x classes. DataError if a row is none that training can have met.
  virtual void apply(math::ConstPanel x, math::Panel z) const = 0;
  /// The same of sparse rows, where there is a way that does not write them out; false: none.
  virtual bool apply_sparse(const SparseRows&, Index, math::Panel) const { return false; }
  /// Whether there is.
  virtual bool reads_sparse() const { return false; }
  /// Where z is linear in x and nothing is impossible.
  virtual const LinearFunction* linear() const { return nullptr; }
};

/// z = x W' + b, of the values or of which lie above a threshold. What has no probability makes a
/// class impossible instead of being minus infinity times what may be zero.
class LinearLikelihood final : public JointLikelihood {
 public:
  /// W, classes x columns: minus infinity is impossible where x is not zero; b may hold it.
  LinearLikelihood(Matrix weights, const Vector& start);
  /// Values lie above the threshold (none: are 1) or not: log of the probabilities of both.
  LinearLikelihood(Matrix above, Matrix below, Vector start, std::optional<double> threshold);

  void apply(math::ConstPanel x, math::Panel z) const override;
  bool apply_sparse(const SparseRows& x, Index rows, math::Panel z) const override;
  /// A zero is not above the threshold.
  bool reads_sparse() const override {
    return impossible_.empty() && threshold_ && *threshold_ >= 0.0;
  }
  const LinearFunction* linear() const override {
    return impossible_.empty() && !threshold_ ? &function_ : nullptr;
  }

 private:
  /// The class cannot be that of a row with another value in the column.
  struct Impossible {
    Index column;
    Index label;
    double unless;
  };

  LinearFunction function_;
  std::vector<Impossible> impossible_{};
  std::optional<double> threshold_{};
};

class NBModel final : public Model {
 public:
  /// A class without rows to train on is never predicted.
  NBModel(NBFit fit, std::unique_ptr<const JointLikelihood> joint);

  Index features() const override;
  bool can(Method method) const override {
    return method == Method::predict || method == Method::predict_proba;
  }
  Index width(Method method) const override {
    return method == Method::predict ? 1 : fit_.log_prior.size();
  }
  const Labels* classes() const override { return &fit_.counts.classes; }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override;
  void apply_sparse(Method method, const SparseRows& x, Index rows, math::Panel out) const override;
  Index sparse_scratch(Method method) const override {
    return joint_->reads_sparse() ? 0 : Model::sparse_scratch(method);
  }
  const LinearFunction* linear() const override { return joint_->linear(); }
  void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const override;
  void save(const AttributeWriter& out) const override;
  const NBFit& fit() const { return fit_; }

 private:
  NBFit fit_;
  std::unique_ptr<const JointLikelihood> joint_;
};

/// What log_prior adds for each class, minus infinity for those without rows.
Vector start_of(const NBFit& fit);

/// Of one candidate's rows; refused where they have no weight.
NBCounts counts_of(const Table& table, const Labels& classes, const SplitPtr& split,
                   const ClassSums& sums);
/// Refuses counts of columns with values outside. `what`: "negative values"; `advice`: what the
/// estimator takes, and what to try.
void refuse_outside(const Table& table, const Vector& outside, const std::string& what,
                    const std::string& advice, NBCounts& counts);
/// "column 4 ('age')", or where steps come in front "column 4 behind the steps in front".
std::string column_text(const Table& table, Index column);

/// One a candidate.
std::vector<SplitPtr> splits_of_batch(std::span<const Candidate> candidates);

}  // namespace superstep
