// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/scikit_learn_names.hpp>

#include <fmt/format.h>

#include <utility>

#include <superstep/core/text.hpp>

namespace superstep {

namespace {

struct Entry {
  std::string_view nearest;  ///< what there is
  std::vector<std::string_view> names;
};

const std::vector<Entry>& lacking() {
  static const std::vector<Entry> all = {
      {"HistGradientBoostingClassifier, LogisticRegression, GaussianNB",
       {"AdaBoostClassifier",
        "BaggingClassifier",
        "CalibratedClassifierCV",
        "ClassifierChain",
        "FixedThresholdClassifier",
        "FrozenEstimator",
        "GaussianProcessClassifier",
        "KNeighborsClassifier",
        "LabelPropagation",
        "LabelSpreading",
        "MLPClassifier",
        "MultiOutputClassifier",
        "NearestCentroid",
        "NuSVC",
        "OneVsOneClassifier",
        "OneVsRestClassifier",
        "OutputCodeClassifier",
        "PassiveAggressiveClassifier",
        "Perceptron",
        "RadiusNeighborsClassifier",
        "RidgeClassifierCV",
        "SGDClassifier",
        "SVC",
        "SelfTrainingClassifier",
        "StackingClassifier",
        "TunedThresholdClassifierCV",
        "VotingClassifier"}},
      {"HistGradientBoostingRegressor, Ridge, Lasso, ElasticNet, LinearRegression, "
       "PoissonRegressor",
       {"ARDRegression",
        "AdaBoostRegressor",
        "BaggingRegressor",
        "BayesianRidge",
        "CCA",
        "GaussianProcessRegressor",
        "HuberRegressor",
        "IsotonicRegression",
        "KNeighborsRegressor",
        "KernelRidge",
        "Lars",
        "LarsCV",
        "LassoLars",
        "LassoLarsCV",
        "LassoLarsIC",
        "MLPRegressor",
        "MultiOutputRegressor",
        "MultiTaskElasticNet",
        "MultiTaskElasticNetCV",
        "MultiTaskLasso",
        "MultiTaskLassoCV",
        "NuSVR",
        "OrthogonalMatchingPursuit",
        "OrthogonalMatchingPursuitCV",
        "PLSCanonical",
        "PLSRegression",
        "PLSSVD",
        "PassiveAggressiveRegressor",
        "QuantileRegressor",
        "RANSACRegressor",
        "RadiusNeighborsRegressor",
        "RegressorChain",
        "SGDRegressor",
        "SVR",
        "StackingRegressor",
        "TheilSenRegressor",
        "VotingRegressor"}},
      {"KMeans",
       {"AffinityPropagation", "AgglomerativeClustering", "BayesianGaussianMixture", "Birch",
        "BisectingKMeans", "DBSCAN", "FeatureAgglomeration", "GaussianMixture", "HDBSCAN",
        "KernelDensity", "MeanShift", "MiniBatchKMeans", "NearestNeighbors", "OPTICS",
        "SpectralBiclustering", "SpectralClustering", "SpectralCoclustering"}},
      {"PCA, TruncatedSVD",
       {"AdditiveChi2Sampler",
        "BernoulliRBM",
        "ClassicalMDS",
        "DictionaryLearning",
        "EmpiricalCovariance",
        "FactorAnalysis",
        "FastICA",
        "GaussianRandomProjection",
        "GraphicalLasso",
        "GraphicalLassoCV",
        "IncrementalPCA",
        "Isomap",
        "KNeighborsTransformer",
        "KernelCenterer",
        "KernelPCA",
        "LatentDirichletAllocation",
        "LedoitWolf",
        "LocallyLinearEmbedding",
        "MDS",
        "MinCovDet",
        "MiniBatchDictionaryLearning",
        "MiniBatchNMF",
        "MiniBatchSparsePCA",
        "NMF",
        "NeighborhoodComponentsAnalysis",
        "Nystroem",
        "OAS",
        "PolynomialCountSketch",
        "RBFSampler",
        "RadiusNeighborsTransformer",
        "ShrunkCovariance",
        "SkewedChi2Sampler",
        "SparseCoder",
        "SparsePCA",
        "SparseRandomProjection",
        "SpectralEmbedding",
        "TSNE"}},
      {"GaussianNB, whose score_samples tells how likely a row is",
       {"EllipticEnvelope", "IsolationForest", "LocalOutlierFactor", "OneClassSVM",
        "SGDOneClassSVM"}},
      {"OneHotEncoder, OrdinalEncoder",
       {"DictVectorizer", "FeatureHasher", "PatchExtractor", "RandomTreesEmbedding"}},
      {"classes in /y as numbers or text, without an encoder",
       {"LabelBinarizer", "MultiLabelBinarizer"}},
      {"SimpleImputer(add_indicator=True)", {"IterativeImputer", "KNNImputer"}},
      {"Lasso and LogisticRegression(l1_ratio=1), which leave columns out",
       {"GenericUnivariateSelect", "RFE", "RFECV", "SelectFdr", "SelectFpr", "SelectFwe",
        "SequentialFeatureSelector"}},
      {"the coefficients of linear models, shown by `superstep info MODEL`",
       {"partial_dependence", "permutation_importance", "permutation_test_score",
        "PartialDependenceDisplay"}},
  };
  return all;
}

/// The same by a command: what to type.
const std::vector<Entry>& commands() {
  static const std::vector<Entry> all = {
      {"superstep search ESTIMATOR DATA --grid \"{'alpha': [0.1, 1]}\"",
       {"GridSearchCV", "ParameterGrid"}},
      {"superstep search ESTIMATOR DATA --random \"{'alpha': loguniform(1e-3, 10)}\" "
       "--iterations 20",
       {"RandomizedSearchCV", "ParameterSampler"}},
      {"superstep search ESTIMATOR DATA --grid \"{'alpha': [0.1, 1]}\" --strategy halving",
       {"HalvingGridSearchCV"}},
      {"superstep search ESTIMATOR DATA --random \"{'alpha': loguniform(1e-3, 10)}\" --strategy "
       "halving",
       {"HalvingRandomSearchCV"}},
      {"superstep search \"Lasso()\" DATA --grid \"{'alpha': np.logspace(-3, 1, 100)}\"",
       {"lasso_path"}},
      {"superstep search \"ElasticNet()\" DATA --grid \"{'alpha': np.logspace(-3, 1, 100)}\"",
       {"enet_path"}},
      {"superstep cross-validate ESTIMATOR DATA --cv 5 --scoring A,B",
       {"cross_val_score", "cross_validate"}},
      {"superstep cross-validate ESTIMATOR DATA --cv 5 --out FILE", {"cross_val_predict"}},
      {"superstep cross-validate ESTIMATOR DATA --learning-curve 0.1,0.5,1.0",
       {"learning_curve", "LearningCurveDisplay"}},
      {"superstep cross-validate ESTIMATOR DATA --validation-curve \"{'alpha': [0.1, 1]}\"",
       {"validation_curve", "ValidationCurveDisplay"}},
      {"superstep split DATA TRAIN TEST --test-size 0.25", {"train_test_split"}},
      {"superstep make classification FILE", {"make_classification"}},
      {"superstep make regression FILE", {"make_regression"}},
      {"superstep make blobs FILE", {"make_blobs"}},
      {"superstep import SOURCE FILE", {"read_csv", "read_table", "loadtxt", "genfromtxt"}},
      {"superstep score MODEL DATA --report confusion_matrix", {"ConfusionMatrixDisplay"}},
      {"superstep score MODEL DATA --report roc_curve", {"RocCurveDisplay"}},
      {"superstep score MODEL DATA --report precision_recall_curve", {"PrecisionRecallDisplay"}},
      {"superstep score MODEL DATA --scoring precision,recall,f1",
       {"precision_recall_fscore_support"}},
  };
  return all;
}

/// What other libraries call theirs: ours with the parameters that are called otherwise.
const std::vector<Entry>& of_others() {
  static const std::vector<Entry> all = {
      {"HistGradientBoostingClassifier(max_iter=, max_leaf_nodes=, learning_rate=)",
       {"LGBMClassifier", "XGBClassifier", "CatBoostClassifier"}},
      {"HistGradientBoostingRegressor(max_iter=, max_leaf_nodes=, learning_rate=)",
       {"LGBMRegressor", "XGBRegressor", "CatBoostRegressor"}},
  };
  return all;
}

/// The entry's name as it is spelt and what there is instead.
std::optional<std::pair<std::string_view, std::string_view>> find(const std::vector<Entry>& entries,
                                                                  std::string_view name) {
  const std::string lower = to_lower(name);
  for (const Entry& entry : entries) {
    for (const std::string_view known : entry.names) {
      if (to_lower(known) == lower) return std::pair(known, entry.nearest);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> said_of_lacking(std::string_view name) {
  const auto found = find(lacking(), name);
  if (!found) return std::nullopt;
  return fmt::format("scikit-learn has {}, Superstep does not yet; it has: {}", found->first,
                     found->second);
}

std::optional<std::string> said_of_command(std::string_view name) {
  const auto found = find(commands(), name);
  if (!found) return std::nullopt;
  return fmt::format("{} is a command here: {}", found->first, found->second);
}

std::optional<std::string> said_of_scikit_learns(std::string_view name) {
  if (const auto said = said_of_lacking(name)) return said;
  if (const auto said = said_of_command(name)) return said;
  const auto found = find(of_others(), name);
  if (!found) return std::nullopt;
  return fmt::format("{} is another library's; here it is {}", found->first, found->second);
}

std::vector<std::string> scikit_learns_names() {
  std::vector<std::string> names;
  for (const std::vector<Entry>* entries : {&lacking(), &commands(), &of_others()}) {
    for (const Entry& entry : *entries) {
      names.insert(names.end(), entry.names.begin(), entry.names.end());
    }
  }
  return names;
}

}  // namespace superstep
