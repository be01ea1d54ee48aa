// SPDX-License-Identifier: BSD-3-Clause
// From expressions to splitters, and what they say to wrong ones.
#include <superstep/select/splitter.hpp>

#include <gtest/gtest.h>

#include <superstep/core/error.hpp>

namespace superstep {
namespace {

std::string made(const char* expression, Kind kind = Kind::regressor) {
  return make_splitter(expression, kind)->expression();
}

std::string complaint(const char* expression) {
  try {
    return "made " + made(expression);
  } catch (const UsageError& e) {
    return e.what();
  }
}

TEST(MakeSplitter, NumbersAreFolds) {
  EXPECT_EQ(made("7"), "KFold(n_splits=7, shuffle=False, random_state=None)");
  EXPECT_EQ(made("None"), "KFold(n_splits=5, shuffle=False, random_state=None)");
  EXPECT_EQ(made("3", Kind::classifier),
            "StratifiedKFold(n_splits=3, shuffle=False, random_state=None)");
  EXPECT_EQ(made("3", Kind::transformer), "KFold(n_splits=3, shuffle=False, random_state=None)");
}

TEST(MakeSplitter, ExpressionsReadBack) {
  for (const auto& registered : splitters()) {
    if (registered.table->estimator().starts_with("LeaveP")) continue;  // has no default
    const std::string expression = registered.make()->expression();
    EXPECT_EQ(made(expression.c_str()), expression);
    EXPECT_EQ(registered.make()->name(), registered.table->estimator());
  }
  EXPECT_EQ(made("LeavePOut(2)"), "LeavePOut(p=2)");
  EXPECT_EQ(made("LeavePGroupsOut(n_groups=3)"), "LeavePGroupsOut(n_groups=3)");
  EXPECT_EQ(made("sklearn.model_selection.TimeSeriesSplit(3, gap=2)"),
            "TimeSeriesSplit(n_splits=3, max_train_size=None, test_size=None, gap=2)");
}

TEST(MakeSplitter, HoldOutIsOneSplit) {
  EXPECT_EQ(make_holdout("0.2", Kind::classifier)->expression(),
            "StratifiedShuffleSplit(n_splits=1, test_size=0.2, train_size=None, "
            "random_state=None)");
  EXPECT_EQ(make_holdout("500", Kind::regressor)->expression(),
            "ShuffleSplit(n_splits=1, test_size=500, train_size=None, random_state=None)");
  EXPECT_THROW(make_holdout("'a'", Kind::regressor), UsageError);
}

TEST(MakeSplitter, KnowsWhatItNeeds) {
  EXPECT_EQ(make_splitter("RepeatedKFold(n_repeats=3)", Kind::regressor)->n_splits(), Index{15});
  EXPECT_EQ(make_splitter("LeaveOneGroupOut()", Kind::regressor)->n_splits(), std::nullopt);
  EXPECT_TRUE(make_splitter("GroupKFold()", Kind::regressor)->needs_groups());
  EXPECT_TRUE(make_splitter("StratifiedShuffleSplit()", Kind::regressor)->needs_classes());
  EXPECT_FALSE(make_splitter("KFold()", Kind::classifier)->needs_classes());
}

TEST(MakeSplitter, ExplainsWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"1",
       "k-fold cross-validation requires at least one train/test split by setting "
       "n_splits=2 or more, got n_splits=1."},
      {"GroupKFold(0)", "got n_splits=0."},
      {"TimeSeriesSplit(1)", "k-fold cross-validation requires at least one train/test split"},
      {"RepeatedKFold(n_repeats=0)", "Number of repetitions must be greater than 0"},
      {"RepeatedKFold(n_repeats=1000000000000000000)", "splits are more than"},
      {"KFold(random_state=1)", "Setting a random_state has no effect since shuffle is False."},
      {"KFolds()", "did you mean 'KFold'?"},
      {"KFold(n_split=3)", "did you mean 'n_splits'?"},
      {"KFold(3, True)",
       "KFold takes at most 1 argument without a name: write KFold(shuffle=True)"},
      {"KFold(n_splits=2.0)", "write 2"},
      {"ShuffleSplit(test_size='a')", "test_size must be None, a float in (0, 1) or an int"},
      {"ShuffleSplit(test_size=True)", "test_size must be None, a float in (0, 1) or an int"},
      {"TimeSeriesSplit(gap=-1)", "gap must be an int >= 0"},
      {"PredefinedSplit(test_fold=[0, 1])", "it is the dataset that --groups names"},
      {"0.2", "Expected cv as an integer or a splitter"},
      {"True", "Expected cv as an integer or a splitter"},
      {"make_pipeline(KFold(), KFold())", "Expected cv as an integer or a splitter"},
  };
  for (const auto& [expression, words] : cases) {
    EXPECT_NE(complaint(expression).find(words), std::string::npos)
        << expression << ": " << complaint(expression);
  }
}

}  // namespace
}  // namespace superstep
