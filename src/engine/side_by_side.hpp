// SPDX-License-Identifier: BSD-3-Clause
// Trainings that run side by side on the calling thread. Each goes on until it wants a pass; when
// all of them want one, those that want rows of one dataset are granted theirs together, those that
// want few blocks first: they may join the others later. The order in which they go on is the same
// on every rank.
#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/engine/journal.hpp>
#include "engine/fiber.hpp"
#include "engine/wish.hpp"

namespace superstep {

/// What is told of a training to those who watch.
struct Task {
  std::string name{};
  Index expected_passes = 0;
  Index passes = 0;
  Index models = 0, models_done = 0;
};

/// A wish, and whose it is.
struct Wanted {
  Wish* wish;
  Task* task;
};

class SideBySide {
 public:
  using Grant = std::function<void(std::span<const Wanted>)>;
  explicit SideBySide(Grant grant) : grant_(std::move(grant)) {}
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  /// Returns when all works have ended. The first failure that leaves one of them ends the others,
  /// wherever they are, and is thrown. A work may do the same in turn.
  void run(std::vector<Engine::Work> works);
  /// Returns when the wish has been granted, or has failed.
  void ask(Wish& wish);

  /// Of the training that is running, or of the caller of all.
  Task& task();
  /// Likewise; null where nothing is noted.
  Journal*& journal();
  /// Gives each work the journal that it has at this place, however they are run.
  void keep_apart(std::vector<Engine::Work>& works);
  /// What other trainings need at the same time as the one that is running.
  Footprint others() const;

 private:
  struct Group;
  struct Running;

  void go_on(Running& training);
  void grant_some();
  void forget(const Running& training);

  Grant grant_;
  Task main_task_;
  Journal* main_journal_ = nullptr;
  Running* current_ = nullptr;     ///< null: the caller of all
  std::deque<Running*> ready_;     ///< to go on, in this order
  std::vector<Running*> waiting_;  ///< each for a wish, in the order in which they asked
};

}  // namespace superstep
