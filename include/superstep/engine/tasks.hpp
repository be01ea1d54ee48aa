// SPDX-License-Identifier: BSD-3-Clause
// Work for which no rows are needed, handed out over the threads and ranks (Engine::tasks), with
// results of any type that `result.fields(archive)` describes:
//
//   const auto fits = tasks(engine, count, [&] {
//     return [&, moments = Moments{}](Index i) mutable { ...; return fit; };
//   });
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include <superstep/core/state_bytes.hpp>
#include <superstep/engine/engine.hpp>

namespace superstep {

/// What `worker()` gives does the tasks of one thread: its number in, the result out. It may keep
/// what neighbours have in common. **Collective.**
template <class Worker>
auto tasks(Engine& engine, Index count, const Worker& worker) {
  using Result = std::invoke_result_t<std::invoke_result_t<Worker>&, Index>;
  const auto packing = [&]() -> Engine::DoTask {
    return [task = worker()](Index i) mutable {
      Result result = task(i);
      StateWriter out;
      result.fields(out);
      return out.take();
    };
  };
  std::vector<Result> results;
  for (const std::vector<std::byte>& bytes : engine.tasks(count, packing)) {
    StateReader in(bytes);
    results.emplace_back().fields(in);
    in.require_end();
  }
  return results;
}

}  // namespace superstep
