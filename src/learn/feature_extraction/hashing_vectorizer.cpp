// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/hashing_vectorizer.hpp>

#include <limits>

#include "learn/feature_extraction/murmur3.hpp"
#include "learn/feature_extraction/term_model.hpp"
#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

namespace {

constexpr const char* itself = "HashingVectorizer";

class HashingModel final : public VectorizerModel {
 public:
  explicit HashingModel(const HashingVectorizerParams& params)
      : VectorizerModel(analyser_options(params, itself)), params_(params) {}

  Index width(Method) const override { return params_.n_features; }
  Schema columns_behind(const Schema&) const override {
    return Schema::of_numbers(params_.n_features);
  }
  void save(const AttributeWriter& out) const override {
    Length columns;
    out.size("n_features_in_", columns, 1);
  }

 private:
  void find(const TermTable& terms, std::vector<Place>& places) const override {
    const auto columns = static_cast<std::int32_t>(params_.n_features);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const HashedColumn place = hashed_column(terms[static_cast<Index>(k)], columns);
      places[k] = {place.column, params_.alternate_sign ? place.sign : 1.0};
    }
  }
  // What came to nothing by signs that differ stands there all the same, as in scikit-learn.
  void finish(RowValues& row) const override {
    if (params_.binary) {
      for (auto& [column, value] : row) value = 1.0;
    }
    normalise(row, params_.norm.value_or(""));
  }

  HashingVectorizerParams params_;
};

}  // namespace

const ParamTable<HashingVectorizerParams>& HashingVectorizer::param_table() {
  using P = HashingVectorizerParams;
  static const auto table =
      with_text_params(
          ParamTable<P>(itself,
                        "Counts of terms in columns that their hashes choose; nothing is "
                        "learnt and no term kept."))
          .add("n_features", &P::n_features,
               between(1, static_cast<double>(std::numeric_limits<std::int32_t>::max())), "columns")
          .add("binary", &P::binary, anything(), "whether a column has a term instead of how often")
          .add("norm", &P::norm, one_of({"l1", "l2"}),
               "what the length of a row is; None: rows stay")
          .add("alternate_sign", &P::alternate_sign, anything(),
               "whether hashes choose signs, too, so that collisions cancel out on average")
          .refuse("dtype", {"float64", "float", "float32"}, "outputs are float64");
  return table;
}

void HashingVectorizer::check_params() const {
  WithParams::check_params();
  analyser_options(params(), itself);
}

Footprint HashingVectorizer::footprint(Index, Index, std::span<const Candidate>) const {
  return {};
}

std::vector<Trained> HashingVectorizer::train_batch(Engine&, const Table&,
                                                    std::span<const Candidate> candidates) const {
  std::vector<Trained> models;
  for (const Candidate& c : candidates) {
    const auto& vectorizer = dynamic_cast<const HashingVectorizer&>(*c.estimator);
    models.push_back(std::make_shared<HashingModel>(vectorizer.params()));
  }
  return models;
}

std::shared_ptr<Model> HashingVectorizer::load_fitted(const AttributeReader& in) const {
  Length columns;
  in.size("n_features_in_", columns);
  return std::make_shared<HashingModel>(params());
}

}  // namespace superstep
