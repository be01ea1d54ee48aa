// SPDX-License-Identifier: BSD-3-Clause
#include "app/command.hpp"

#include <fmt/format.h>

#include <chrono>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>

#include "app/progress_bar.hpp"
#include "app/streams.hpp"

namespace superstep::app {

namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string passes_text(const Counters& counters) {
  std::string text = fmt::format("{} pass{}", counters.passes, counters.passes == 1 ? "" : "es");
  if (counters.sample_passes > 0) {
    text += fmt::format(" and {} over a sample", counters.sample_passes);
  }
  return text;
}

Context::Context(Session& session, const CommonOptions& common, ProgressBar& bar, double start_s)
    : session_(session), common_(common), bar_(bar), start_s_(start_s) {}

double Context::seconds() const { return now_s() - start_s_; }

void Context::result(Json json, const std::string& text, const std::string& remarks) {
  on_root(comm(), [&] {
    bar_.erase();
    if (!common_.json) return print_result(common_.quiet ? text : text + remarks);
    json.set("seconds", seconds());
    json.set("seconds_read", engine().counters().seconds_read);
    print_result(json.dump() + "\n");
  });
}

void Context::add_costs(Json& json) {
  json.set("ranks", comm().size()).set("threads", common_.threads);
  for_each_counter(comm().counters(), [&](const CounterInfo& info, auto value) {
    if (*info.key != '\0') json.set(info.key, value);
  });
  json.set("budget_bytes", engine().budget().bytes)
      .set("budget_source", engine().budget().source)
      .set("peak_memory_bytes", peak_resident_bytes());
}

void Context::note(const std::string& text) const {
  if (!comm().is_root() || common_.quiet) return;
  bar_.erase();
  print_message(printable(text) + "\n");
}

void Context::warn(const std::string& text) const {
  if (!comm().is_root()) return;
  bar_.erase();
  print_message(fmt::format("superstep: warning: {}\n", printable(text)));
}

void DataChoice::describe(CommandLine& line) {
  line.heading("data");
  line.option("x", "PATH", options.x, "dataset of the features, or group of a table's columns");
  line.option("y", "PATH", options.y, "dataset of the targets, or name of a table's column");
  line.option("weight", "PATH", options.weight,
              "dataset of the row weights, or name of a table's column");
  line.option("rows", "N", options.rows, "use the first N rows only");
  line.option("sample", "F", options.sample,
              "use a fraction of the rows, drawn from the seed in small runs");
}

void DataChoice::describe_groups(CommandLine& line) {
  line.heading("data");
  line.option("groups", "PATH", options.groups,
              "dataset of the groups, numbers or text, that GroupKFold and the like need");
}

Data DataChoice::open(Context& context, const std::string& path) const {
  DataOptions chosen = options;
  chosen.seed = static_cast<std::uint64_t>(context.common().seed);
  return context.session().open(path, chosen);
}

}  // namespace superstep::app
