// SPDX-License-Identifier: BSD-3-Clause
// Fitted vectorizers: from a text to sparse columns.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/model.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/feature_extraction/block_terms.hpp"

namespace superstep {

/// What workers work in, lent to one at a time.
class BlockTermsPool {
 public:
  template <class F>
  void with(F&& use) const {
    std::unique_ptr<BlockTerms> mine = take();
    use(*mine);
    give_back(std::move(mine));
  }

 private:
  std::unique_ptr<BlockTerms> take() const;
  void give_back(std::unique_ptr<BlockTerms> terms) const;

  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<BlockTerms>> free_;
};

/// Counts of terms as TfidfTransformer weighs them.
struct TermWeights {
  std::vector<double> idf{};  ///< of each column; empty: all 1
  std::string norm{};         ///< "l1", "l2"; empty: none
  bool sublinear = false;

  double of(double count, std::int32_t column) const;
};

/// ln((texts + s) / (documents + s)) + 1, s being 1 where it is smooth, else 0.
double inverse_frequency(Index texts, Index documents, bool is_smooth);

/// Values of one row, by column.
using RowValues = std::vector<std::pair<std::int32_t, double>>;
/// To length 1, where they have any.
void normalise(RowValues& row, const std::string& norm);

/// Of texts whatever becomes of them.
class VectorizerModel : public Model {
 public:
  VectorizerModel(AnalyserOptions options) : analyser_(std::move(options)) {}

  Index features() const final { return 1; }
  bool can(Method method) const final { return method == Method::transform; }
  bool keeps_sparse() const final { return true; }
  bool reads_texts() const final { return true; }
  /// An empty text is no missing one.
  MayMiss may_miss(const MayMiss&) const final { return MayMiss::everywhere(); }
  using Model::may_miss;
  /// Texts are nowhere numbers.
  void apply(Method method, math::ConstPanel x, math::Panel out) const final;
  void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const final;

 protected:
  /// Columns and factors of the block's different terms; a column of -1: there is none.
  struct Place {
    std::int32_t column = -1;
    double factor = 1.0;
  };
  virtual void find(const TermTable& terms, std::vector<Place>& places) const = 0;
  /// What becomes of a row of counts, whose columns ascend; equal ones were added up.
  virtual void finish(RowValues& row) const = 0;

 private:
  Analyser analyser_;
  BlockTermsPool pool_;
};

/// CountVectorizer's and TfidfVectorizer's.
class TermModel final : public VectorizerModel {
 public:
  /// `terms`: in the order of their columns.
  TermModel(AnalyserOptions options, const std::vector<std::string>& terms, bool is_binary,
            TermWeights weights);

  Index width(Method) const override { return vocabulary_.size(); }
  Schema columns_behind(const Schema& in) const override;
  void save(const AttributeWriter& out) const override;

 private:
  void find(const TermTable& terms, std::vector<Place>& places) const override;
  void finish(RowValues& row) const override;

  TermTable vocabulary_;
  bool is_binary_;
  TermWeights weights_;
};

}  // namespace superstep
