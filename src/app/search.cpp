// SPDX-License-Identifier: BSD-3-Clause
// superstep search ESTIMATOR DATA --grid "{'C': [0.1, 1]}"
#include <fmt/format.h>

#include <algorithm>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/io/atomic_file.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/select/plan.hpp>
#include <superstep/select/search.hpp>

#include "app/commands.hpp"
#include "app/evaluation_choice.hpp"
#include "app/scikit_learn_calls.hpp"
#include "app/search_table.hpp"
#include "app/shown.hpp"

namespace superstep::app {

namespace {

class SearchCommand final : public Command {
 public:
  std::string name() const override { return "search"; }
  std::string summary() const override { return "find the best hyper-parameters"; }
  std::string details() const override {
    return "examples:\n"
           "  superstep search \"LogisticRegression()\" train.h5 --grid \"{'C': np.logspace(-3, 2, "
           "10)}\" --cv 5 --model best.h5\n"
           "  superstep search \"make_pipeline(StandardScaler(), PCA(), LogisticRegression())\" "
           "train.h5 \\\n"
           "    --random \"{'pca__n_components': randint(2, 40), 'logisticregression__C': "
           "loguniform(1e-3, 1e3)}\" --iterations 60 --strategy halving\n\n"
           "All candidates and folds are trained in the same passes over the data. A whole step of "
           "a\n"
           "pipeline is exchanged by its name: \"{'clf': [LogisticRegression(), "
           "GaussianNB()]}\".\n";
  }

  void describe(CommandLine& line) override {
    line.argument("ESTIMATOR", expression_, "as in scikit-learn: \"Ridge()\"");
    line.input("DATA", data_, "HDF5 file with /X and /y");
    line.option("grid", "GRID", grid_,
                "every combination of \"{'alpha': [0.1, 1]}\", or of a list of these");
    line.option("random", "SPACE", random_, "draws from lists and loguniform, uniform, randint");
    line.option("iterations", "N", iterations_, "how many draws");
    line.option("strategy", "NAME", strategy_, "full, halving or hyperband");
    line.option("factor", "N", factor_, "of halving and hyperband: the best 1/N go on; 3");
    line.option("resource", "NAME", resource_,
                "what they deal out: rows, or a parameter such as max_iter");
    line.option("min-resources", "N", settings_.min_resources,
                "rows or iterations of the first rung of halving");
    line.option("max-resources", "N", settings_.max_resources,
                "rows or iterations of the last rung; of hyperband with rows: parts all are cut "
                "into, 81 where there are enough");
    line.option("refit", "METRIC", refit_, "which of several metrics decides; the first otherwise");
    line.output_option("results", results_, Content::cv_results,
                       "CSV like scikit-learn's cv_results_");
    line.output_option("model", model_, Content::model, "the best candidate, trained on all rows");
    line.option("teams", "N", settings_.teams,
                "groups of ranks that train what shares no passes side by side; chosen from the "
                "plan otherwise");
    line.flag("dry-run", dry_run_, "print the plan and read nothing but the targets");
    choice_.describe(line);
  }

  void validate() override {
    estimator_ = estimator_of(expression_, data_);
    choice_.validate(*estimator_);
    check_strategy();
    settings_.error_score = choice_.error_score();
    if (choice_.train_scores && !results_) {
      throw UsageError("--train-scores are written into --results FILE; give one");
    }
    if (grid_.has_value() == random_.has_value()) {
      throw UsageError("a search needs either --grid or --random: --grid \"{'alpha': [0.1, 1]}\"");
    }
    if (settings_.teams && *settings_.teams < 1) {
      throw UsageError(fmt::format("--teams must be at least 1, got {}", *settings_.teams));
    }
    if (grid_ && iterations_)
      throw UsageError("--iterations goes with --random; a grid has its own size");
    if (random_ && iterations_.value_or(10) < 1) {
      throw UsageError(fmt::format("--iterations must be at least 1, got {}", *iterations_));
    }
  }

  void run(Context& context) override {
    const int ranks = context.comm().size();
    if (settings_.teams.value_or(1) > ranks) {
      throw AgreedError(
          ExitCode::usage,
          fmt::format("--teams {} needs as many ranks at least, there {} {}; start "
                      "more (mpirun -n {}), or leave it out",
                      *settings_.teams, ranks == 1 ? "is" : "are", ranks, *settings_.teams));
    }
    const FoldedData folds = choice_.open(context, data_, *estimator_);
    std::unique_ptr<Search> search;
    collectively(context.comm(), [&] { search = make_search(context, folds.splits.size()); });
    for (const std::string& w : notes_) context.warn(w);
    if (dry_run_) {
      show_plan(context, *search, folds);
      return;
    }
    const FoldSource source = [&](double fraction) {
      return choice_.open_fraction(context, data_, folds, fraction);
    };
    const double before_s = context.seconds() - context.engine().counters().seconds_read;
    const SearchResult result = search->run(context.engine(), source);
    search_s_ = context.seconds() - context.engine().counters().seconds_read - before_s;
    for (const std::string& w : result.warnings) context.warn(w);
    if (results_) on_root(context.comm(), [&] { write_file(*results_, cv_results_csv(result)); });
    std::string trained;
    if (model_) trained = refit(context, *search, result, folds);
    report(context, *search, result, trained);
  }

 private:
  void check_strategy() {
    const std::vector<std::string> names = {"full", "halving", "hyperband"};
    const auto found = std::ranges::find(names, strategy_);
    if (found == names.end()) {
      throw UsageError(fmt::format("there is no --strategy '{}'; {}", strategy_,
                                   did_you_mean(strategy_, names)));
    }
    settings_.strategy = static_cast<Strategy>(found - names.begin());
    const bool has_rungs = settings_.strategy != Strategy::full;
    if (!has_rungs &&
        (factor_ || resource_ || settings_.min_resources || settings_.max_resources)) {
      throw UsageError(
          "--factor, --resource, --min-resources and --max-resources are for --strategy halving or "
          "hyperband");
    }
    settings_.factor = factor_.value_or(settings_.factor);
    settings_.resource = resource_.value_or(settings_.resource);
  }

  /// As many candidates as half of the budget has room for: settings, fits and results of each, as
  /// measured, with a little to spare.
  static Index most_candidates(Context& context, std::size_t splits) {
    const std::size_t bytes = 4096 + 1024 * splits;
    const auto room = static_cast<Index>(context.engine().budget().for_work() / 2 / bytes);
    return std::clamp<Index>(room, 1000, most_settings);
  }

  std::unique_ptr<Search> make_search(Context& context, std::size_t splits) {
    settings_.scoring = choice_.metrics();
    settings_.train_scores = choice_.train_scores;
    settings_.refit = refit_.value_or(settings_.scoring.front());
    if (std::ranges::find(settings_.scoring, settings_.refit) == settings_.scoring.end()) {
      throw UsageError(fmt::format("--refit {} is none of the metrics of --scoring; {}",
                                   settings_.refit,
                                   did_you_mean(settings_.refit, settings_.scoring)));
    }
    const auto seed = static_cast<std::uint64_t>(context.common().seed);
    const Index draws = iterations_.value_or(10);
    const Index most = most_candidates(context, splits);
    std::vector<ParamSetting> settings =
        grid_ ? expand_grid(*grid_, most) : draw_settings(*random_, draws, seed, most);
    if (random_ && static_cast<Index>(settings.size()) < draws) {
      notes_.push_back(
          fmt::format("The total space of parameters {} is smaller than --iterations {}; all of "
                      "them are tried",
                      settings.size(), draws));
    }
    return std::make_unique<Search>(*estimator_, std::move(settings), settings_);
  }

  /// Of a strategy with rungs: what all candidates would take with all resources, and the rungs.
  void show_plan(Context& context, const Search& search, const FoldedData& folds) const {
    PlannedWork work{{},
                     folds,
                     choice_.folds_in_words(),
                     choice_.metrics(),
                     choice_.train_scores,
                     model_.has_value(),
                     settings_.teams};
    for (Index i = 0; i < search.size(); ++i) work.candidates.push_back(search.candidate(i));
    const WorkPlan plan = plan_work(context.engine(), work);
    std::string text = shown_plan(plan);
    Json json = plan.json();
    if (settings_.strategy != Strategy::full) add_rungs(context, search, folds, json, text);
    context.result(std::move(json), text);
  }

  void add_rungs(Context& context, const Search& search, const FoldedData& folds, Json& json,
                 std::string& text) const {
    std::vector<Bracket> brackets;
    const bool has_classes = search.candidate(0)->target() == Target::classes;
    const Index classes = has_classes ? folds.data->classes(context.comm()).size() : Index{0};
    collectively(context.comm(), [&] { brackets = search.brackets(rows_at_hand(folds, classes)); });
    text += fmt::format("\nThat is for all candidates with everything; {} deals out:\n", strategy_);
    Json list = Json::array();
    for (const Bracket& bracket : brackets) {
      Json rungs = Json::array();
      for (const Rung& rung : bracket) {
        text += fmt::format("  {} x {}", rung.candidates, rung.resources);
        rungs.push_back(Json(std::vector<Index>{rung.candidates, rung.resources}));
      }
      text += "\n";
      list.push_back(std::move(rungs));
    }
    json.set("brackets", std::move(list));
  }

  /// Trains the best candidate on all rows; returns its expression.
  std::string refit(Context& context, const Search& search, const SearchResult& result,
                    const FoldedData& folds) {
    const SearchRow& best = result.rows[static_cast<std::size_t>(result.best)];
    const auto estimator = estimator_->clone();
    for (const auto& [param, value] : best.params) estimator->set(param, value);
    if (search.options().strategy != Strategy::full && search.options().resource != "rows") {
      estimator->set(search.options().resource, best.resources);
    }
    const ModelPtr model = superstep::fit(context.engine(), *estimator, folds.data);
    save_model(context.comm(), *model, *model_);
    for (const std::string& w : model->report().warnings) context.warn(w);
    return model->expression();
  }

  void report(Context& context, const Search& search, const SearchResult& result,
              const std::string& trained) const {
    const SearchRow& best = result.rows[static_cast<std::size_t>(result.best)];
    const double score = result.mean(result.best, result.decisive());
    Json params = Json::object();
    for (const auto& [param, value] : best.params) params.set(param, Json(value));
    Json json = Json::object();
    json.set("best_params", std::move(params))
        .set("best_score", score)
        .set("best_index", result.best)
        .set("n_candidates", search.size())
        .set("n_splits", result.n_splits)
        .set("scoring", result.scoring)
        .set("refit", result.refit);
    if (model_) json.set("model", *model_).set("estimator", trained);
    if (results_) json.set("results", *results_);
    json.set("warnings", result.warnings)
        .set("seconds_search", search_s_)
        .set("teams", result.teams)
        .set("stages_found", context.engine().ledger().found());
    context.add_costs(json);
    std::string text =
        fmt::format("best {} {} (mean over {} fold{})\n  {}\n", result.refit, shown_number(score),
                    result.n_splits, result.n_splits == 1 ? "" : "s", shown_setting(best.params));
    text += best_candidates(result);
    std::string remarks = fmt::format(
        "{} candidate{}, {} in {} on {} rank{}\n", search.size(), search.size() == 1 ? "" : "s",
        passes_text(context.engine().counters()), format_duration(context.seconds()),
        context.comm().size(), context.comm().size() == 1 ? "" : "s");
    if (results_) remarks += fmt::format("wrote {}\n", *results_);
    if (model_) remarks += fmt::format("wrote {}: {}\n", *model_, shown_expression(trained));
    context.result(std::move(json), text, remarks);
  }

  std::string expression_;
  std::string data_;
  std::optional<std::string> grid_;
  std::optional<std::string> random_;
  std::optional<Index> iterations_;
  std::string strategy_ = "full";
  std::optional<Index> factor_;
  std::optional<std::string> resource_;
  std::optional<std::string> refit_;
  std::optional<std::string> results_;
  std::optional<std::string> model_;
  bool dry_run_ = false;
  double search_s_ = 0.0;  ///< waiting for files and refitting left out
  SearchOptions settings_;
  EvaluationChoice choice_;
  std::unique_ptr<Estimator> estimator_;
  std::vector<std::string> notes_;
};

}  // namespace

std::unique_ptr<Command> search_command() { return std::make_unique<SearchCommand>(); }

}  // namespace superstep::app
