// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/binarizer.hpp>

#include "learn/preprocessing/stateless.hpp"

namespace superstep {

namespace {

class BinarizerModel final : public StatelessModel {
 public:
  BinarizerModel(Index columns, double threshold)
      : StatelessModel(columns), threshold_(threshold) {}
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      for (Index c = 0; c < features(); ++c) out.row(i)[c] = x.row(i)[c] > threshold_ ? 1.0 : 0.0;
    }
  }

 private:
  double threshold_;
};

}  // namespace

const ParamTable<BinarizerParams>& Binarizer::param_table() {
  static const auto table =
      ParamTable<BinarizerParams>("Binarizer", "1 for what is greater than a threshold, else 0.")
          .add("threshold", &BinarizerParams::threshold, anything(),
               "what a value is compared with")
          .refuse("copy", {true, false}, "the data are never changed");
  return table;
}

std::vector<Trained> Binarizer::train(Engine&, const Table& table, Batch batch) const {
  std::vector<Trained> models;
  for (const auto& c : batch) {
    models.push_back(std::make_shared<BinarizerModel>(table.columns(), c.params.threshold));
  }
  return models;
}

std::shared_ptr<Model> Binarizer::load_fitted(const AttributeReader& in) const {
  return std::make_shared<BinarizerModel>(load_columns(in), params().threshold);
}

}  // namespace superstep
