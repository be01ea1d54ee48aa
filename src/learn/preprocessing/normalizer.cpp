// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/normalizer.hpp>

#include <algorithm>
#include <cmath>

#include "learn/preprocessing/stateless.hpp"

namespace superstep {

namespace {

double length_of(const double* row, Index columns, const std::string& norm) {
  double length = 0.0;
  for (Index c = 0; c < columns; ++c) {
    const double size = std::fabs(row[c]);
    length = norm == "max" ? std::max(length, size) : length + (norm == "l1" ? size : size * size);
  }
  return norm == "l2" ? std::sqrt(length) : length;
}

class NormalizerModel final : public StatelessModel {
 public:
  NormalizerModel(Index columns, std::string norm)
      : StatelessModel(columns), norm_(std::move(norm)) {}
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      const double length = length_of(x.row(i), features(), norm_);
      const double divisor = length == 0.0 ? 1.0 : length;
      for (Index c = 0; c < features(); ++c) out.row(i)[c] = x.row(i)[c] / divisor;
    }
  }

 private:
  std::string norm_;
};

}  // namespace

const ParamTable<NormalizerParams>& Normalizer::param_table() {
  static const auto table =
      ParamTable<NormalizerParams>("Normalizer", "Every row scaled to unit length.")
          .add("norm", &NormalizerParams::norm, one_of({"l2", "l1", "max"}),
               "what the length of a row is")
          .refuse("copy", {true, false}, "the data are never changed")
          .positional(1);
  return table;
}

std::vector<Trained> Normalizer::train(Engine&, const Table& table, Batch batch) const {
  std::vector<Trained> models;
  for (const auto& c : batch) {
    models.push_back(std::make_shared<NormalizerModel>(table.columns(), c.params.norm));
  }
  return models;
}

std::shared_ptr<Model> Normalizer::load_fitted(const AttributeReader& in) const {
  return std::make_shared<NormalizerModel>(load_columns(in), params().norm);
}

}  // namespace superstep
