// SPDX-License-Identifier: BSD-3-Clause
// In how many texts terms stand and how often, over all ranks: what vocabularies and inverse
// document frequencies are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/engine/engine.hpp>

#include "learn/cells.hpp"
#include "learn/feature_extraction/block_terms.hpp"
#include "learn/feature_extraction/term_table.hpp"

namespace superstep {

/// The terms of a dataset, ascending by their bytes, which is Python's order, with their counts in
/// the texts of each cell.
class CountedTerms {
 public:
  /// Of what TermCounts::exchange gave. std::out_of_range of other bytes.
  CountedTerms(std::span<const std::byte> bytes, Index cells);

  Index size() const { return std::ssize(ends_); }
  std::string_view operator[](Index term) const;
  /// Texts of these cells.
  Index texts(std::span<const Index> cells) const;
  /// Of these, those in which it stands.
  Index documents(Index term, std::span<const Index> cells) const { return sum_of(term, cells, 0); }
  /// How often it stands there.
  Index occurrences(Index term, std::span<const Index> cells) const {
    return sum_of(term, cells, 1);
  }

 private:
  Index sum_of(Index term, std::span<const Index> cells, Index which) const;

  Index cells_;
  std::string pool_;
  std::vector<std::size_t> ends_;
  std::vector<Index> texts_;   ///< of each cell
  std::vector<Index> counts_;  ///< of each term and cell: documents, occurrences
};

/// What a rank has counted, beside a pass. Integers, so nobody can see who counted what.
class TermCounts final : public Engine::Keeper {
 public:
  struct Wanted {
    Index least_documents = 1;   ///< terms that stand in fewer texts are of no use to anybody
    std::vector<Index> whole{};  ///< cells that hold every text once
    std::size_t most_bytes = SIZE_MAX;  ///< for a rank's terms; MemoryError where they take more
    std::string what_for{};             ///< the estimator's name
    const TermTable* only = nullptr;    ///< no others are counted; null: all
  };
  /// `cells` is to outlive this.
  TermCounts(const Cells& cells, Wanted wanted);

  /// Any thread.
  void add(const BlockTerms& terms, const Block& block, Workspace& workspace);
  void forget() override;
  std::vector<std::byte> exchange(const Communicator& comm) override;

 private:
  void require_room() const;
  [[noreturn]] void refuse(Index terms) const;
  std::size_t width() const { return 2 * static_cast<std::size_t>(cells_.size()); }
  std::size_t count_of(std::string_view term);
  std::vector<std::vector<std::byte>> by_owner(const Communicator& comm);
  std::vector<std::byte> owned(const std::vector<std::vector<std::byte>>& parts);
  std::vector<std::byte> in_order(const std::vector<std::vector<std::byte>>& parts) const;

  const Cells& cells_;
  Wanted wanted_;
  std::mutex mutex_;
  TermTable terms_;
  std::vector<Index> counts_;  ///< of each term and cell: documents, occurrences
  std::vector<Index> texts_;   ///< of each cell
};

}  // namespace superstep
