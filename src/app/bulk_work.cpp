// SPDX-License-Identifier: BSD-3-Clause
#include "app/bulk_work.hpp"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <mutex>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

namespace superstep::app {

BulkWork::BulkWork(Context& context) : context_(context) {
  collectively(context.comm(), [&] {
    pool_ = std::make_unique<ThreadPool>(static_cast<int>(context.common().threads));
  });
}

void BulkWork::run(Index n, const std::function<void(Index)>& task) {
  std::atomic<Index> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  Index failed_task = n;
  const auto answer = [&] { context_.comm().answer(); };
  pool_->run(
      [&](int worker) {
        for (Index i = next++; i < n; i = next++) {
          try {
            task(i);
            if (worker == 0) answer();
          } catch (...) {
            // Tasks begin in order, so those before the first failing one have begun and will
            // finish.
            const std::lock_guard lock(mutex);
            if (i < failed_task) {
              failed_task = i;
              failure = std::current_exception();
            }
            next = n;
          }
        }
      },
      answer);
  if (failure) std::rethrow_exception(failure);
}

ParallelFor BulkWork::parallel_for() {
  return [this](Index n, const std::function<void(Index)>& task) { run(n, task); };
}

void BulkWork::begin(const std::string& what, Index rows, std::size_t bytes) {
  context_.comm().events().publish({.kind = Event::Kind::bulk,
                                    .moment = Event::Moment::begins,
                                    .name = what,
                                    .bytes = static_cast<Index>(bytes),
                                    .rows = rows,
                                    .number = ++phase_});
}

void BulkWork::update(double fraction) {
  context_.comm().events().publish(
      {.kind = Event::Kind::bulk, .moment = Event::Moment::goes_on, .fraction = fraction});
}

WriteMeans BulkWork::write_means() {
  return {context_.engine().budget().for_work(), pool_->workers(), parallel_for(),
          [this](double fraction) { update(fraction); }, context_.engine().budget().taken};
}

void StorageOptions::describe(CommandLine& line) {
  line.heading("storage");
  line.option("chunk-rows", "N", chunk_rows, "store chunks of N rows, each with a checksum");
  line.option("compress", "LEVEL", compress, "deflate, 1 (fast) to 9 (small); 0: not compressed");
}

StorageChoice StorageOptions::choice() const {
  if (chunk_rows && *chunk_rows < 1) {
    throw UsageError(fmt::format("--chunk-rows must be at least 1, got {}", *chunk_rows));
  }
  if (compress < 0 || compress > 9) {
    throw UsageError(fmt::format("--compress must be between 0 and 9, got {}", compress));
  }
  return {chunk_rows.value_or(0), static_cast<int>(compress)};
}

}  // namespace superstep::app
