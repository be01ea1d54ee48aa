// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/term_model.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <superstep/math/functions.hpp>

#include "learn/features.hpp"

namespace superstep {

std::unique_ptr<BlockTerms> BlockTermsPool::take() const {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::make_unique<BlockTerms>();
  std::unique_ptr<BlockTerms> last = std::move(free_.back());
  free_.pop_back();
  return last;
}

void BlockTermsPool::give_back(std::unique_ptr<BlockTerms> terms) const {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(terms));
}

double TermWeights::of(double count, std::int32_t column) const {
  const double tf = sublinear ? 1.0 + math::log(count) : count;
  return idf.empty() ? tf : tf * idf[static_cast<std::size_t>(column)];
}

double inverse_frequency(Index texts, Index documents, bool is_smooth) {
  const Index more = is_smooth ? 1 : 0;
  return math::log(static_cast<double>(texts + more) / static_cast<double>(documents + more)) + 1.0;
}

void normalise(RowValues& row, const std::string& norm) {
  if (norm.empty()) return;
  double length = 0.0;
  for (const auto& [column, value] : row) length += norm == "l1" ? std::fabs(value) : value * value;
  if (norm == "l2") length = std::sqrt(length);
  if (length == 0.0) return;
  for (auto& [column, value] : row) value /= length;
}

void VectorizerModel::apply(Method, math::ConstPanel, math::Panel) const {
  throw std::logic_error("texts are asked for as numbers");
}

void VectorizerModel::transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const {
  if (in.bytes == nullptr && rows > 0) throw std::logic_error("numbers are asked for as texts");
  pool_.with([&](BlockTerms& terms) {
    terms.read(analyser_, rows, [&](Index i) { return in.text(i); });
    std::vector<Place> places(static_cast<std::size_t>(terms.terms().size()));
    find(terms.terms(), places);
    RowValues row;
    for (Index i = 0; i < rows; ++i) {
      row.clear();
      for (const BlockTerms::Entry& entry : terms.row(i)) {
        const Place& place = places[entry.term];
        if (place.column >= 0) row.emplace_back(place.column, place.factor * entry.count);
      }
      std::ranges::sort(row, {}, &RowValues::value_type::first);
      std::size_t kept = 0;  // terms may share a column: whole numbers, in any order
      for (std::size_t k = 0; k < row.size(); ++k) {
        if (kept > 0 && row[kept - 1].first == row[k].first) {
          row[kept - 1].second += row[k].second;
        } else {
          row[kept++] = row[k];
        }
      }
      row.resize(kept);
      finish(row);
      for (const auto& [column, value] : row) out.put(column, value);
      out.end_row();
    }
  });
}

TermModel::TermModel(AnalyserOptions options, const std::vector<std::string>& terms, bool is_binary,
                     TermWeights weights)
    : VectorizerModel(std::move(options)), is_binary_(is_binary), weights_(std::move(weights)) {
  for (const std::string& term : terms) vocabulary_.add(term);
}

Schema TermModel::columns_behind(const Schema&) const {
  std::vector<std::string> names;
  for (Index k = 0; k < vocabulary_.size(); ++k) names.emplace_back(vocabulary_[k]);
  return Schema::of_numbers(vocabulary_.size(), names);
}

void TermModel::find(const TermTable& terms, std::vector<Place>& places) const {
  for (std::size_t k = 0; k < places.size(); ++k) {
    places[k].column = static_cast<std::int32_t>(vocabulary_.find(terms[static_cast<Index>(k)]));
  }
}

void TermModel::finish(RowValues& row) const {
  for (auto& [column, value] : row) value = weights_.of(is_binary_ ? 1.0 : value, column);
  normalise(row, weights_.norm);
}

void TermModel::save(const AttributeWriter& out) const {
  Length terms;
  std::vector<std::string> vocabulary;
  for (Index k = 0; k < vocabulary_.size(); ++k) vocabulary.emplace_back(vocabulary_[k]);
  out("vocabulary_", vocabulary, terms);
  if (!weights_.idf.empty()) {
    out("idf_", Vector(VectorView(weights_.idf.data(), std::ssize(weights_.idf))), terms);
  }
}

}  // namespace superstep
