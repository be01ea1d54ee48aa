// SPDX-License-Identifier: BSD-3-Clause
// The ledger: finished stages, found again by their names (rule 6). A name is made of everything
// the stage depends on (the data, the rows it may see, the steps in front of it, its parameters)
// and of nothing else, so whoever needs the same stage gives it the same name.
//
// Stages are kept in memory for the life of the engine. Every rank keeps the same ones.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// What a finished stage leaves behind: replicated, immutable.
class StageState {
 public:
  virtual ~StageState() = default;
};

/// "data 3f2a... | KFold(n_splits=5)#2 | StandardScaler() | Ridge(alpha=1.0)", and its hash.
class StageName {
 public:
  /// Parts in the order of what came first; an empty part is left out.
  explicit StageName(const std::vector<std::string>& parts);
  const std::string& text() const { return text_; }
  /// 16 hexadecimal digits.
  std::string hash() const;
  StageName then(const std::string& part) const;

 private:
  std::string text_;
};

class Ledger {
 public:
  /// The state kept under that name, null if there is none. `State` must be the type it was kept
  /// as.
  template <class State>
  std::shared_ptr<const State> find(const StageName& name) {
    const auto found = stages_.find(name.text());
    if (found == stages_.end()) return nullptr;
    auto state = std::dynamic_pointer_cast<const State>(found->second);
    found_ += state ? 1 : 0;
    return state;
  }
  void keep(const StageName& name, std::shared_ptr<const StageState> state) {
    stages_[name.text()] = std::move(state);
  }
  /// How many stages were found instead of being done again.
  Index found() const { return found_; }
  /// Those that other ledgers found for this one's owner.
  void count(Index found) { found_ += found; }
  Index size() const { return static_cast<Index>(stages_.size()); }

 private:
  std::map<std::string, std::shared_ptr<const StageState>, std::less<>> stages_;
  Index found_ = 0;
};

}  // namespace superstep
