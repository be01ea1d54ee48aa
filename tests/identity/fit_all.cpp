// SPDX-License-Identifier: BSD-3-Clause
// Fits every estimator named on standard input in ways that must not be seen in the model, and
// prints the hash of each model file. One program for all fits, because starting MPI takes longer
// than most of them. usage: fit_all FOLDER < LINES, where a line is X TAB TARGET TAB ESTIMATOR TAB
// WAYS, and ways, between commas, are such as "2 threads streamed gzip" and "1 threads memory
// plain".
#include <fmt/core.h>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/text.hpp>
#include <superstep/io/atomic_file.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/learn/session.hpp>

namespace {

using namespace superstep;

struct Way {
  int threads = 0;
  bool streams = false;
  std::string data;
};

std::vector<Way> ways_of(const std::string& text) {
  std::vector<Way> ways;
  std::istringstream all(text);
  for (std::string one; std::getline(all, one, ',');) {
    std::istringstream words(one);
    Way way;
    std::string unit, memory;
    words >> way.threads >> unit >> memory >> way.data;
    way.streams = memory == "streamed";
    ways.push_back(way);
  }
  return ways;
}

/// The budget that a refusal asks for, to one digit behind the point, and a little more. Whole MiB,
/// which it names as well, may have room for all blocks of a rank.
std::size_t memory_asked_for(const AgreedError& refusal) {
  const std::string text = refusal.what();
  const std::string before = "needs at least ";
  const std::size_t at = text.find(before) + before.size();
  const std::string least = text.substr(at, text.find(" of memory", at) - at);
  return static_cast<std::size_t>(parse_bytes(least)) + (std::size_t{1} << 16);
}

/// Fits in ample memory, or streams on every rank: with the least budget that will do.
ModelPtr fit_with(const Communicator& comm, const Estimator& estimator,
                  const std::shared_ptr<Dataset>& data, EngineOptions options, bool streams) {
  options.memory = streams ? 1 : std::size_t{1} << 30;
  for (;;) {
    Engine engine(comm, options);
    try {
      auto model = fit(engine, estimator, data);
      const bool looks_at_rows = comm.max(engine.counters().passes) > 0;
      if (looks_at_rows && (comm.min(engine.counters().blocks_streamed) > 0) != streams) {
        throw std::logic_error(
            fmt::format("{} on {} ranks with {} threads does not stream as asked",
                        estimator.expression(), comm.size(), options.threads));
      }
      return model;
    } catch (const AgreedError& e) {
      if (e.exit_code() != ExitCode::memory) throw;
      options.memory = memory_asked_for(e);
    }
  }
}

std::string fit_once(const Communicator& comm, const Estimator& estimator,
                     const std::vector<std::string>& names, const std::string& folder,
                     const Way& way) {
  DataOptions options;
  options.x = "/" + names[0];
  options.y = "/" + names[1];
  options.readers = way.threads;
  const auto data = Dataset::open(comm, folder + "/" + way.data + ".h5", options);
  EngineOptions engine_options;
  engine_options.threads = way.threads;
  engine_options.seed = 3;
  const auto model = fit_with(comm, estimator, data, engine_options, way.streams);
  const std::string file = fmt::format("{}/model{}.h5", folder, comm.size());
  save_model(comm, *model, file);
  std::string bytes;
  on_root(comm, [&] { bytes = read_file(file); });
  return fmt::format("{:016x}", hash_bytes(bytes.data(), bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  Session session(argc, argv);
  const Communicator& comm = session.comm();
  std::string lines;
  if (comm.is_root()) {
    std::ostringstream all;
    all << std::cin.rdbuf();
    lines = all.str();
  }
  std::istringstream in(comm.broadcast(lines));
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> words(4);
    std::istringstream parts(line);
    for (std::string& word : words) std::getline(parts, word, '\t');
    const auto estimator = make_estimator(words[2]);
    for (const Way& way : ways_of(words[3])) {
      const std::string hash = fit_once(comm, *estimator, words, argv[1], way);
      session.print("{}\t{} ranks, {} threads, {}, {}\t{}\n", words[2], comm.size(), way.threads,
                    way.streams ? "streamed" : "in memory", way.data, hash);
    }
  }
}
