// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/session.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>

#include <superstep/comm/agreement.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/apply.hpp>
#include <superstep/learn/estimator.hpp>
#include <superstep/learn/feature_names.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/metrics/score.hpp>
#include <superstep/learn/registry.hpp>

namespace superstep {

namespace {

const Communicator* session_comm = nullptr;

/// One write, so that the lines of several ranks do not run into each other.
void write_line(const std::string& text) {
  const std::string line = text + "\n";
  std::fflush(stdout);
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) { /* nobody to tell */
  }
}

void write_error(const std::string& message) {
  write_line("superstep: error: " + printable(message));
}

[[noreturn]] void terminate_session() {
  if (session_comm != nullptr && std::current_exception()) {
    try {
      throw;
    } catch (...) {
      end_with_current_exception(*session_comm);
    }
  }
  std::abort();
}

}  // namespace

void end_with_current_exception(const Communicator& comm) {
  try {
    throw;
  } catch (const AgreedError& e) {
    if (comm.is_root()) write_error(e.what());
    comm.barrier();  // nobody leaves before the message is out
    const bool is_root = comm.is_root();
    const bool is_alone = comm.size() == 1;
    Environment::finalize();
    // srun --kill-on-bad-exit ends the others with a signal when the first rank fails, and hands on
    // that signal instead of our code. So the root alone fails, when the others have gone.
    if (!is_root) std::_Exit(0);
    if (!is_alone) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::_Exit(static_cast<int>(e.exit_code()));
  } catch (...) {
    const LocalStatus status = status_of_current_exception();
    write_error(
        status.message +
        (comm.size() > 1 ? fmt::format(" (rank {} on host {})", comm.rank(), host_name()) : ""));
    comm.abort(static_cast<int>(status.code));
  }
}

Session::Session(int& argc, char**& argv, const EngineOptions& options)
    : environment_(std::make_unique<Environment>(argc, argv)),
      own_comm_(std::make_unique<Communicator>(Communicator::world())),
      comm_(own_comm_.get()) {
  session_comm = comm_;
  std::set_terminate(terminate_session);
  Told told = told_by_surroundings();
  told.emplace_back("the seed", std::to_string(options.seed));
  require_same(*comm_, told);
  EngineOptions with_own = options;
  with_own.taken = std::max(options.taken, taken_by_process());
  engine_ = std::make_unique<Engine>(*comm_, with_own);
}

Session::Session(const Communicator& comm, const EngineOptions& options)
    : comm_(&comm), engine_(std::make_unique<Engine>(comm, options)) {}

Session::~Session() {
  if (own_comm_) session_comm = nullptr;
}

Data Session::open(const std::string& path, const DataOptions& options) {
  DataOptions with_readers = options;
  with_readers.readers = engine_->options().threads;
  return Data(*this, Dataset::open(*comm_, path, with_readers));
}

Fitted Session::load(const std::string& path) { return Fitted(*this, load_model(*comm_, path)); }

Fitted Estimator::fit(const Data& data) const {
  return Fitted(data.session(), superstep::fit(data.session().engine(), *this, data.dataset()));
}

Matrix Fitted::attribute(const std::string& name) const {
  Tree tree;
  model_->save(AttributeWriter(tree, "/"));
  const TreeDataset* found = tree.find("/" + name);
  if (found != nullptr && std::holds_alternative<TreeArray<std::int64_t>>(*found)) {
    const std::vector<std::int64_t>& values = std::get<TreeArray<std::int64_t>>(*found).values;
    Matrix row(1, std::ssize(values));
    std::ranges::transform(values, row.data(),
                           [](std::int64_t v) { return static_cast<double>(v); });
    return row;
  }
  const TreeArray<double>& array = tree.doubles("/" + name);
  const auto n = static_cast<Index>(array.values.size());
  const Index rows = array.shape.size() == 2 ? array.shape[0] : 1;
  return MatrixView(array.values.data(), rows, n / std::max<Index>(rows, 1));
}

ModelPtr Fitted::model_for(const Data& data) const {
  MatchedModel matched;
  collectively(session_->comm(), [&] { matched = match_columns(model_, *data.dataset()); });
  if (!matched.warning.empty() && session_->comm().is_root()) {
    write_line("superstep: warning: " + matched.warning);
  }
  return matched.model;
}

double Fitted::score(const Data& data) const {
  std::string metric;
  collectively(session_->comm(), [&] { metric = default_metric(*model_); });
  return score(data, metric);
}

double Fitted::score(const Data& data, const std::string& metric) const {
  const ModelPtr model = model_for(data);
  return superstep::score(session_->engine(), *model, data.dataset(), std::span(&metric, 1))
      .front();
}

void Fitted::write(Method method, const Data& data, const std::string& path) const {
  const ModelPtr model = model_for(data);
  write_output(session_->engine(), *model, method, data.dataset(), path);
}

void Fitted::save(const std::string& path) const { save_model(session_->comm(), *model_, path); }

}  // namespace superstep
