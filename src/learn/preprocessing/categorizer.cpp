// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/categorizer.hpp>

#include <algorithm>

#include "learn/preprocessing/categories_found.hpp"
#include "learn/preprocessing/stateless.hpp"

namespace superstep {

namespace {

class CategorizerModel final : public StatelessModel {
 public:
  using Model::may_miss;
  using StatelessModel::StatelessModel;
  MayMiss may_miss(const MayMiss& behind) const override { return behind; }
  Schema columns_behind(const Schema& in) const override { return in; }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) std::copy_n(x.row(i), features(), out.row(i));
  }
};

}  // namespace

const ParamTable<CategorizerParams>& Categorizer::param_table() {
  static const auto table =
      ParamTable<CategorizerParams>("Categorizer",
                                    "dask-ml's: columns as they are; a table's text is categories "
                                    "already.")
          .refuse("categories", {nullptr}, "a table comes with its categories")
          .add("columns", &CategorizerParams::columns, anything(),
               "without effect: categories are known of all columns")
          .positional(2);
  return table;
}

void Categorizer::check_columns(const Schema& columns) const { refuse_free_text(columns); }

std::vector<Trained> Categorizer::train(Engine&, const Table& table, Batch batch) const {
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    models.push_back(std::make_shared<CategorizerModel>(table.columns()));
  }
  return models;
}

std::shared_ptr<Model> Categorizer::load_fitted(const AttributeReader& in) const {
  return std::make_shared<CategorizerModel>(load_columns(in));
}

}  // namespace superstep
