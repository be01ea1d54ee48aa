// SPDX-License-Identifier: BSD-3-Clause
// The nearest name: near enough to be meant, or none.
#include <gtest/gtest.h>

#include <superstep/core/suggest.hpp>

namespace superstep {
namespace {

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("alpha", "alpha"), 0u);
  EXPECT_EQ(edit_distance("ALPHA", "alpha"), 0u);
  EXPECT_EQ(edit_distance("alhpa", "alpha"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // optimal string alignment, not unrestricted
}

TEST(Suggest, Nearest) {
  const std::vector<std::string> names = {"LogisticRegression", "LinearRegression", "Lasso",
                                          "KMeans", "PCA"};
  EXPECT_EQ(nearest_name("LogisticRegresion", names), "LogisticRegression");
  EXPECT_EQ(nearest_name("linearregressor", names), "LinearRegression");
  EXPECT_EQ(nearest_name("lasso", names), "Lasso");
  EXPECT_EQ(nearest_name("Logistic", names), "LogisticRegression");
  EXPECT_EQ(nearest_name("K_Means", names), "KMeans");
  EXPECT_EQ(nearest_name("RandomForest", names), std::nullopt);
  EXPECT_EQ(nearest_name("x", {"a", "b"}), std::nullopt);
  EXPECT_EQ(nearest_name("c", {"alpha", "C"}), "C");
  EXPECT_EQ(nearest_name("tost", {"test", "toast"}), "test");
}

TEST(Suggest, Phrases) {
  EXPECT_EQ(did_you_mean("alpa", {"alpha", "tol"}), "did you mean 'alpha'?");
  EXPECT_EQ(did_you_mean("xyz", {"alpha", "tol", "C"}), "choose one of alpha, tol or C");
  EXPECT_EQ(did_you_mean("xyz", {}), "there is none");
}

}  // namespace
}  // namespace superstep
