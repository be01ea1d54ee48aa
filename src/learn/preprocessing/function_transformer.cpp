// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/function_transformer.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>

#include <superstep/math/functions.hpp>

#include "learn/preprocessing/stateless.hpp"

namespace superstep {

namespace {

using Function = double (*)(double);

struct NamedFunction {
  std::string_view name;  ///< NumPy's
  Function function;
};

double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x; }

/// Those of NumPy's that make a number of a number.
constexpr NamedFunction functions[] = {
    {"np.abs", [](double x) { return std::fabs(x); }},
    {"np.absolute", [](double x) { return std::fabs(x); }},
    {"np.arccos", [](double x) { return std::acos(x); }},
    {"np.arccosh", [](double x) { return std::acosh(x); }},
    {"np.arcsin", [](double x) { return std::asin(x); }},
    {"np.arcsinh", [](double x) { return std::asinh(x); }},
    {"np.arctan", [](double x) { return std::atan(x); }},
    {"np.arctanh", [](double x) { return std::atanh(x); }},
    {"np.cbrt", [](double x) { return std::cbrt(x); }},
    {"np.ceil", [](double x) { return std::ceil(x); }},
    {"np.cos", [](double x) { return std::cos(x); }},
    {"np.cosh", [](double x) { return std::cosh(x); }},
    {"np.deg2rad", [](double x) { return x * (M_PI / 180.0); }},
    {"np.degrees", [](double x) { return x * (180.0 / M_PI); }},
    {"np.exp", [](double x) { return math::exp(x); }},
    {"np.exp2", [](double x) { return std::exp2(x); }},
    {"np.expm1", [](double x) { return std::expm1(x); }},
    {"np.fabs", [](double x) { return std::fabs(x); }},
    {"np.floor", [](double x) { return std::floor(x); }},
    {"np.log", [](double x) { return math::log(x); }},
    {"np.log10", [](double x) { return std::log10(x); }},
    {"np.log1p", [](double x) { return math::log1p(x); }},
    {"np.log2", [](double x) { return std::log2(x); }},
    {"np.negative", [](double x) { return -x; }},
    {"np.positive", [](double x) { return x; }},
    {"np.rad2deg", [](double x) { return x * (180.0 / M_PI); }},
    {"np.radians", [](double x) { return x * (M_PI / 180.0); }},
    {"np.reciprocal", [](double x) { return 1.0 / x; }},
    {"np.rint", [](double x) { return std::rint(x); }},
    {"np.round", [](double x) { return std::rint(x); }},
    {"np.sign", sign},
    {"np.sin", [](double x) { return std::sin(x); }},
    {"np.sinh", [](double x) { return std::sinh(x); }},
    {"np.sqrt", [](double x) { return std::sqrt(x); }},
    {"np.square", [](double x) { return x * x; }},
    {"np.tan", [](double x) { return std::tan(x); }},
    {"np.tanh", [](double x) { return std::tanh(x); }},
    {"np.trunc", [](double x) { return std::trunc(x); }},
};

std::vector<Value> function_names() {
  std::vector<Value> names;
  for (const NamedFunction& f : functions) names.emplace_back(f.name);
  return names;
}

/// Null: every value as it is.
Function function_of(const FunctionTransformerParams& params) {
  if (!params.func) return nullptr;
  return std::ranges::find(functions, *params.func, &NamedFunction::name)->function;
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
  Function function_;
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
