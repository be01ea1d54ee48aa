// SPDX-License-Identifier: BSD-3-Clause
// What scikit-learn's vectorizers of texts have in common.
#pragma once

#include <optional>
#include <string>

#include <superstep/core/params.hpp>

namespace superstep {

struct TextParams {
  std::string decode_error = "strict";
  std::optional<std::string> strip_accents;
  bool lowercase = true;
  Value stop_words;
  std::string token_pattern = R"((?u)\b\w\w+\b)";
  Value ngram_range = Value::tuple({1, 1});
  std::string analyzer = "word";
};

}  // namespace superstep
