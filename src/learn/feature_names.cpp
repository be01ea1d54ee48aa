// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_names.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/pipeline_model.hpp>
#include <superstep/learn/registry.hpp>

namespace superstep {

namespace {

using Names = std::vector<std::string>;

constexpr std::size_t most_names_shown = 5;

/// Those of `names` that are not among `others`, sorted.
Names only_in(const Names& names, const Names& others) {
  const std::set<std::string> mine(names.begin(), names.end());
  const std::set<std::string> theirs(others.begin(), others.end());
  Names left;
  std::ranges::set_difference(mine, theirs, std::back_inserter(left));
  return left;
}

std::string listed(const char* title, const Names& names) {
  if (names.empty()) return "";
  std::string text = fmt::format("\n{}:", title);
  for (std::size_t i = 0; i < std::min(names.size(), most_names_shown); ++i) {
    text += "\n- " + shown_name(names[i]);
  }
  return text + (names.size() > most_names_shown ? "\n- ..." : "");
}

/// As scikit-learn says it.
std::string difference(const Names& trained, const Names& found) {
  const Names unseen = only_in(found, trained);
  const Names missing = only_in(trained, found);
  std::string text = "The feature names should match those that were passed during fit.";
  text += listed("Feature names unseen at fit time", unseen);
  text += listed("Feature names seen at fit time, yet now missing", missing);
  if (unseen.empty() && missing.empty()) {
    text += "\nFeature names must be in the same order as they were in fit.";
  }
  if (missing.empty()) {
    text += fmt::format("\n--reorder-columns takes the columns by their names{}.",
                        unseen.empty() ? "" : " and leaves out what the model does not know");
  }
  return text;
}

/// The estimator that meets the data: a pipeline's first.
std::string first_estimator(const Model& model) {
  return parse_expression(model.expression()).steps.front().estimator.name;
}

/// Some columns of a row, in another order.
class ColumnsByName final : public Model {
 public:
  ColumnsByName(Index columns, std::vector<Index> chosen)
      : columns_(columns), chosen_(std::move(chosen)) {}

  Index features() const override { return columns_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return std::ssize(chosen_); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override {
    std::vector<char> where(static_cast<std::size_t>(columns_), 1);
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      if (!behind.in(static_cast<Index>(i))) where[static_cast<std::size_t>(chosen_[i])] = 0;
    }
    return MayMiss(std::move(where));
  }
  Schema columns_behind(const Schema& in) const override { return in.chosen(chosen_); }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      const double* from = x.row(i);
      double* to = out.row(i);
      for (const Index c : chosen_) *to++ = from[c];
    }
  }
  void save(const AttributeWriter&) const override {
    throw std::logic_error("a choice of columns belongs to one file of data");
  }

 private:
  Index columns_;
  std::vector<Index> chosen_;
};

/// Where each of the model's columns is in the data.
std::vector<Index> positions(const Names& trained, const Dataset& data) {
  const Names& found = data.feature_names();
  if (!only_in(trained, found).empty()) {
    throw DataError(fmt::format("{}: {}", data.x_name(), difference(trained, found)));
  }
  std::unordered_map<std::string, std::vector<Index>> places;
  for (std::size_t c = 0; c < found.size(); ++c) {
    places[found[c]].push_back(static_cast<Index>(c));
  }
  std::vector<Index> chosen;
  for (const std::string& name : trained) {
    const std::vector<Index>& at = places[name];
    if (at.size() > 1) {
      throw DataError(fmt::format(
          "{} has {} columns called '{}', so --reorder-columns cannot tell which one is meant; "
          "give every column a name of its own",
          data.x_name(), at.size(), shown_name(name)));
    }
    chosen.push_back(at.front());
  }
  return chosen;
}

ModelPtr behind_choice(const ModelPtr& model, const Dataset& data) {
  const std::vector<Index> chosen = positions(model->feature_names(), data);
  std::vector<PipelineModel::Step> steps = {
      {"columns", std::make_shared<ColumnsByName>(data.columns(), chosen)}};
  steps.push_back({"model", model});
  auto whole = std::make_shared<PipelineModel>(std::move(steps));
  whole->set_expression(model->expression());
  whole->set_columns(model->columns());
  return whole;
}

}  // namespace

std::string shown_name(const std::string& name, std::size_t width) {
  const std::string quoted = Value(shorten(name, width)).repr();
  return quoted.substr(1, quoted.size() - 2);
}

namespace {

const char* words_for(const Column& column) {
  if (column.kind == ColumnKind::category) return "a category";
  return column.kind == ColumnKind::text ? "free text" : "a column of numbers";
}

/// Numbers the categories of the data as those of the model; `places`: of the model's columns.
void match_levels(const Model& model, Dataset& data, const std::vector<Index>& places) {
  const Schema& trained = model.columns();
  if (trained.are_numbers() && data.schema().are_numbers()) return;
  std::vector<Column> columns = data.schema().columns();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Column& wanted = trained[static_cast<Index>(i)];
    Column& found = columns[static_cast<std::size_t>(places[i])];
    if (wanted.is_number() != found.is_number() ||
        (wanted.levels == nullptr) != (found.levels == nullptr)) {
      throw DataError(fmt::format("{}: column '{}' is {} there, but the model was trained on {}",
                                  data.x_name(), shown_name(found.name), words_for(found),
                                  words_for(wanted)));
    }
    found.levels = wanted.levels;
  }
  data.set_levels(Schema(std::move(columns)));
}

std::vector<Index> in_order(Index n) {
  std::vector<Index> places(static_cast<std::size_t>(n));
  std::iota(places.begin(), places.end(), Index{0});
  return places;
}

}  // namespace

MatchedModel match_columns(const ModelPtr& model, Dataset& data, ColumnOrder order) {
  const Names& trained = model->feature_names();
  const Names& found = data.feature_names();
  if (order == ColumnOrder::by_name && (trained.empty() || found.empty())) {
    throw DataError(fmt::format(
        "--reorder-columns goes by the names of the columns, but {} none; leave it out",
        trained.empty() ? std::string("the model was trained on data that had")
                        : fmt::format("{} has no /feature_names, so there are", data.path())));
  }
  if (trained.empty() && found.empty()) return {model, ""};
  if (trained.empty()) {
    return {model, fmt::format("{} has feature names, but {} was fitted without feature names",
                               data.x_name(), first_estimator(*model))};
  }
  if (found.empty()) {
    return {model, fmt::format("{} does not have valid feature names, but {} was fitted with "
                               "feature names",
                               data.x_name(), first_estimator(*model))};
  }
  if (trained == found) {
    match_levels(*model, data, in_order(data.columns()));
    return {model, ""};
  }
  if (order == ColumnOrder::by_name) {
    match_levels(*model, data, positions(trained, data));
    return {behind_choice(model, data), ""};
  }
  throw DataError(fmt::format("{}: {}", data.x_name(), difference(trained, found)));
}

}  // namespace superstep
