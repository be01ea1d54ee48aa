// SPDX-License-Identifier: BSD-3-Clause
#include "app/help_topics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <superstep/comm/mpi_version.hpp>
#include <superstep/io/hdf5_version.hpp>
#include <superstep/learn/scikit_learn_names.hpp>
#include <superstep/version.hpp>

#include "app/layout.hpp"
#include "app/listings.hpp"

namespace superstep::app {

namespace {

std::string expressions_text() {
  return "Expressions: estimators, grids and values, as in Python.\n\n"
         "  \"Ridge(alpha=0.1)\"\n"
         "  \"make_pipeline(StandardScaler(), PCA(n_components=20), Ridge())\"\n"
         "  \"Pipeline([('scale', StandardScaler()), ('clf', LogisticRegression())])\"\n\n"
         "Double quotes keep them together for the shell. Modules before a class are taken\n"
         "(sklearn.linear_model.Ridge()). Values are literals: numbers, strings, True,\n"
         "False, None, lists, tuples, dicts, np.inf, np.array([...]), and arithmetic on\n"
         "them (10 ** -3, 1/3). make_pipeline names its steps after their classes; a\n"
         "parameter of a step is step__parameter: ridge__alpha. A step that is None or\n"
         "'passthrough' is left out.\n\n"
         "--grid takes a dict from parameters to values, or a list of such dicts:\n"
         "  \"{'ridge__alpha': np.logspace(-3, 3, 7), 'ridge__fit_intercept': [True, False]}\"\n"
         "with lists, np.logspace, np.geomspace, np.linspace, np.arange, range; a whole\n"
         "step is exchanged by its name: \"{'clf': [LogisticRegression(), GaussianNB()]}\".\n"
         "--random takes lists and loguniform(low, high), uniform(low, width) and\n"
         "randint(low, high), as scipy.stats has them.\n";
}

std::string data_text() {
  return "Data: HDF5 files, as h5py writes them.\n\n"
         "  /X              rows x columns; float32, float64 or whole numbers\n"
         "  /y              a target for each row, numbers or text\n"
         "  /weight         a weight for each row, if there is one\n"
         "  /feature_names  a name for each column, if there are any\n\n"
         "Other places are named with --x, --y and --weight; --groups names the groups that\n"
         "some splitters need. `superstep import` makes such a file of CSV, TSV, .npy or\n"
         "HDF5, `superstep check` reads every value. NaN and infinity are refused unless an\n"
         "estimator takes them. A model is an HDF5 file too: its attributes have\n"
         "scikit-learn's names, `superstep info MODEL` shows them.\n";
}

std::string ranks_text() {
  return "Ranks: one process or many, with the same result to the last bit.\n\n"
         "  superstep fit ...                one rank, --threads N threads\n"
         "  mpirun -n 4 superstep fit ...    four ranks on this machine\n"
         "  srun superstep fit ...           as many as Slurm gives (jobs/ has batch scripts)\n\n"
         "Memory is per rank (`help --memory`). An error is one line, whatever the number of\n"
         "ranks; Open MPI's mpirun adds a dozen of its own below it. `mpirun --quiet` or\n"
         "OMPI_MCA_orte_execute_quiet=1 keep them away, and its word on a rank that was killed\n"
         "with them. A rank that does not answer for SUPERSTEP_WATCHDOG seconds (60) ends the\n"
         "job with exit code 6; one that writes to a slow disk answers. To hear that, ranks\n"
         "that write a file together send each other UDP packets.\n";
}

std::string exit_codes_text() {
  return "Exit codes:\n\n"
         "   0  done\n"
         "   2  usage: a word, an option or a value that is none; the message says which\n"
         "   3  bad data: values, shapes or models that do not fit; where, and what to try\n"
         "   4  a file that cannot be read or written\n"
         "   5  not enough memory, with the least budget that would do\n"
         "   6  a rank stopped answering\n"
         "  70  a defect of the program\n"
         "   1  anything else\n\n"
         "An error is one line on standard error: `superstep: error: ...`. Results are on\n"
         "standard output, everything else on standard error.\n";
}

std::string config_text() {
  return "--config FILE: options from a file, one `name = value` a line, without the dashes;\n"
         "a switch as `quiet = true`; from # on a comment. What is typed comes before it.\n\n"
         "  # superstep search \"Ridge()\" train.h5 --config search.conf\n"
         "  grid = {'alpha': np.logspace(-3, 3, 7)}\n"
         "  cv = KFold(5, shuffle=True)\n"
         "  scoring = r2,neg_mean_squared_error\n"
         "  memory = 4G\n"
         "  quiet = true\n";
}

std::string differences_text() {
  return fmt::format(
      "scikit-learn: names, parameters, defaults and results are those of release {}.\n\n"
      "Older spellings with the same meaning are taken. A parameter that changes nothing\n"
      "here (n_jobs, verbose, memory, copy_X) is taken with a line of warning, one that\n"
      "cannot be honoured is refused. docs/differences.md lists every difference, and\n"
      "docs/metrics.md the formulas of the metrics. Functions that are commands here:\n\n"
      "  GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV   superstep search\n"
      "  cross_val_score, cross_validate, cross_val_predict      superstep cross-validate\n"
      "  learning_curve, validation_curve                        superstep cross-validate\n"
      "  train_test_split                                        superstep split\n"
      "  accuracy_score, r2_score, confusion_matrix, ...         superstep score\n"
      "  make_classification, make_regression, make_blobs        superstep make\n",
      scikit_learn_version);
}

std::string version_text() {
  return fmt::format("superstep {}\nfollows scikit-learn {}\n{}\n{}\n", version,
                     scikit_learn_version, mpi_version(), hdf5_version());
}

std::string pipeline_text() {
  return "Pipeline, make_pipeline: transformers and then a predictor, or transformers alone.\n\n"
         "  \"make_pipeline(StandardScaler(), PCA(20), LogisticRegression())\"\n"
         "  \"Pipeline([('scale', StandardScaler()), ('clf', LogisticRegression())])\"\n\n"
         "  steps    pairs of a name and an estimator; make_pipeline takes the estimators and\n"
         "           names them after their classes: standardscaler, pca, logisticregression;\n"
         "           a step that is None or 'passthrough' is left out\n"
         "  memory, verbose  change nothing here: equal steps are always fitted once\n\n"
         "Parameters of steps, in grids: \"{'pca__n_components': [10, 20]}\"; a whole step by\n"
         "its name: \"{'clf': [LogisticRegression(), GaussianNB()]}\".\n";
}

std::string strategies_text() {
  return "Strategies of `superstep search`: --strategy full (if not given), halving, hyperband.\n\n"
         "  full       all candidates with all rows and iterations: GridSearchCV\n"
         "  halving    rungs: all candidates with few rows, the best 1/N (--factor, 3) with N\n"
         "             times as many, ...: HalvingGridSearchCV\n"
         "  hyperband  several such brackets, from many candidates with few rows to few with\n"
         "             many\n\n"
         "--resource deals out something else than rows (max_iter), --min-resources and\n"
         "--max-resources say how much; `superstep plan search ...` shows the rungs.\n";
}

}  // namespace

const std::vector<Topic>& topics() {
  static const std::vector<Topic> all = {
      {{"estimators", "models"}, "all estimators by module", estimators_page},
      {{"expressions", "expression", "grid", "grids", "loguniform", "uniform", "randint",
        "np.logspace", "logspace", "linspace", "arange", "distributions"},
       "how estimators, grids and values are written",
       expressions_text},
      {{"pipelines", "Pipeline", "make_pipeline", "pipeline"},
       "several steps in one estimator",
       pipeline_text},
      {{"scoring", "metrics", "scorers", "reports", "make_scorer", "get_scorer_names"},
       "all metrics and reports, a line each",
       metrics_page},
      {{"cv", "splitters", "model_selection", "cross-validation"},
       "what --cv takes: splitters, a line each",
       splitters_page},
      {{"strategies", "halving", "hyperband", "strategy", "successive-halving"},
       "how search deals out rows",
       strategies_text},
      {{"config", "configuration", "--config"}, "the file of --config", config_text},
      {{"data", "hdf5", "HDF5", "formats"}, "how a file of data is laid out", data_text},
      {{"ranks", "mpirun", "srun", "slurm", "mpi", "watchdog", "SUPERSTEP_WATCHDOG"},
       "many processes, on one machine or more",
       ranks_text},
      {{"exit-codes", "exit", "codes", "exit-code", "errors"},
       "what the program returns",
       exit_codes_text},
      {{"differences", "scikit-learn", "sklearn"},
       "what differs from scikit-learn",
       differences_text},
      {{"version", "--version", "-V"}, "of Superstep, scikit-learn, MPI and HDF5", version_text},
  };
  return all;
}

std::string topic_text(const std::string& name) {
  for (const Topic& topic : topics()) {
    if (std::ranges::find(topic.names, name) != topic.names.end()) return topic.text();
  }
  return "";
}

std::string topic_list() {
  std::string text = entry("options", "every option of every command");
  for (const Topic& topic : topics()) text += entry(topic.names.front(), topic.summary);
  return text;
}

}  // namespace superstep::app
