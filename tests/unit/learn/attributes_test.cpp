// SPDX-License-Identifier: BSD-3-Clause
// What a reader of fitted attributes refuses, and that it names it.
#include <superstep/learn/attributes.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include <superstep/core/error.hpp>

namespace superstep {
namespace {

struct Example {
  Matrix coef;
  Vector scale;
  Labels classes;
  Index rows = 0;
};

template <class Archive, class Fitted>
void fields(const Archive& a, Fitted& f) {
  Length columns, classes;
  a.size("n_features_in_", columns, f.coef.cols());
  a("classes_", f.classes, classes);
  a("coef_", f.coef, classes, columns);
  a("scale_", f.scale, columns, allowed::positive);
  a("rows_", f.rows, 1);
  a.derived("half_", f.scale / 2);
}

Tree written() {
  const Example example{Matrix::Ones(2, 3), Vector::Constant(3, 0.5), Labels::of_texts({"b", "a"}),
                        7};
  Tree tree;
  fields(AttributeWriter(tree, "/steps/x/"), example);
  return tree;
}

Example read(const Tree& tree) {
  Example example;
  const AttributeReader in(tree, "/");
  fields(in.below("steps/x/"), example);
  in.require_all_seen();
  return example;
}

TreeDataset& at(Tree& tree, const std::string& name) {
  for (auto& [path, dataset] : tree.datasets) {
    if (path == "/steps/x/" + name) return dataset;
  }
  throw std::logic_error("no " + name);
}

/// The message about a tree that was changed.
std::string complaint(const std::function<void(Tree&)>& change) {
  Tree tree = written();
  change(tree);
  try {
    read(tree);
  } catch (const DataError& e) {
    return e.what();
  }
  return "";
}

TEST(Attributes, ComeBackAsTheyWere) {
  const Example example = read(written());
  EXPECT_EQ(example.coef, Matrix(Matrix::Ones(2, 3)));
  EXPECT_EQ(example.scale, Vector(Vector::Constant(3, 0.5)));
  EXPECT_EQ(example.classes, Labels::of_texts({"a", "b"}));
  EXPECT_EQ(example.rows, 7);
}

TEST(Attributes, WhatIsRefusedIsNamed) {
  using Reals = TreeArray<double>;
  using Whole = TreeArray<std::int64_t>;
  using Texts = TreeArray<std::string>;
  const auto set = [](const char* name, TreeDataset value) {
    return [=](Tree& tree) { at(tree, name) = value; };
  };
  const std::vector<std::pair<std::function<void(Tree&)>, std::string>> cases = {
      {set("coef_", Reals{{2, 2}, {1, 1, 1, 1}}), "coef_ has the length 2 where"},
      {set("coef_", Reals{{3, 3}, std::vector<double>(9)}), "classes_ asks for 2"},
      {set("coef_", Reals{{6}, std::vector<double>(6)}), "two dimensions are needed"},
      {set("coef_", Whole{{2, 3}, {1, 1, 1, 1, 1, 1}}), "coef_ does not hold floating-point"},
      {set("coef_", Reals{{2, 3}, {1, 1, 1, 1, 1, NAN}}), "coef_ holds nan at place 5"},
      {set("scale_", Reals{{3}, {1, 0, 1}}), "scale_ holds 0.0 at place 1"},
      {set("scale_", Reals{{3}, {1, HUGE_VAL, 1}}), "scale_ holds inf"},
      {set("half_", Reals{{3}, {0.25, 0.25, 0.3}}), "half_[2] is 0.3"},
      {set("rows_", Whole{{}, {0}}), "rows_ is 0"},
      {set("rows_", Whole{{1}, {7}}), "single value is needed"},
      {set("classes_", Texts{{2}, {"b", "a"}}), "classes_[1] is not above"},
      {set("classes_", Texts{{2}, {"a", "a"}}), "classes_[1] is not above"},
      {set("classes_", Reals{{2}, {0, NAN}}), "classes_[1] is no number"},
      {set("n_features_in_", Whole{{}, {std::int64_t{1} << 60}}), "which no data have"},
      {[](Tree& tree) { tree.datasets.pop_back(); }, "half_ is missing"},
      {[](Tree& tree) { tree.add("/steps/x/more_", 1.0); }, "'/steps/x/more_' is none"},
  };
  for (const auto& [change, words] : cases) {
    const std::string text = complaint(change);
    EXPECT_NE(text.find(words), std::string::npos) << text << " lacks: " << words;
    EXPECT_NE(text.find("/steps/x/"), std::string::npos) << text;
  }
}

TEST(Attributes, DigestIsOfContentsNotOfOrder) {
  Tree tree = written(), other = tree;
  std::swap(other.datasets.front(), other.datasets.back());
  EXPECT_EQ(digest(tree, {"format"}), digest(other, {"format"}));
  other.set("format", std::string("x"));
  EXPECT_NE(digest(tree, {"format"}), digest(other, {"format"}));
  EXPECT_EQ(digest(tree, {}), digest(other, {}));
  std::get<TreeArray<double>>(at(tree, "coef_")).values[3] = std::nextafter(1.0, 2.0);
  EXPECT_NE(digest(tree, {}), digest(other, {}));
}

}  // namespace
}  // namespace superstep
