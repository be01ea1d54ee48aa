// SPDX-License-Identifier: BSD-3-Clause
// Metrics as sums over blocks: any number of metrics, and of models, in one superstep.
#pragma once

#include <superstep/data/block.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/learn/metrics/plan.hpp>
#include <superstep/learn/metrics/statistics.hpp>
#include <superstep/math/panel.hpp>

namespace superstep {

/// Rows whose outputs are known, of one target. Class codes are the model's, -1 for a label it does
/// not know.
struct OutputRows {
  math::ConstPanel outputs;        ///< as the plan lays them out
  const double* y = nullptr;       ///< targets or class codes; null for a clusterer
  const double* weight = nullptr;  ///< null when all are one

  double weight_of(Index row) const { return weight == nullptr ? 1.0 : weight[row]; }
};

/// What one plan adds to a superstep, of one target.
class MetricSums {
 public:
  /// Declares its runs in `shape`. `sketch`: of the table; what a regressor predicts and how far a
  /// clusterer's centres are lies below 2^output_exponent in a few rows.
  MetricSums(const MetricPlan& plan, const Sketch& sketch, int output_exponent, SumShape& shape,
             Index target = 0);

  /// Adds some rows to a block's partial, which may hold others already. Any thread.
  void add(const OutputRows& rows, Partial& sums) const;
  /// Whether every sum that counts kept its bound; otherwise the superstep has to be repeated.
  bool hold(const Totals& totals) const;
  /// All but rankings and the largest error.
  MetricStatistics statistics(const Totals& totals) const;

 private:
  /// A sum of reals on two grids: one with a bound that is sure to hold, one far finer, for the
  /// case that the sum turns out small. The finer one is taken when its bound held.
  struct TwoGrids {
    Index coarse = -1;
    Index fine = -1;
  };
  TwoGrids two_grids(SumShape& shape, int exponent);
  void declare_more(SumShape& shape, int weight, int rows);
  static void put(Partial& sums, TwoGrids grids, double value);
  static double get(const Totals& totals, TwoGrids grids);
  void add_classes(const OutputRows& rows, Partial& sums) const;
  void count_classes(const OutputRows& rows, Partial& sums) const;
  void add_log_loss(const OutputRows& rows, Partial& sums) const;
  void add_brier(const OutputRows& rows, Partial& sums) const;
  void add_best_two(const OutputRows& rows, Partial& sums) const;
  void add_logs(const OutputRows& rows, Partial& sums) const;
  void add_percentages(const OutputRows& rows, Partial& sums) const;
  void add_gamma(const OutputRows& rows, Partial& sums) const;
  void add_errors(const OutputRows& rows, Partial& sums) const;
  void add_poisson(const OutputRows& rows, Partial& sums) const;
  void add_inertia(const OutputRows& rows, Partial& sums) const;

  const MetricPlan* plan_;
  std::vector<TwoGrids> reals_;
  double target_shift_;    ///< targets are added up as distances from here
  double positive_shift_;  ///< a mean that targets are compared with
  Index rows_ = -1;
  Index weight_ = -1;
  Index hits_ = -1;
  Index truth_ = -1;
  Index predicted_ = -1;
  Index unknown_ = -1;
  Index not_poisson_ = -1;  ///< rows with a negative target or without a positive prediction
  TwoGrids log_loss_, error_, squared_, absolute_, target_, target_square_, inertia_;
  Index not_gamma_ = -1;
  Index not_log_ = -1;
  Index best_two_ = -1;
  TwoGrids deviance_, deviance_of_shift_, target_sum_;
  TwoGrids brier_, squared_log_, percentage_;
  TwoGrids gamma_, gamma_of_shift_, gamma_target_;
};

/// The greatest |target - prediction| among rows that count.
double largest_error(const MetricPlan& plan, const OutputRows& rows);

}  // namespace superstep
