// SPDX-License-Identifier: BSD-3-Clause
// Terms of texts that lie on any number of ranks: the counts of each cell are those of all texts,
// the bytes are the same whoever counted what, and what takes too much memory says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>

#include "learn/feature_extraction/term_counts.hpp"
#include "learn/feature_extraction/vocabulary.hpp"

namespace superstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Index blocks = 7;
constexpr Index rows = 40;
constexpr std::int32_t cells_of_rows = 3;

/// A few words, of which low numbers are frequent.
std::string text_of(Index row) {
  RowRandom random(Philox(3, 1), static_cast<std::uint64_t>(row));
  std::string text;
  for (int k = 0; k < 12; ++k) {
    const auto number =
        static_cast<int>(200 * random.uniform() * random.uniform() * random.uniform());
    text += "w" + std::to_string(number) + (number % 7 == 0 ? "\u00e9 " : " ");
  }
  return text;
}

class ByPlace final : public Partition {
 public:
  Index cells() const override { return cells_of_rows; }
  void assign(const Block& block, std::int32_t* cell) const override {
    for (Index i = 0; i < block.rows; ++i) {
      cell[i] = static_cast<std::int32_t>(block.place(i) % cells_of_rows);
    }
  }
};

class TermCountsTest : public ::testing::Test {
 protected:
  TermCountsTest() {
    const auto split = std::make_shared<Split>();
    split->partition = std::make_shared<ByPlace>();
    split->roles = {Role::train, Role::train, Role::test};
    splits_ = {nullptr, split};
  }
  /// As if the rank had seen every so-manyth block from its own on.
  std::vector<std::byte> counted(const Communicator& comm, const Cells& cells, Index least = 1,
                                 std::size_t most_bytes = SIZE_MAX) {
    TermCounts counts(cells, {least, cells.of_partition(nullptr), most_bytes, "CountVectorizer"});
    BlockTerms terms;
    Workspace workspace;
    counts.forget();
    for (Index b = comm.rank(); b < blocks; b += comm.size()) {
      Block block;
      block.first_row = block.first_place = b * rows;
      block.rows = rows;
      terms.read(analyser_, rows,
                 [&](Index i) { return texts_.emplace_back(text_of(b * rows + i)); });
      counts.add(terms, block, workspace);
    }
    return counts.exchange(comm);
  }

  Communicator comm_ = Communicator::world();
  Analyser analyser_{AnalyserOptions{}};
  std::vector<SplitPtr> splits_;
  std::deque<std::string> texts_;
};

TEST_F(TermCountsTest, AreThoseOfAllTexts) {
  const Cells cells(splits_);
  const CountedTerms terms(counted(comm_, cells), cells.size());
  std::map<std::string, std::pair<Index, Index>> all, trained;
  for (Index row = 0; row < blocks * rows; ++row) {
    Analyser::Scratch scratch;
    std::set<std::string> seen;
    analyser_.terms(text_of(row), scratch, [&](std::string_view term) {
      const bool is_new = seen.emplace(term).second;
      const auto count = [&](auto& counts) {
        counts[std::string(term)].first += is_new ? 1 : 0;
        ++counts[std::string(term)].second;
      };
      count(all);
      if (row % cells_of_rows != 2) count(trained);
    });
  }
  ASSERT_EQ(terms.size(), std::ssize(all));
  const auto everything = cells.with_role(nullptr, Role::train);
  const auto training = cells.with_role(splits_[1], Role::train);
  EXPECT_EQ(terms.texts(everything), blocks * rows);
  EXPECT_EQ(terms.texts(training), 187);
  Index k = 0;
  for (const auto& [term, counts] : all) {  // std::map and Python sort by bytes
    EXPECT_EQ(terms[k], term);
    EXPECT_EQ(terms.documents(k, everything), counts.first) << term;
    EXPECT_EQ(terms.occurrences(k, everything), counts.second) << term;
    EXPECT_EQ(terms.documents(k, training), trained[term].first) << term;
    EXPECT_EQ(terms.occurrences(k, training), trained[term].second) << term;
    ++k;
  }
}

TEST_F(TermCountsTest, HaveTheSameBytesWhoeverCounted) {
  const Cells cells(splits_);
  const Communicator alone = comm_.split(comm_.rank());
  EXPECT_EQ(counted(comm_, cells), counted(alone, cells));
  EXPECT_EQ(counted(comm_, cells, 5), counted(alone, cells, 5));
  EXPECT_LT(counted(comm_, cells, 5).size(), counted(comm_, cells).size());
}

TEST_F(TermCountsTest, OfRareTermsAreLeftOut) {
  const Cells cells(splits_);
  const CountedTerms all(counted(comm_, cells), cells.size());
  const CountedTerms some(counted(comm_, cells, 5), cells.size());
  const auto everything = cells.with_role(nullptr, Role::train);
  VocabularyLimits limits;
  limits.min_df = Index{5};
  EXPECT_EQ(some.size(), std::ssize(choose_terms(all, everything, limits, "CountVectorizer")));
  EXPECT_EQ(least_documents(limits), 5);
}

TEST_F(TermCountsTest, SayHowMuchMemoryTheyTake) {
  const Cells cells(splits_);
  try {
    const Communicator alone = comm_.split(comm_.rank());
    counted(alone, cells, 1, 1000);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const MemoryError& e) {
    EXPECT_THAT(e.what(), HasSubstr("different terms take more than the 1000 B"));
  }
}

TEST_F(TermCountsTest, ChooseTermsByLimits) {
  const Cells cells(splits_);
  const CountedTerms terms(counted(comm_, cells), cells.size());
  const auto everything = cells.with_role(nullptr, Role::train);
  VocabularyLimits limits;
  limits.max_features = 3;
  limits.max_df = 0.9;
  const std::vector<Index> chosen = choose_terms(terms, everything, limits, "CountVectorizer");
  ASSERT_EQ(chosen.size(), 3);
  EXPECT_TRUE(std::ranges::is_sorted(chosen));
  Index least = blocks * rows;
  for (const Index k : chosen) least = std::min(least, terms.occurrences(k, everything));
  for (Index k = 0; k < terms.size(); ++k) {
    if (std::ranges::binary_search(chosen, k)) continue;
    if (static_cast<double>(terms.documents(k, everything)) > 0.9 * blocks * rows) continue;
    EXPECT_LE(terms.occurrences(k, everything), least);
  }
  limits = {};
  limits.min_df = 0.99;
  EXPECT_THROW(choose_terms(terms, everything, limits, "CountVectorizer"), DataError);
  limits = {.max_df = Index{1}, .min_df = Index{2}};
  EXPECT_THROW(choose_terms(terms, everything, limits, "CountVectorizer"), DataError);
}

}  // namespace
}  // namespace superstep
