// SPDX-License-Identifier: BSD-3-Clause
// Work for which no rows are needed: every rank could do all of it and get the same bits, so each
// task is done once, and the results are exchanged.
#include <superstep/engine/tasks.hpp>

#include <algorithm>
#include <atomic>
#include <exception>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include "engine/engine_impl.hpp"

namespace superstep {

namespace {

/// The tasks of a share, on one thread.
void do_tasks(const Share& share, const std::function<Engine::DoTask()>& worker,
              std::vector<std::byte>* results) {
  const Engine::DoTask task = worker();
  for (Index i = share.begin; i < share.end; ++i) *results++ = task(i);
}

}  // namespace

// As many threads as there is memory for: between passes what they take is free.
void Engine::Impl::do_tasks_on_threads(const Share& share, const std::function<DoTask()>& worker,
                                       std::vector<std::byte>* results) {
  const int threads = static_cast<int>(
      std::min({Index{workers()}, share.size(), reserved_.solvers(workers_.size())}));
  if (threads <= 1) return do_tasks(share, worker, results);
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(threads));
  pool_.run(
      [&](int number) {
        if (number >= threads) return;
        const Share part = share_of(share.size(), number, threads);
        try {
          do_tasks({share.begin + part.begin, share.begin + part.end}, worker,
                   results + part.begin);
        } catch (...) {
          failures[static_cast<std::size_t>(number)] = std::current_exception();
        }
      },
      [] {});
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

std::vector<std::vector<std::byte>> Engine::tasks(Index count,
                                                  const std::function<DoTask()>& worker) {
  // One task is done by everybody sooner than it is told.
  const bool is_shared = comm_.size() > 1 && count > 1;
  const Share share = is_shared ? share_of(count, comm_.rank(), comm_.size()) : Share{0, count};
  std::vector<std::vector<std::byte>> results(static_cast<std::size_t>(share.size()));
  const auto work = [&] {
    const Stretch solving(events_, {.kind = Event::Kind::tasks});
    answering(comm_, [&] { impl_->do_tasks_on_threads(share, worker, results.data()); });
    if (count > 1) solving.end({.blocks = share.size()});
  };
  if (!is_shared) {
    work();
    return results;
  }
  collectively(comm_, work);
  ByteWriter mine;
  for (const std::vector<std::byte>& result : results) mine.put(result);
  results.clear();
  for (const std::vector<std::byte>& bytes : comm_.gather_all(mine.take())) {
    for (ByteReader in(bytes); !in.at_end();) results.push_back(in.values<std::byte>());
  }
  return results;
}

// The calling thread answers between its pieces and while it waits.
void Engine::Impl::on_threads(Index count, const std::function<void(Index)>& piece) {
  std::atomic<Index> next = 0;
  std::vector<std::exception_ptr> failures(workers_.size());
  pool_.run(
      [&](int number) {
        try {
          for (Index i = next++; i < count; i = next++) {
            piece(i);
            if (number == 0) engine_.comm_.answer();
          }
        } catch (...) {
          failures[static_cast<std::size_t>(number)] = std::current_exception();
          next = count;
        }
      },
      [&] { engine_.comm_.answer(); });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

void Engine::on_threads(Index count, const std::function<void(Index)>& piece) {
  impl_->on_threads(count, piece);
}

void Engine::replicated(const std::function<void()>& work) { answering(comm_, work); }

}  // namespace superstep
