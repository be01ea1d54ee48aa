// SPDX-License-Identifier: BSD-3-Clause
// Trainings of every estimator there is, on one table, and the bytes of their models.
#pragma once

#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/attributes.hpp>
#include <superstep/learn/registry.hpp>

namespace superstep::test {

inline constexpr Index columns = 4;
inline constexpr const char* file = "journal.h5";

/// Two columns that follow from each other, units that differ, rare values, one of them so large in
/// a block that no sketch looks at that bounds are mended; three classes, none of them zero; and
/// for those who learn several targets two.
inline void write_data(const Communicator& comm, Index rows) {
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}}, y{{rows}, {}}, targets{{rows, 2}, {}};
    for (Index i = 0; i < rows; ++i) {
      RowRandom random(Philox(5, 2), static_cast<std::uint64_t>(i));
      const double a = random.normal(), b = random.normal();
      x.values.insert(x.values.end(), {a, 3.0 * a - 1.0, 100.0 * b + 1000.0,
                                       i == 9000 ? 5000.0 : (i % 997 == 0 ? 1.0 : 0.0)});
      y.values.push_back(
          a + 0.5 * b + random.normal() > 0.0 ? 2.0 : (random.uniform() < 0.3 ? 3.0 : 1.0));
      targets.values.insert(targets.values.end(), {1e6 * (a - b), y.values.back()});
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    tree.add("/targets", targets);
    write_tree(file, tree);
  });
}

inline std::string bytes_of(const ModelPtr& model) {
  Tree tree;
  model->save(AttributeWriter(tree, "/"));
  const std::vector<std::byte> bytes = serialize(tree);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

using Estimators = std::vector<std::unique_ptr<Estimator>>;

inline Estimators estimators_of(const std::vector<std::string>& expressions) {
  Estimators estimators;
  for (const std::string& e : expressions) estimators.push_back(make_estimator(e));
  return estimators;
}

/// Where the defaults take long on such data, or give no model.
inline const std::map<std::string, std::string> not_by_default = {
    {"Binarizer", "make_pipeline(Binarizer(), StandardScaler())"},  // learns nothing itself
    {"Categorizer", "make_pipeline(Categorizer(), StandardScaler())"},
    {"DummyEncoder", "make_pipeline(DummyEncoder(), StandardScaler())"},
    {"ColumnTransformer",
     "ColumnTransformer([('a', RobustScaler(), [0, 1]), ('b', 'passthrough', [2])])"},
    {"ComplementNB", "make_pipeline(MinMaxScaler(), ComplementNB())"},
    {"DecisionTreeRegressor", "DecisionTreeRegressor(max_leaf_nodes=30)"},
    {"ExtraTreeClassifier", "ExtraTreeClassifier(max_depth=6)"},
    {"ExtraTreeRegressor", "ExtraTreeRegressor(max_depth=6)"},
    {"ExtraTreesClassifier", "ExtraTreesClassifier(3, max_depth=6)"},
    {"ExtraTreesRegressor", "ExtraTreesRegressor(3, max_depth=6)"},
    {"FeatureUnion",
     "FeatureUnion([('a', RobustScaler()), ('b', 'passthrough'), ('c', PCA(n_components=2))])"},
    {"FunctionTransformer", "make_pipeline(FunctionTransformer(np.arcsinh), StandardScaler())"},
    {"GradientBoostingClassifier", "GradientBoostingClassifier(n_estimators=1, max_depth=2)"},
    {"GradientBoostingRegressor",
     "GradientBoostingRegressor(n_estimators=2, max_depth=2, subsample=0.5, max_features=2)"},
    {"HistGradientBoostingClassifier",
     "HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=6)"},
    {"HistGradientBoostingRegressor",
     "HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=5, early_stopping=True)"},
    {"KMeans", "KMeans(n_clusters=3, max_iter=8)"},
    {"LinearSVR", "LinearSVR(loss='squared_epsilon_insensitive', epsilon=0.1)"},
    {"LogisticRegressionCV", "LogisticRegressionCV(Cs=[0.1, 1.0], cv=2)"},
    {"MissingIndicator", "make_pipeline(MissingIndicator(features='all'), StandardScaler())"},
    {"MultinomialNB", "make_pipeline(MinMaxScaler(), MultinomialNB())"},
    {"Normalizer", "make_pipeline(Normalizer(), StandardScaler())"},
    {"PolynomialFeatures", "make_pipeline(PolynomialFeatures(), StandardScaler())"},
    {"RandomForestClassifier", "RandomForestClassifier(3, max_depth=6, oob_score=True)"},
    {"RandomForestRegressor", "RandomForestRegressor(3, max_depth=6)"},
    {"SelectFromModel", "SelectFromModel(LogisticRegression())"},
    {"SelectPercentile", "SelectPercentile(percentile=50)"},
    {"QuadraticDiscriminantAnalysis", "QuadraticDiscriminantAnalysis(reg_param=0.1)"},
    {"QuantileTransformer", "QuantileTransformer(n_quantiles=20)"},
    {"TargetEncoder", "make_pipeline(FunctionTransformer(np.rint), TargetEncoder())"},
};

/// Each registered estimator, and those that are trained in one batch.
inline std::vector<std::vector<std::string>> every_training() {
  std::vector<std::vector<std::string>> all;
  for (const RegisteredEstimator& e : registry()) {
    const std::string name = e.table->estimator();
    if (name == "LabelEncoder") continue;        // looks at no row
    if (name.ends_with("Vectorizer")) continue;  // these are numbers; term_counts_test has texts
    const auto special = not_by_default.find(name);
    all.push_back({special == not_by_default.end() ? name + "()" : special->second});
  }
  all.push_back({"KMeans(n_clusters=5, init='random', n_init=2, max_iter=6)"});
  all.push_back({"KMeans(n_clusters=40, max_iter=5, random_state=3)"});  // with empty clusters
  all.push_back({"KBinsDiscretizer(n_bins=4, strategy='kmeans')"});
  all.push_back({"LinearRegression(fit_intercept=False)"});
  all.push_back({"LogisticRegression(C=1000.0, class_weight='balanced')"});
  all.push_back({"LinearSVC(C=0.01)", "LinearSVC(C=10.0, class_weight='balanced')"});
  all.push_back({"Ridge(alpha=0.0)"});
  all.push_back(
      {"HistGradientBoostingRegressor('quantile', quantile=0.8, max_iter=1, "
       "max_leaf_nodes=4)"});
  all.push_back({"RandomForestClassifier(2, max_depth=5)",
                 "RandomForestClassifier(3, max_depth=5, class_weight='balanced')"});
  all.push_back({"TweedieRegressor(power=1.5)", "TweedieRegressor(alpha=0.1)",
                 "TweedieRegressor(power=3, alpha=0.1)"});
  all.push_back(
      {"make_pipeline(StandardScaler(), PCA(n_components=2), KMeans(n_clusters=3, max_iter=5))"});
  all.push_back({"make_pipeline(FunctionTransformer(np.rint), TargetEncoder(), GaussianNB())",
                 "make_pipeline(FunctionTransformer(np.rint), TargetEncoder(cv=3, smooth=2.0), "
                 "LogisticRegression())"});
  all.push_back({"make_pipeline(StandardScaler(), LogisticRegression())",
                 "make_pipeline(StandardScaler(), GaussianNB())",
                 "make_pipeline(MinMaxScaler(), GaussianNB())",
                 "make_pipeline(PCA(n_components=2), LogisticRegression(C=0.1))"});
  return all;
}

/// Half of them, drawn by the date and the number of ranks. **Collective.**
inline std::vector<std::vector<std::string>> drawn_trainings(const Communicator& comm) {
  const std::time_t now = std::time(nullptr);
  char today[9] = "";
  std::strftime(today, sizeof today, "%Y%m%d", std::localtime(&now));
  const std::string seed = comm.broadcast(std::string(comm.is_root() ? today : ""));
  const Philox philox(std::stoull(seed), static_cast<std::uint32_t>(comm.size()));
  const std::vector<std::vector<std::string>> all = every_training();
  std::vector<std::vector<std::string>> drawn;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (philox.at(i, 0)[0] % 2 == 0) drawn.push_back(all[i]);
  }
  if (comm.is_root()) {
    std::printf("seed %s draws %zu of %zu trainings\n", seed.c_str(), drawn.size(), all.size());
  }
  return drawn;
}

/// Seven categories of any number.
class AsCategories final : public RowMap {
 public:
  Index columns_in() const override { return columns; }
  Index columns_out() const override { return columns; }
  void apply(const double* in, Index rows, double* out) const override {
    for (Index i = 0; i < rows * columns; ++i) out[i] = std::fmod(std::rint(std::fabs(in[i])), 7.0);
  }
};

/// A table of the file as such estimators see it, of several targets where they take these.
/// **Collective.**
inline Table table_for(const Communicator& comm, const std::shared_ptr<Dataset>& data,
                       const Estimators& estimators) {
  Table table;
  DataOptions several;
  several.y = "/targets";
  table.data = estimators.front()->takes_targets() ? Dataset::open(comm, file, several) : data;
  table.target = estimators.front()->target();
  if (table.target == Target::classes) data->classes(comm);
  if (estimators.front()->name() == "CategoricalNB") {
    return table.through(std::make_shared<AsCategories>());
  }
  return table;
}

/// Their models, or why there is none. **Collective.**
inline std::vector<std::string> models_of(Engine& engine, const Table& table,
                                          const Estimators& estimators) {
  std::vector<Candidate> batch;
  for (const auto& e : estimators) batch.push_back({e.get()});
  engine.reserve(table, footprint_for(engine, *estimators.front(), table, batch));
  std::vector<std::string> models;
  for (const Trained& t : estimators.front()->fit_batch(engine, table, batch)) {
    models.push_back(t.failure ? t.failure->what() : bytes_of(t.model));
  }
  return models;
}

}  // namespace superstep::test
