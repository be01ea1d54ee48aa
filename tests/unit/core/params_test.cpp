// SPDX-License-Identifier: BSD-3-Clause
// A table of parameters: storing, refusing, messages, repr and help.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <superstep/core/error.hpp>
#include <superstep/core/notices.hpp>
#include <superstep/core/params.hpp>

namespace superstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Common {
  double tol = 1e-4;
};

struct ModelParams : Common {
  double alpha = 1.0;
  Index n_init = 10;
  bool fit_intercept = true;
  std::string solver = "auto";
  std::optional<double> l1_ratio;
  std::optional<Index> max_iter;
  std::optional<std::string> penalty = "l2";
  std::vector<double> feature_range = {0.0, 1.0};
  Value n_components;
};

bool is_component_count(const Value& value) {
  return value.is_none() || (value.is_int() && value.as_int() >= 1) ||
         (value.is_real() && value.as_double() > 0 && value.as_double() < 1);
}

const ParamTable<ModelParams>& table() {
  static const auto made =
      ParamTable<ModelParams>("Model", "A model of everything.")
          .add("alpha", &ModelParams::alpha, at_least(0.0), "strength of the penalty")
          .add("n_init", &ModelParams::n_init, at_least(1), "starts")
          .add("fit_intercept", &ModelParams::fit_intercept, anything(), "whether b is fitted")
          .add("solver", &ModelParams::solver, one_of({"auto", "cholesky", "lbfgs"}), "how")
          .add("tol", &ModelParams::tol, greater_than(0.0), "when to stop")
          .add("l1_ratio", &ModelParams::l1_ratio, between(0, 1), "share of l1")
          .add("max_iter", &ModelParams::max_iter, at_least(1), "most iterations")
          .add("penalty", &ModelParams::penalty, one_of({"l1", "l2"}), "a|b")
          .add("feature_range", &ModelParams::feature_range, between(-10, 10, Ends::open_left),
               "range")
          .add("n_components", &ModelParams::n_components,
               satisfies("None, an int >= 1 or a float in (0, 1)", is_component_count), "how many")
          .refuse("n_jobs", {nullptr}, "threads are set with --threads")
          .refuse("dual", {false}, "the primal problem is solved")
          .refuse("verbose", {0, false}, "progress is shown by the program")
          .positional(2);
  return made;
}

std::string error_of(std::string_view name, const Value& value) {
  ModelParams params;
  const std::string before = table().repr(params);
  try {
    table().set(params, name, value);
    return "no error";
  } catch (const UsageError& error) {
    EXPECT_EQ(table().repr(params), before) << "an error changed the parameters";
    return error.what();
  }
}

TEST(Params, ReprHasEveryParameterInOrder) {
  EXPECT_EQ(
      table().repr(ModelParams{}),
      "Model(alpha=1.0, n_init=10, fit_intercept=True, solver='auto', tol=0.0001, l1_ratio=None, "
      "max_iter=None, penalty='l2', feature_range=[0.0, 1.0], n_components=None)");
}

TEST(Params, SetsAndGets) {
  ModelParams params;
  const std::vector<std::pair<std::string, Value>> values = {
      {"alpha", 0.5},       {"n_init", 3},        {"fit_intercept", false},
      {"solver", "lbfgs"},  {"tol", 1e-9},        {"l1_ratio", 0.25},
      {"max_iter", 100},    {"penalty", nullptr}, {"feature_range", Value::list({-1.0, 2.5})},
      {"n_components", 0.5}};
  for (const auto& [name, value] : values) {
    table().set(params, name, value);
    EXPECT_EQ(table().get(params, name), value) << name;
  }
  EXPECT_EQ(params.alpha, 0.5);
  EXPECT_EQ(params.tol, 1e-9);
  EXPECT_EQ(params.max_iter, 100);
  EXPECT_EQ(params.penalty, std::nullopt);
  table().set(params, "alpha", 2);  // an int is a float
  EXPECT_EQ(table().get(params, "alpha"), Value(2.0));
  table().set(params, "max_iter", nullptr);
  EXPECT_EQ(params.max_iter, std::nullopt);
  table().set(params, "feature_range", Value::tuple({0, 1}));
  EXPECT_EQ(params.feature_range, (std::vector<double>{0, 1}));
  table().set(params, "alpha", std::numeric_limits<double>::infinity());
}

TEST(Params, ReprReadsBack) {
  ModelParams params;
  params.alpha = 1e-7;
  params.solver = "it's";  // not in the range, but repr must quote it
  params.n_components = 3;
  EXPECT_THROW(table().check(params), UsageError);
  params.solver = "lbfgs";
  table().check(params);
  const Expression expression = parse_expression(table().repr(params));
  ModelParams again;
  table().apply(again, expression.steps[0].estimator);
  EXPECT_EQ(table().repr(again), table().repr(params));
}

TEST(Params, RangesAndTypes) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of("alpha", -1), "Model: alpha must be a float >= 0, got -1");
  EXPECT_EQ(error_of("alpha", nan), "Model: alpha must be a float >= 0, got nan");
  EXPECT_EQ(error_of("alpha", true), "Model: alpha must be a float >= 0, got True");
  EXPECT_EQ(error_of("alpha", "1"), "Model: alpha must be a float >= 0, got '1'");
  EXPECT_EQ(error_of("alpha", nullptr), "Model: alpha must be a float >= 0, got None");
  EXPECT_EQ(error_of("n_init", 3.0), "Model: n_init must be an int >= 1, got 3.0; write 3");
  EXPECT_EQ(error_of("n_init", 3.5), "Model: n_init must be an int >= 1, got 3.5");
  EXPECT_EQ(error_of("n_init", true), "Model: n_init must be an int >= 1, got True");
  EXPECT_EQ(error_of("n_init", 0), "Model: n_init must be an int >= 1, got 0");
  EXPECT_EQ(error_of("fit_intercept", 1), "Model: fit_intercept must be True or False, got 1");
  EXPECT_EQ(error_of("tol", 0), "Model: tol must be a float > 0, got 0");
  EXPECT_EQ(error_of("l1_ratio", 1.5),
            "Model: l1_ratio must be None or a float in [0, 1], got 1.5");
  EXPECT_EQ(error_of("max_iter", 1e3),
            "Model: max_iter must be None or an int >= 1, got 1000.0; write 1000");
  EXPECT_EQ(error_of("penalty", "l3"), "Model: penalty must be None, 'l1' or 'l2', got 'l3'");
  EXPECT_EQ(error_of("solver", "cholesk"),
            "Model: solver must be 'auto', 'cholesky' or 'lbfgs', got 'cholesk'; did you mean "
            "'cholesky'?");
  EXPECT_EQ(error_of("solver", 1), "Model: solver must be 'auto', 'cholesky' or 'lbfgs', got 1");
  EXPECT_EQ(error_of("feature_range", Value::list({0, -10})),
            "Model: feature_range must be a list of numbers in (-10, 10], got [0, -10]");
  EXPECT_THAT(error_of("feature_range", Value::list({0, "a"})), HasSubstr("got [0, 'a']"));
  EXPECT_EQ(error_of("n_components", 1.0),
            "Model: n_components must be None, an int >= 1 or a float in (0, 1), got 1.0");
}

TEST(Params, UnknownNames) {
  EXPECT_THAT(error_of("alpa", 1),
              HasSubstr("Model has no parameter 'alpa'; did you mean 'alpha'? it takes alpha, "));
  EXPECT_THAT(error_of("zzz", 1),
              HasSubstr("Model has no parameter 'zzz'; it takes alpha, n_init, "));
  EXPECT_THROW(table().get(ModelParams{}, "alpa"), UsageError);
}

TEST(Params, RefusedOnes) {
  EXPECT_EQ(error_of("n_jobs", nullptr), "no error");
  EXPECT_EQ(error_of("verbose", false), "no error");
  take_notices();
  EXPECT_EQ(error_of("n_jobs", 4), "no error");
  EXPECT_EQ(error_of("n_jobs", 4), "no error");
  EXPECT_THAT(take_notices(),
              ElementsAre("Model: n_jobs=4 changes nothing here: threads are set with --threads"));
  EXPECT_THAT(error_of("dual", true), HasSubstr("cannot be honoured"));
  EXPECT_EQ(table().get(ModelParams{}, "verbose"), Value(0));
}

TEST(Params, AppliesExpressions) {
  const auto apply = [](std::string_view text) {
    ModelParams params;
    table().apply(params, parse_expression(text).steps[0].estimator);
    return params;
  };
  const ModelParams params = apply("Model(0.5, 4, tol=1e-2)");
  EXPECT_EQ(params.alpha, 0.5);
  EXPECT_EQ(params.n_init, 4);
  EXPECT_EQ(params.tol, 1e-2);
  const auto error = [&](std::string_view text) -> std::string {
    try {
      apply(text);
      return "no error";
    } catch (const UsageError& e) {
      return e.what();
    }
  };
  EXPECT_EQ(error("Model(0.5, 4, False)"),
            "Model takes at most 2 arguments without a name: write Model(fit_intercept=False)");
  EXPECT_EQ(error("Model(0.5, alpha=1)"), "Model: alpha is given twice");
  EXPECT_THAT(error("Model(-0.5)"), HasSubstr("alpha must be"));
}

TEST(Params, TablesWithoutPositionalOrParameters) {
  const auto none = ParamTable<Common>("None_", "Nothing.");
  Common params;
  EXPECT_EQ(none.repr(params), "None_()");
  EXPECT_THROW(none.set(params, "x", 1), UsageError);
  EXPECT_THROW(none.apply(params, {"None_", {}, {1}}), UsageError);
  // A default outside its own range is a mistake in the table.
  EXPECT_THROW(ParamTable<Common>("Bad", "").add("tol", &Common::tol, at_least(1.0), ""),
               UsageError);
}

TEST(Params, ChecksStructsFilledByCode) {
  ModelParams params;
  params.tol = -1;
  EXPECT_THROW(table().check(params), UsageError);
  params.tol = 1;
  params.penalty = "l3";
  EXPECT_THROW(table().check(params), UsageError);
  params.penalty = std::nullopt;
  table().check(params);
}

TEST(Params, HelpAndMarkdown) {
  const std::string markdown = table().markdown();
  EXPECT_THAT(markdown,
              HasSubstr("| `alpha` | `1.0` | a float >= 0 | strength of the penalty |\n"));
  EXPECT_THAT(markdown, HasSubstr("| `penalty` | `'l2'` | None, 'l1' or 'l2' | a\\|b |\n"));
  EXPECT_THAT(markdown, HasSubstr("| `n_jobs` | `None` | None | changes nothing: threads"));
  const std::string help = table().help_text();
  EXPECT_TRUE(help.starts_with("Model: A model of everything.\n")) << help;
  EXPECT_THAT(help,
              HasSubstr("  alpha=1.0                 strength of the penalty (a float >= 0)\n"));
  EXPECT_THAT(
      help, HasSubstr("n_jobs=None               changes nothing: threads are set with --threads"));
  for (std::size_t start = 0, end; start < help.size(); start = end + 1) {
    end = help.find('\n', start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - start, 100u);
  }
}

}  // namespace
}  // namespace superstep
