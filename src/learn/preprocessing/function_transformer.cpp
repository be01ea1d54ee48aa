// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/function_transformer.hpp>

#include "learn/preprocessing/named_functions.hpp"
#include "learn/preprocessing/stateless.hpp"

namespace superstep {

namespace {

/// Null: every value as it is.
NumberFunction function_of(const FunctionTransformerParams& params) {
  if (!params.func) return nullptr;
  return named_function(*params.func);
}

/// Columns of any kind may pass as they are.
bool hands_on(const FunctionTransformerParams& params) { return !params.func && !params.validate; }

class FunctionModel final : public StatelessModel {
 public:
  FunctionModel(Index columns, const FunctionTransformerParams& params)
      : StatelessModel(columns),
        function_(function_of(params)),
        validates_(params.validate),
        hands_on_(hands_on(params)) {}
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override {
    return validates_ ? MayMiss::nowhere() : behind;
  }
  Schema columns_behind(const Schema& in) const override {
    return hands_on_ ? in : StatelessModel::columns_behind(in);
  }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      const double* from = x.row(i);
      double* to = out.row(i);
      for (Index c = 0; c < features(); ++c) to[c] = function_ ? function_(from[c]) : from[c];
    }
  }

 private:
  NumberFunction function_;
  bool validates_;
  bool hands_on_;
};

}  // namespace

const ParamTable<FunctionTransformerParams>& FunctionTransformer::param_table() {
  using P = FunctionTransformerParams;
  static const auto table =
      ParamTable<P>("FunctionTransformer", "A function of NumPy's, by its name, of every value.")
          .add("func", &P::func, one_of(function_names()),
               "the function, np.log1p or the like; None: every value as it is")
          .add("inverse_func", &P::inverse_func, one_of(function_names()),
               "what turns it back, which nothing here asks for")
          .add("validate", &P::validate, anything(), "refuse missing values")
          .refuse("accept_sparse", {false, true}, "rows are dense")
          .refuse("check_inverse", {true, false}, "nothing is turned back")
          .add("feature_names_out", &P::feature_names_out, one_of({"one-to-one"}),
               "columns keep their names, whatever it says")
          .refuse("kw_args", {nullptr}, "functions are called with the value alone")
          .refuse("inv_kw_args", {nullptr}, "functions are called with the value alone")
          .positional(2);
  return table;
}

void FunctionTransformer::check_columns(const Schema& columns) const {
  if (!hands_on(params())) EstimatorOf::check_columns(columns);
}

std::vector<Trained> FunctionTransformer::train(Engine&, const Table& table, Batch batch) const {
  std::vector<Trained> models;
  for (const auto& c : batch) {
    models.push_back(std::make_shared<FunctionModel>(table.columns(), c.params));
  }
  return models;
}

std::shared_ptr<Model> FunctionTransformer::load_fitted(const AttributeReader& in) const {
  return std::make_shared<FunctionModel>(load_columns(in), params());
}

}  // namespace superstep
