// SPDX-License-Identifier: BSD-3-Clause
// Threads and progress for the commands that go through rows without the engine's passes: make,
// import, check.
#pragma once

#include <memory>
#include <string>

#include <superstep/data/dataset_writer.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/engine/thread_pool.hpp>

#include "app/command.hpp"

namespace superstep::app {

class BulkWork {
 public:
  explicit BulkWork(Context& context);

  /// Tasks of this rank on the threads of --threads; the watch of other ranks is answered
  /// meanwhile.
  ParallelFor parallel_for();
  /// What is done from now on, for those who watch.
  void begin(const std::string& what, Index rows, std::size_t bytes);
  void update(double fraction);
  /// For write_dataset.
  WriteMeans write_means();

 private:
  void run(Index n, const std::function<void(Index)>& task);

  Context& context_;
  std::unique_ptr<ThreadPool> pool_;
  Index phase_ = 0;
};

/// --chunk-rows and --compress, the same for every command that writes a dataset.
struct StorageOptions {
  std::optional<Index> chunk_rows;
  Index compress = 0;
  void describe(CommandLine& line);
  /// UsageError names the range.
  StorageChoice choice() const;
};

}  // namespace superstep::app
