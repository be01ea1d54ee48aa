// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/core/notices.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace superstep {

namespace {

struct Notices {
  std::mutex mutex;
  std::vector<std::string> waiting;
  std::vector<std::string> all;  ///< the taken ones too: a grid says the same of every candidate
};

Notices& notices() {
  static Notices kept;
  return kept;
}

}  // namespace

void leave_notice(std::string text) {
  Notices& kept = notices();
  const std::lock_guard lock(kept.mutex);
  if (std::ranges::find(kept.all, text) != kept.all.end()) return;
  kept.all.push_back(text);
  kept.waiting.push_back(std::move(text));
}

std::vector<std::string> take_notices() {
  Notices& kept = notices();
  const std::lock_guard lock(kept.mutex);
  return std::exchange(kept.waiting, {});
}

}  // namespace superstep
