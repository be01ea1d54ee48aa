// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/ledger.hpp>

#include <superstep/core/hash.hpp>

namespace superstep {

StageName::StageName(const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    text_ += (text_.empty() ? "" : " | ") + part;
  }
}

std::string StageName::hash() const { return Hash64().add(text_).hex(); }

StageName StageName::then(const std::string& part) const { return StageName({text_, part}); }

}  // namespace superstep
