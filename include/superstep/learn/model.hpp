// SPDX-License-Identifier: BSD-3-Clause
// A fitted model: what it can compute for a row, and its attributes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/data/labels.hpp>
#include <superstep/data/table.hpp>
#include <superstep/learn/affine_map.hpp>
#include <superstep/learn/attributes.hpp>
#include <superstep/math/panel.hpp>

namespace superstep {

class LinearFunction;

/// What can be asked of a model. `predict` gives class codes, values or cluster numbers.
enum class Method { predict, predict_proba, decision_function, score_samples, transform };
std::string_view method_name(Method method);

/// How the training went, beside the model.
struct FitReport {
  Index n_iter = 0;
  bool converged = true;
  std::vector<std::string> warnings;  ///< one sentence each: what, why, what to try
};

/// Immutable once made; used by many threads. Holds no times, hosts or rank counts.
class Model {
 public:
  virtual ~Model() = default;

  /// The estimator with every parameter: "Ridge(alpha=1.0, ...)". Set by Estimator::fit_batch.
  const std::string& expression() const { return expression_; }
  void set_expression(std::string expression) { expression_ = std::move(expression); }
  const FitReport& report() const { return report_; }
  /// The columns it was trained on. Set by fit() and load_model().
  const Schema& columns() const { return columns_; }
  void set_columns(Schema columns) {
    columns_ = std::move(columns);
    feature_names_ = columns_.names();
  }
  /// Their names; empty where the data had none.
  const std::vector<std::string>& feature_names() const { return feature_names_; }

  /// Columns the model expects.
  virtual Index features() const = 0;
  virtual bool can(Method method) const = 0;
  /// Values per row that `apply` writes. Only for methods the model can.
  virtual Index width(Method method) const = 0;
  /// x: rows x features() -> out: rows x width(method).
  virtual void apply(Method method, math::ConstPanel x, math::Panel out) const = 0;
  /// The same of sparse rows: by the linear function or transform_sparse(), where there is one,
  /// else written out, a few rows at a time.
  virtual void apply_sparse(Method method, const SparseRows& x, Index rows, math::Panel out) const;
  /// Doubles that this takes for rows that are written out, however many there are.
  virtual Index sparse_scratch(Method method) const;
  /// Whether `transform` has a way for sparse rows, which leaves them sparse: transform_sparse().
  virtual bool keeps_sparse() const { return false; }
  /// Whether these rows are to be texts.
  virtual bool reads_texts() const { return false; }
  virtual void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const;
  /// The classes of a classifier, in the order of codes and columns; null for others.
  virtual const Labels* classes() const { return nullptr; }
  /// Whether `transform` is of the targets: their classes' codes, without `apply`.
  virtual bool transforms_targets() const { return false; }
  /// In which columns of x NaN may stand for missing values, if it may be in `behind` of those that
  /// `transform` makes.
  virtual MayMiss may_miss(const MayMiss& behind) const;
  MayMiss may_miss() const { return may_miss(MayMiss::everywhere()); }
  /// What the columns that `transform` makes are, of such columns.
  virtual Schema columns_behind(const Schema& in) const;
  /// Whether what is trained behind it on the same rows sees these otherwise than `transform` shows
  /// rows: through transform_in_training().
  virtual bool is_cross_fitted() const { return false; }
  /// x: the block's rows as they come to it. By how they are shown to what is trained behind it.
  virtual void transform_in_training(const Block&, math::ConstPanel x, math::Panel out) const {
    apply(Method::transform, x, out);
  }
  /// `transform` as an affine map of the row, where it is one.
  virtual AffineMapPtr affine() const { return nullptr; }
  /// A model of the rows in front of the map that answers as this one does behind it, up to
  /// rounding and for predictions only; null where there is no form that saves applying the map.
  virtual std::shared_ptr<const Model> in_front_of(const AffineMap&) const { return nullptr; }
  /// The linear function of a row from which all methods follow, where there is one: those of many
  /// models are evaluated as one product.
  virtual const LinearFunction* linear() const { return nullptr; }
  /// What `apply` gives where linear() gave z: rows x outputs. Needs linear().
  virtual void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const;
  virtual void save(const AttributeWriter& out) const = 0;

 protected:
  FitReport report_;

 private:
  std::string expression_;
  Schema columns_;
  std::vector<std::string> feature_names_;
};

/// A model's `transform` as a link in a table's chain.
std::shared_ptr<const RowMap> row_map(std::shared_ptr<const Model> model);
/// Likewise, for what is trained behind it on the rows that it was trained on.
std::shared_ptr<const RowMap> map_in_training(std::shared_ptr<const Model> model);

}  // namespace superstep
