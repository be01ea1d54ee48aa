// SPDX-License-Identifier: BSD-3-Clause
// The terms of the texts of one block: which there are, and how often each stands in each text. A
// block has few different ones, so a term is found in the nearest caches; what is asked of all
// terms of a dataset is asked once for each of these.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>

#include "learn/feature_extraction/analyser.hpp"
#include "learn/feature_extraction/term_table.hpp"

namespace superstep {

/// A worker's own, used for block after block.
class BlockTerms {
 public:
  struct Entry {
    std::uint32_t term;   ///< its number in the block
    std::uint32_t count;  ///< in the text
  };

  /// text_of(i): the i-th text, for as long as until the next is asked for.
  template <class F>
  void read(const Analyser& analyser, Index rows, F&& text_of) {
    begin_block();
    for (Index i = 0; i < rows; ++i) {
      analyser.terms(text_of(i), scratch_, [&](std::string_view term) { add(term); });
      end_row();
    }
  }

  /// The different ones.
  const TermTable& terms() const { return terms_; }
  Index rows() const { return std::ssize(ends_); }
  /// Of a text, each term once, in the order in which they first stand there.
  std::span<const Entry> row(Index i) const {
    const auto at = static_cast<std::size_t>(i);
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::span(entries_).subspan(begin, ends_[at] - begin);
  }

 private:
  void begin_block();
  void add(std::string_view term) {
    const auto number = static_cast<std::size_t>(terms_.add(term));
    if (number == place_.size()) place_.push_back(0);
    const std::size_t row_begin = ends_.empty() ? 0 : ends_.back();
    // Where the term stood last; of an earlier text, if at all.
    if (place_[number] <= row_begin) {
      entries_.push_back({static_cast<std::uint32_t>(number), 0});
      place_[number] = entries_.size();
    }
    ++entries_[place_[number] - 1].count;
  }
  void end_row() { ends_.push_back(entries_.size()); }

  Analyser::Scratch scratch_;
  TermTable terms_;
  std::vector<std::size_t> place_;  ///< of each term: behind its last entry
  std::vector<Entry> entries_;
  std::vector<std::size_t> ends_;  ///< of rows
};

}  // namespace superstep
