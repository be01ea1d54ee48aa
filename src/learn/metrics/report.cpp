// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/report.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/metrics/ranking.hpp>

#include "learn/metrics/formulas.hpp"
#include "learn/metrics/pair_counter.hpp"

namespace superstep {

namespace {

constexpr std::size_t most_labels_as_matrix = 1000;
constexpr std::size_t most_labels_as_text = 20;
constexpr std::size_t most_points_as_text = 20;

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? std::string("\"\"") : std::string(1, c);
  return cell + '"';
}

bool is_whole(double x) { return std::rint(x) == x && std::fabs(x) < 0x1p53; }

/// Counts as whole numbers, weights as they are.
std::string count_text(double x) {
  return is_whole(x) ? fmt::format("{:.0f}", x) : format_double(x);
}

Json count_json(double x) { return is_whole(x) ? Json(static_cast<Index>(x)) : Json(x); }

// The confusion matrix.

/// Those labels that occur, as scikit-learn lists them, and the table by their places.
struct Matrix {
  Matrix(const Labels& classes, const PairTable& table) {
    std::vector<bool> occurs(static_cast<std::size_t>(classes.size()), false);
    for (const PairCount& p : table.pairs) {
      occurs[static_cast<std::size_t>(p.truth)] = occurs[static_cast<std::size_t>(p.answer)] = true;
    }
    std::vector<Index> place(occurs.size(), -1);
    for (std::size_t c = 0; c < occurs.size(); ++c) {
      if (!occurs[c]) continue;
      place[c] = std::ssize(labels);
      labels.push_back(classes.text(static_cast<Index>(c)));
    }
    for (const PairCount& p : table.pairs) {
      cells.push_back({place[static_cast<std::size_t>(p.truth)],
                       place[static_cast<std::size_t>(p.answer)], p.rows});
    }
  }
  std::vector<std::vector<double>> dense() const {
    std::vector<std::vector<double>> rows(labels.size(), std::vector<double>(labels.size(), 0.0));
    for (const PairCount& p : cells) {
      rows[static_cast<std::size_t>(p.truth)][static_cast<std::size_t>(p.answer)] = p.rows;
    }
    return rows;
  }
  std::vector<std::string> labels;
  std::vector<PairCount> cells;
};

/// Of many labels, only the pairs that occur.
Report long_matrix(const Matrix& matrix) {
  Report report;
  report.text = fmt::format(
      "confusion_matrix: {} labels, {} pairs that occur (--report-out "
      "FILE.csv has them)\n",
      matrix.labels.size(), matrix.cells.size());
  report.csv = "true,predicted,count\n";
  Json pairs = Json::array();
  for (const PairCount& p : matrix.cells) {
    report.csv += fmt::format(
        "{},{},{}\n", csv_cell(matrix.labels[static_cast<std::size_t>(p.truth)]),
        csv_cell(matrix.labels[static_cast<std::size_t>(p.answer)]), count_text(p.rows));
    Json pair = Json::array();
    pair.push_back(p.truth).push_back(p.answer).push_back(count_json(p.rows));
    pairs.push_back(std::move(pair));
  }
  report.json = Json::object();
  report.json.set("labels", matrix.labels).set("pairs", std::move(pairs));
  return report;
}

/// Columns of cells, the first to the left, the others to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t j = 0; j < row.size(); ++j) width[j] = std::max(width[j], row[j].size());
  }
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{:<{}}", row.front(), width.front());
    for (std::size_t j = 1; j < row.size(); ++j) text += fmt::format("  {:>{}}", row[j], width[j]);
    text += '\n';
  }
  return text;
}

Report confusion_matrix(const Labels& classes, const MetricStatistics& s) {
  if (s.weighted_pairs.is_too_large) {
    throw DataError(
        fmt::format("there are more than {} different pairs of a class and an answer, too many for "
                    "a table",
                    PairCounter::most_pairs));
  }
  const Matrix matrix(classes, s.weighted_pairs);
  if (matrix.labels.size() > most_labels_as_matrix) return long_matrix(matrix);
  const auto dense = matrix.dense();
  Report report;
  Json rows = Json::array();
  std::vector<std::vector<std::string>> table(1, {"true \\ predicted"});
  report.csv = "true\\predicted";
  for (const std::string& label : matrix.labels) {
    report.csv += "," + csv_cell(label);
    table.front().push_back(shorten(label, 20));
  }
  report.csv += "\n";
  for (std::size_t i = 0; i < dense.size(); ++i) {
    Json row = Json::array();
    report.csv += csv_cell(matrix.labels[i]);
    table.push_back({shorten(matrix.labels[i], 20)});
    for (const double n : dense[i]) {
      row.push_back(count_json(n));
      report.csv += "," + count_text(n);
      table.back().push_back(count_text(n));
    }
    report.csv += "\n";
    rows.push_back(std::move(row));
  }
  report.text = matrix.labels.size() <= most_labels_as_text
                    ? "confusion_matrix\n" + aligned(table)
                    : fmt::format("confusion_matrix of {} labels (--report-out FILE.csv has it)\n",
                                  matrix.labels.size());
  report.json = Json::object();
  report.json.set("labels", matrix.labels).set("matrix", std::move(rows));
  return report;
}

// The classification report.

struct ReportRow {
  std::string label;
  double precision, recall, f1, support;
};

ReportRow mean_of(const std::string& label, const std::vector<ReportRow>& rows, bool weighted) {
  ReportRow mean{label, 0.0, 0.0, 0.0, 0.0};
  double all = 0.0;
  for (const ReportRow& row : rows) {
    const double w = weighted ? row.support : 1.0;
    mean.precision += w * row.precision;
    mean.recall += w * row.recall;
    mean.f1 += w * row.f1;
    mean.support += row.support;
    all += w;
  }
  if (all == 0.0) return mean;
  mean.precision /= all;
  mean.recall /= all;
  mean.f1 /= all;
  return mean;
}

std::vector<ReportRow> rows_of_classes(const Labels& classes, const MetricStatistics& s) {
  std::vector<ReportRow> rows;
  for (std::size_t c = 0; c < s.truth.size(); ++c) {
    if (s.truth[c] == 0.0 && s.predicted[c] == 0.0) continue;
    rows.push_back({classes.text(static_cast<Index>(c)),
                    formulas::precision(s.hits[c], s.truth[c], s.predicted[c]),
                    formulas::recall(s.hits[c], s.truth[c], s.predicted[c]),
                    formulas::f1(s.hits[c], s.truth[c], s.predicted[c]), s.truth[c]});
  }
  return rows;
}

Json json_of(const ReportRow& row) {
  Json json = Json::object();
  json.set("precision", row.precision)
      .set("recall", row.recall)
      .set("f1-score", row.f1)
      .set("support", count_json(row.support));
  return json;
}

Report classification_report(const Labels& classes, const MetricStatistics& s) {
  const std::vector<ReportRow> rows = rows_of_classes(classes, s);
  const double accuracy = formulas::accuracy(s);
  std::size_t width = std::string("weighted avg").size();
  for (const ReportRow& row : rows) width = std::max(width, row.label.size());
  Report report;
  report.json = Json::object();
  report.text = fmt::format("{:>{}}  {:>9} {:>9} {:>9} {:>9}\n\n", "", width, "precision", "recall",
                            "f1-score", "support");
  report.csv = "label,precision,recall,f1-score,support\n";
  const auto add = [&](const ReportRow& row) {
    report.text += fmt::format("{:>{}}  {:>9.2f} {:>9.2f} {:>9.2f} {:>9}\n", row.label, width,
                               row.precision, row.recall, row.f1, count_text(row.support));
    report.csv +=
        fmt::format("{},{},{},{},{}\n", csv_cell(row.label), format_double(row.precision),
                    format_double(row.recall), format_double(row.f1), count_text(row.support));
    report.json.set(row.label, json_of(row));
  };
  for (const ReportRow& row : rows) add(row);
  report.text += fmt::format("\n{:>{}}  {:>9} {:>9} {:>9.2f} {:>9}\n", "accuracy", width, "", "",
                             accuracy, count_text(s.weight));
  report.csv += fmt::format("accuracy,,,{},{}\n", format_double(accuracy), count_text(s.weight));
  report.json.set("accuracy", accuracy);
  add(mean_of("macro avg", rows, false));
  add(mean_of("weighted avg", rows, true));
  return report;
}

// Curves.

struct Curve {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;
};

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Points between others on a straight line tell nothing, and are left out.
Curve roc_curve(const std::vector<CurvePoint>& points) {
  Curve curve{{"fpr", "tpr", "threshold"}, {{0.0}, {0.0}, {infinity}}};
  const CurvePoint all = points.back();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const CurvePoint& p = points[i];
    if (i > 0 && i + 1 < points.size()) {
      const CurvePoint& a = points[i - 1];
      const CurvePoint& b = points[i + 1];
      const bool is_straight = (b.negative - p.negative) - (p.negative - a.negative) == 0.0 &&
                               (b.positive - p.positive) - (p.positive - a.positive) == 0.0;
      if (is_straight) continue;
    }
    curve.columns[0].push_back(p.negative / all.negative);
    curve.columns[1].push_back(p.positive / all.positive);
    curve.columns[2].push_back(p.score);
  }
  return curve;
}

/// From all rows called positive to none; the last point has no threshold.
Curve precision_recall_curve(const std::vector<CurvePoint>& points) {
  Curve curve{{"precision", "recall", "threshold"}, {{}, {}, {}}};
  for (auto p = points.rbegin(); p != points.rend(); ++p) {
    curve.columns[0].push_back(p->positive / (p->positive + p->negative));
    curve.columns[1].push_back(p->positive / points.back().positive);
    curve.columns[2].push_back(p->score);
  }
  curve.columns[0].push_back(1.0);
  curve.columns[1].push_back(0.0);
  return curve;
}

Curve det_curve(std::vector<CurvePoint> points) {
  points.insert(points.begin(), {infinity, 0.0, 0.0});
  const CurvePoint all = points.back();
  const auto begin =
      std::ranges::upper_bound(points, 0.0, {}, [](const CurvePoint& p) { return p.negative; }) - 1;
  const auto end = std::ranges::lower_bound(points, all.positive, {},
                                            [](const CurvePoint& p) { return p.positive; });
  Curve curve{{"fpr", "fnr", "threshold"}, {{}, {}, {}}};
  for (auto p = end; p >= begin; --p) {
    curve.columns[0].push_back(p->negative / all.negative);
    curve.columns[1].push_back((all.positive - p->positive) / all.positive);
    curve.columns[2].push_back(p->score);
  }
  return curve;
}

Report report_of(const std::string& name, const Curve& curve) {
  Report report;
  report.json = Json::object();
  std::vector<std::vector<std::string>> lines;
  const std::size_t points = curve.columns.front().size();
  const auto cell = [&](std::size_t column, std::size_t i) {
    const auto& values = curve.columns[column];
    return i < values.size() ? format_double(values[i]) : std::string();
  };
  report.csv = fmt::format("{},{},{}\n", curve.names[0], curve.names[1], curve.names[2]);
  for (std::size_t i = 0; i < points; ++i) {
    report.csv += fmt::format("{},{},{}\n", cell(0, i), cell(1, i), cell(2, i));
  }
  for (std::size_t c = 0; c < 3; ++c) {
    report.json.set(c == 2 ? "thresholds" : curve.names[c], curve.columns[c]);
  }
  lines.push_back(curve.names);
  const std::size_t shown = std::min(points, most_points_as_text);
  for (std::size_t k = 0; k < shown; ++k) {
    const std::size_t i = shown == 1 ? 0 : k * (points - 1) / (shown - 1);
    lines.push_back({cell(0, i), cell(1, i), cell(2, i)});
  }
  report.text =
      fmt::format("{}, {} points{}\n", name, format_count(static_cast<Index>(points)),
                  shown < points
                      ? fmt::format(", {} of them here (--report-out FILE.csv has all)", shown)
                      : "") +
      aligned(lines);
  return report;
}

Report curve_report(const std::string& name, const MetricStatistics& s) {
  const Ranking& ranking = s.by_score;
  if (ranking.is_undefined) {
    throw DataError("the model's scores are NaN or infinite for some rows, which cannot be ranked");
  }
  if (ranking.is_curve_too_long) {
    throw DataError(
        fmt::format("there are more than {} different scores, too many for a curve; "
                    "use --sample or --rows",
                    format_count(ScoreRanking::most_curve_points)));
  }
  const std::vector<CurvePoint>& points = ranking.curve;
  if (points.empty() || points.back().positive == 0.0 || points.back().negative == 0.0) {
    throw DataError(
        fmt::format("Only one class is present in y_true. {} is not defined in that "
                    "case",
                    name));
  }
  if (name == "roc_curve") return report_of(name, roc_curve(points));
  if (name == "precision_recall_curve") return report_of(name, precision_recall_curve(points));
  return report_of(name, det_curve(points));
}

}  // namespace

Report make_report(const std::string& name, const Labels& classes, const MetricStatistics& s) {
  if (name == "confusion_matrix") return confusion_matrix(classes, s);
  if (name == "classification_report") return classification_report(classes, s);
  return curve_report(name, s);
}

}  // namespace superstep
