// SPDX-License-Identifier: BSD-3-Clause
// Estimators and pipelines as pasted from a notebook.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <superstep/core/error.hpp>
#include <superstep/core/expression.hpp>

#include "unit/core/python.hpp"

namespace superstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names_of(const Expression& expression) {
  std::vector<std::string> names;
  for (const Step& step : expression.steps) names.push_back(step.name + "=" + step.estimator.name);
  return names;
}

TEST(Expression, OneEstimator) {
  const Expression e = parse_expression(" LogisticRegression(C=0.1, penalty='l1') ");
  EXPECT_FALSE(e.is_pipeline);
  EXPECT_THAT(names_of(e), ElementsAre("logisticregression=LogisticRegression"));
  const auto& params = e.steps[0].estimator.params;
  ASSERT_EQ(params.size(), 2u);
  EXPECT_EQ(params[0].first, "C");
  EXPECT_EQ(params[0].second, Value(0.1));
  EXPECT_EQ(params[1].second, Value("l1"));
}

TEST(Expression, ModulesAreDropped) {
  EXPECT_EQ(parse_expression("sklearn.linear_model.Ridge(2)").steps[0].estimator.name, "Ridge");
  EXPECT_EQ(parse_expression("linear_model.Ridge(2)").steps[0].estimator.positional,
            Value::Items{2});
  EXPECT_TRUE(parse_expression("pipeline.make_pipeline(linear_model.Ridge())").is_pipeline);
}

TEST(Expression, Pipelines) {
  EXPECT_THAT(
      names_of(parse_expression("make_pipeline(StandardScaler(), PCA(n_components=20), Ridge())")),
      ElementsAre("standardscaler=StandardScaler", "pca=PCA", "ridge=Ridge"));
  for (const char* text :
       {"Pipeline([('scale', StandardScaler()), ('clf', Ridge())])",
        "Pipeline(steps=[('scale', StandardScaler()),\n ('clf', Ridge())])",
        "Pipeline((['scale', StandardScaler()], ('clf', Ridge())), memory=None)",
        "Pipeline(verbose=False, steps=[('scale', StandardScaler()), ('clf', Ridge())])"}) {
    const Expression e = parse_expression(text);
    EXPECT_TRUE(e.is_pipeline);
    EXPECT_THAT(names_of(e), ElementsAre("scale=StandardScaler", "clf=Ridge")) << text;
  }
  EXPECT_TRUE(parse_expression("make_pipeline(Ridge())").is_pipeline);
}

TEST(Expression, StepNamesAreScikitLearns) {
  const std::string text =
      "make_pipeline(StandardScaler(), PCA(), MinMaxScaler(), StandardScaler(), PCA(), "
      "StandardScaler(), Ridge())";
  const auto expected = testing::run_python(
      "from sklearn.pipeline import make_pipeline\n"
      "from sklearn.preprocessing import *\n"
      "from sklearn.decomposition import PCA\n"
      "from sklearn.linear_model import Ridge\n"
      "for name, step in eval(lines[0]).steps: print(name + '=' + type(step).__name__)\n",
      {text});
  EXPECT_EQ(names_of(parse_expression(text)), expected);
}

TEST(Expression, ReprOfAPipelineReadsBack) {
  const std::string repr =
      pipeline_repr({{"scale", "StandardScaler()"}, {"it's", "Ridge(alpha=1.0)"}});
  EXPECT_EQ(repr, "Pipeline(steps=[('scale', StandardScaler()), (\"it's\", Ridge(alpha=1.0))])");
  EXPECT_THAT(names_of(parse_expression(repr)), ElementsAre("scale=StandardScaler", "it's=Ridge"));
}

TEST(Expression, Errors) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "got nothing"},
      {"  ", "got nothing"},
      {"Ridge", "an estimator is written with brackets: Ridge()"},
      {" linear_model.Ridge\n", "brackets: linear_model.Ridge()"},
      {"make_pipeline(StandardScaler, Ridge())", "StandardScaler()"},
      {"'Ridge()'", "got 'Ridge()'; write it without quotes"},
      {"'Ridge'", "expected an estimator such as Ridge(alpha=1.0), got 'Ridge'"},
      {"[Ridge()]", "expected an estimator"},
      {"Ridge(alpha=1, alpha=2)", "alpha is given twice"},
      {"Ridge(alpha=1", "expected ',' or ')'"},
      {"Ridge() Lasso()", "expected the end"},
      {"make_pipeline()", "at least one step"},
      {"Pipeline([])", "at least one step"},
      {"Pipeline()", "takes one list of (name, estimator) pairs"},
      {"Pipeline(Ridge())", "takes one list"},
      {"Pipeline([('a', Ridge())], [('b', Ridge())])", "takes one list"},
      {"Pipeline([('a', Ridge())], steps=[('b', Ridge())])", "steps is given twice"},
      {"Pipeline([Ridge()])", "a pair ('name', Estimator()), got Ridge()"},
      {"Pipeline([('a', Ridge(), 3)])", "a pair"},
      {"Pipeline([(1, Ridge())])", "a pair"},
      {"Pipeline([('a', Ridge()), ('a', Lasso())])", "two steps of the pipeline are named 'a'"},
      {"Pipeline([('a__b', Ridge())])", "cannot be named 'a__b'"},
      {"Pipeline([('a/b', Ridge())])", "cannot be named 'a/b'"},
      {"Pipeline([('', Ridge())])", "try 'ridge'"},
      {"Pipeline([('steps', Ridge())])", "cannot be named 'steps'"},
      {"Pipeline([('a', 'passthrough')])", "at least one step"},
      {"Pipeline([('a', None)])", "at least one step"},
      {"Pipeline([('a', 3)])", "expected an estimator"},
      {"make_pipeline(Ridge(), depth=2)", "depth=2 is no parameter"},
      {"make_pipeline(steps=[('a', Ridge())])", "is no parameter"},
      {"make_column_transformer(StandardScaler())", "takes pairs"}};
  for (const auto& [text, part] : cases) {
    try {
      parse_expression(text);
      ADD_FAILURE() << "no error: " << text;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(part)) << text;
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace superstep
