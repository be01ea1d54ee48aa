// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/meaning.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

struct Row {
  std::string_view name;
  std::string_view summary;
  std::string_view formula;
};

/// Names as they are without neg_, _micro and the like.
constexpr Row rows[] = {
    {"accuracy", "share of the rows whose class is predicted right", "sum(w [p = y]) / W"},
    {"balanced_accuracy", "mean recall of the classes that occur",
     "mean over c of TP_c / (TP_c + FN_c)"},
    {"precision", "of the rows called positive, the share that is", "TP / (TP + FP), 0 for 0/0"},
    {"recall", "of the positive rows, the share that is found", "TP / (TP + FN), 0 for 0/0"},
    {"f1", "harmonic mean of precision and recall", "2 TP / (2 TP + FP + FN), 0 for 0/0"},
    {"jaccard", "rows rightly called positive among those that are or are called so",
     "TP / (TP + FP + FN), 0 for 0/0"},
    {"log_loss", "mean negative logarithm of the probability of the true class",
     "sum(-w ln q_y) / W, q within [eps, 1 - eps]"},
    {"roc_auc", "how often a positive row scores above a negative one",
     "P(s_i > s_j) + P(s_i = s_j) / 2 for i positive, j negative, drawn by weight"},
    {"roc_auc_ovr", "roc_auc of each class against the rest, by probability",
     "mean over c of roc_auc(c against the rest)"},
    {"roc_auc_ovr_weighted", "roc_auc_ovr, classes by their weight",
     "sum over c of W_c roc_auc(c against the rest) / W"},
    {"roc_auc_ovo", "roc_auc of each pair of classes, by probability",
     "mean over pairs a < b of (auc(a|b) + auc(b|a)) / 2"},
    {"roc_auc_ovo_weighted", "roc_auc_ovo, pairs by their weight",
     "mean over pairs a < b, weighted W_a + W_b, of (auc(a|b) + auc(b|a)) / 2"},
    {"average_precision", "area under precision and recall, in steps",
     "sum over thresholds k of (R_k - R_(k-1)) P_k; of several classes the mean"},
    {"matthews_corrcoef", "correlation of predicted and true classes",
     "(W sum_c TP_c - sum_c T_c P_c) / sqrt((W^2 - sum_c P_c^2) (W^2 - sum_c T_c^2)), 0 for 0/0"},
    {"top_k_accuracy", "share of the rows whose class is among the best two",
     "sum(w [y among the two greatest scores]) / W"},
    {"positive_likelihood_ratio", "how much a positive call raises the odds",
     "(TP / (TP + FN)) / (FP / (FP + TN)), 1 for x/0"},
    {"negative_likelihood_ratio", "how much a negative call leaves of the odds",
     "(FN / (TP + FN)) / (TN / (FP + TN)), 1 for x/0"},
    {"brier_score", "mean squared error of the probabilities",
     "sum_i w_i sum_c (q_ic - [y_i = c])^2 / W, halved for two classes"},
    {"d2_log_loss_score", "log loss saved beside the classes' shares as probabilities",
     "1 - log_loss / log_loss(q_c = W_c / W)"},
    {"d2_brier_score", "squared error saved beside the classes' shares as probabilities",
     "1 - brier_score / brier_score(q_c = W_c / W)"},
    {"r2", "share of the targets' variance that is explained",
     "1 - sum(w (y - p)^2) / sum(w (y - mean(y))^2)"},
    {"explained_variance", "r2, a constant error forgiven",
     "1 - sum(w (e - mean(e))^2) / sum(w (y - mean(y))^2), e = y - p"},
    {"d2_poisson_deviance", "Poisson deviance saved beside the mean",
     "1 - mean_poisson_deviance / mean_poisson_deviance(p = mean(y))"},
    {"d2_gamma_deviance", "gamma deviance saved beside the mean",
     "1 - mean_gamma_deviance / mean_gamma_deviance(p = mean(y))"},
    {"mean_squared_error", "mean squared error", "sum(w (y - p)^2) / W"},
    {"root_mean_squared_error", "root of the mean squared error", "sqrt(sum(w (y - p)^2) / W)"},
    {"mean_absolute_error", "mean absolute error", "sum(w |y - p|) / W"},
    {"max_error", "largest absolute error; weights do not count", "max |y - p|"},
    {"median_absolute_error", "median absolute error", "median of |y - p|, by weight"},
    {"mean_absolute_percentage_error", "mean absolute error as a share of the target",
     "sum(w |y - p| / max(|y|, eps)) / W"},
    {"mean_squared_log_error", "mean squared error of ln(1 + target)",
     "sum(w (ln(1 + y) - ln(1 + p))^2) / W"},
    {"root_mean_squared_log_error", "root of mean_squared_log_error",
     "sqrt(sum(w (ln(1 + y) - ln(1 + p))^2) / W)"},
    {"mean_poisson_deviance", "mean Poisson deviance, for counts",
     "sum(2 w (y ln(y / p) - y + p)) / W"},
    {"mean_gamma_deviance", "mean gamma deviance, for positive targets",
     "sum(2 w (ln(p / y) + y / p - 1)) / W"},
    {"d2_absolute_error_score", "absolute error saved beside the median",
     "1 - sum(w |y - p|) / sum(w |y - median(y)|)"},
    {"inertia", "squared distance of the rows to their centres, summed",
     "sum(w min over k of |x - c_k|^2)"},
    {"rand_score", "share of the pairs of rows on which both partitions agree",
     "(pairs together in both + pairs apart in both) / pairs"},
    {"adjusted_rand_score", "rand_score, corrected for chance",
     "(RI - E[RI]) / (1 - E[RI]), RI = rand_score"},
    {"mutual_info_score", "what one partition tells of the other, in nats",
     "MI = sum_ab n_ab / n ln(n n_ab / (n_a n_b))"},
    {"adjusted_mutual_info_score", "mutual information, corrected for chance",
     "(MI - E[MI]) / ((H(y) + H(p)) / 2 - E[MI])"},
    {"normalized_mutual_info_score", "mutual information as a share of the mean entropy",
     "MI / ((H(y) + H(p)) / 2)"},
    {"homogeneity_score", "whether a cluster has rows of one class only", "MI / H(y)"},
    {"completeness_score", "whether a class lies in one cluster", "MI / H(p)"},
    {"v_measure_score", "harmonic mean of homogeneity and completeness",
     "2 h c / (h + c), h = homogeneity_score, c = completeness_score"},
    {"fowlkes_mallows_score", "geometric mean of pairwise precision and recall",
     "n_both / sqrt(n_in_y n_in_p), pairs of rows together in both, in y, in p"},
    {"confusion_matrix", "rows of each true class by the class predicted", ""},
    {"classification_report", "precision, recall and F1 of every class and their means", ""},
    {"roc_curve", "true positive rate by false positive rate, for every threshold", ""},
    {"precision_recall_curve", "precision by recall, for every threshold", ""},
    {"det_curve", "missed positives by false alarms, for every threshold", ""},
};

const Row* find_row(std::string_view name) {
  const auto* const found = std::ranges::find(rows, name, &Row::name);
  return found == std::end(rows) ? nullptr : found;
}

/// Short names of losses.
std::string_view full_name(std::string_view name) {
  if (name == "mse") return "mean_squared_error";
  if (name == "rmse") return "root_mean_squared_error";
  if (name == "mae") return "mean_absolute_error";
  if (name == "mape") return "mean_absolute_percentage_error";
  return {};
}

/// Of precision, recall, f1 and jaccard, several classes put together.
constexpr std::pair<std::string_view, std::string_view> averages[] = {
    {"_micro", "of all classes' rows together"},
    {"_macro", "mean over the classes"},
    {"_weighted", "mean over the classes by their weight"},
};

std::string averaged_formula(std::string_view end, std::string_view of_class) {
  const std::string_view plain = of_class.substr(0, of_class.find(','));
  if (end == "_micro") return fmt::format("{}, each summed over c", plain);
  if (end == "_macro") return fmt::format("mean over c that occur of {}", plain);
  return fmt::format("sum over c of W_c ({}) / W", plain);
}

}  // namespace

MetricMeaning meaning_of(std::string_view name) {
  if (const Row* row = find_row(name)) {
    return {std::string(row->summary), std::string(row->formula)};
  }
  if (const std::string_view full = full_name(name); !full.empty()) {
    return {fmt::format("short for {}", full), meaning_of(full).formula};
  }
  if (name.starts_with("neg_")) {
    const MetricMeaning loss = meaning_of(name.substr(4));
    return {fmt::format("the negative of {}", name.substr(4)), fmt::format("-({})", loss.formula)};
  }
  for (const auto& [end, words] : averages) {
    if (!name.ends_with(end)) continue;
    const std::string_view base = name.substr(0, name.size() - end.size());
    const Row* row = find_row(base);
    if (row == nullptr) break;
    return {fmt::format("{}, {}", base, words), averaged_formula(end, row->formula)};
  }
  throw UsageError(fmt::format("there is no metric '{}'", name));
}

namespace {

constexpr std::pair<std::string_view, std::string_view> letters[] = {
    {"y", "target (or class, or partition) of a row"},
    {"p", "what the model predicts of it"},
    {"w", "weight of a row, 1 where there is no /weight"},
    {"W", "sum of the weights; W_c: of the rows of class c"},
    {"[y", "[...] is 1 where it holds, else 0"},
    {"[p", "[...] is 1 where it holds, else 0"},
    {"eps", "2.2e-16"},
    {"TP", "weight of the rows that are called positive, and are; TP_c: of class c"},
    {"FP", "weight of the rows that are called positive, and are not"},
    {"FN", "weight of the rows that are positive, and are not called so; FN_c: of class c"},
    {"TN", "weight of the rows that are neither"},
    {"T_c", "weight of the rows of class c"},
    {"P_c", "weight of the rows that are called class c"},
    {"q_y", "probability of the true class"},
    {"q_c", "probability of class c"},
    {"q_ic", "probability of class c for row i"},
    {"s_i", "score of a row: decision_function, else the probability of the positive class"},
    {"R_k", "recall where the rows above the k-th score are called positive"},
    {"P_k", "precision where the rows above the k-th score are called positive"},
    {"auc", "auc(a|b): roc_auc of class a against b, by the probability of a"},
    {"n", "rows; n_a: of class a, n_b: of cluster b, n_ab: of both"},
    {"MI", "mutual_info_score"},
    {"H", "entropy"},
    {"E", "expected value for partitions drawn at random, of these sizes"},
    {"x", "features of a row"},
    {"c_k", "centre of cluster k"},
};

/// Whether the formula has the word by itself.
bool has_word(std::string_view formula, std::string_view word) {
  const auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = formula.find(word); i != std::string_view::npos;
       i = formula.find(word, i + 1)) {
    const std::size_t end = i + word.size();
    const bool begins = i == 0 || (!is_letter(formula[i - 1]) && formula[i - 1] != '_');
    if (begins && (end == formula.size() || !is_letter(formula[end]))) return true;
  }
  return false;
}

}  // namespace

std::string metric_letters(std::string_view formula) {
  std::string text;
  std::string_view last;
  for (const auto& [letter, meaning] : letters) {
    if (meaning == last || (!formula.empty() && !has_word(formula, letter))) continue;
    last = meaning;
    const bool is_bracket = letter.starts_with('[');
    text += fmt::format("{:<6}{}\n", is_bracket ? "" : letter, meaning);
  }
  return text;
}

}  // namespace superstep
