// SPDX-License-Identifier: BSD-3-Clause
#include "engine/side_by_side.hpp"

#include <algorithm>
#include <utility>

namespace superstep {

/// Trainings that were begun together.
struct SideBySide::Group {
  Running* waits = nullptr;  ///< for all of them to end; null: the caller of all
  std::vector<std::unique_ptr<Running>> members{};
  std::size_t left = 0;
  std::exception_ptr failure{};
};

struct SideBySide::Running {
  Running(Engine::Work work, Group& group_in, Task task_in, Journal* journal_in)
      : fiber(std::move(work.run)),
        need(work.need),
        group(group_in),
        task(std::move(task_in)),
        journal(journal_in) {}

  Fiber fiber;
  Footprint need;
  Group& group;
  Task task;
  Journal* journal;
  Wish* wish = nullptr;
};

void SideBySide::run(std::vector<Engine::Work> works) {
  if (works.size() == 1) return works.front().run();
  Group group{current_};
  // Unwound while the group stands; nobody else goes on with them.
  const auto end_all = [&](std::vector<std::unique_ptr<Running>>* members) {
    for (const auto& member : *members) forget(*member);
    Running* const caller = std::exchange(current_, nullptr);
    members->clear();
    current_ = caller;
  };
  const std::unique_ptr<std::vector<std::unique_ptr<Running>>, decltype(end_all)> ending(
      &group.members, end_all);
  for (Engine::Work& work : works) {
    group.members.push_back(std::make_unique<Running>(std::move(work), group, task(), journal()));
    ready_.push_back(group.members.back().get());
  }
  group.left = works.size();
  while (group.left > 0 && !group.failure) {
    if (current_ != nullptr) {
      current_->fiber.stop();
    } else if (!ready_.empty()) {
      go_on(*ready_.front());
    } else {
      grant_some();
    }
  }
  if (group.failure) std::rethrow_exception(group.failure);
}

void SideBySide::go_on(Running& training) {
  std::erase(ready_, &training);
  Group& group = training.group;
  current_ = &training;
  try {
    training.fiber.go_on();
  } catch (...) {
    group.failure = std::current_exception();
  }
  current_ = nullptr;
  if (!training.fiber.has_ended()) return;
  --group.left;
  // A failure is for whoever waits for it before anybody else, who might wait for other ranks.
  if (group.waits != nullptr && (group.left == 0 || group.failure)) {
    ready_.push_front(group.waits);
  }
}

void SideBySide::forget(const Running& training) {
  std::erase(ready_, &training);
  std::erase(waiting_, &training);
}

void SideBySide::ask(Wish& wish) {
  if (current_ == nullptr) {
    const Wanted wanted{&wish, &main_task_};
    return grant_(std::span(&wanted, 1));
  }
  current_->wish = &wish;
  waiting_.push_back(current_);
  current_->fiber.stop();
}

namespace {

/// Whether one pass over the blocks can serve both.
bool may_share(const Table& a, const Table& b) {
  const bool is_target_there =
      a.target == b.target || a.target == Target::none || b.target == Target::none;
  return a.data == b.data && a.block_stride == b.block_stride && a.may_miss == b.may_miss &&
         is_target_there;
}

}  // namespace

void SideBySide::grant_some() {
  const auto blocks = [](const Running* training) { return -training->wish->table().block_stride; };
  const Running* first = *std::ranges::min_element(waiting_, {}, blocks);
  std::vector<Wanted> wanted;
  std::vector<Running*> left;
  for (Running* training : waiting_) {
    const bool joins = may_share(training->wish->table(), first->wish->table()) &&
                       std::ranges::all_of(wanted, [&](const Wanted& other) {
                         return may_share(training->wish->table(), other.wish->table());
                       });
    if (joins) {
      wanted.push_back({training->wish, &training->task});
      ready_.push_back(training);
    } else {
      left.push_back(training);
    }
  }
  waiting_ = std::move(left);
  grant_(wanted);
}

Task& SideBySide::task() { return current_ == nullptr ? main_task_ : current_->task; }

Journal*& SideBySide::journal() { return current_ == nullptr ? main_journal_ : current_->journal; }

void SideBySide::keep_apart(std::vector<Engine::Work>& works) {
  if (journal() == nullptr) return;
  const std::span<Journal> parts = journal()->works(works.size());
  for (std::size_t i = 0; i < works.size(); ++i) {
    works[i].run = [this, run = std::move(works[i].run), &part = parts[i]] {
      Journal*& mine = journal();
      Journal* const whole = std::exchange(mine, &part);
      const auto go_back = [&](Journal*) { mine = whole; };
      const std::unique_ptr<Journal, decltype(go_back)> leaving(&part, go_back);
      run();
    };
  }
}

Footprint SideBySide::others() const {
  Footprint sum;
  for (const Running* one = current_; one != nullptr; one = one->group.waits) {
    for (const auto& member : one->group.members) {
      if (member.get() != one && !member->fiber.has_ended()) sum = sum + member->need;
    }
  }
  return sum;
}

}  // namespace superstep
