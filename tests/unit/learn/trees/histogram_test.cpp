// SPDX-License-Identifier: BSD-3-Clause
// Histograms beside a loop over rows, in both forms of words, up to the bounds of what a packed
// word holds; splits beside all of them tried one after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <superstep/core/philox.hpp>
#include "learn/trees/grower.hpp"

namespace superstep::trees {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Columns of few and of many values, with gaps, and their bins.
struct Case {
  Index rows, columns;
  std::vector<double> x;
  BinEdges edges;

  Case(Index rows_, Index columns_) : rows(rows_), columns(columns_) {
    RowRandom random(Philox(3, 1), static_cast<std::uint64_t>(rows * columns));
    for (Index c = 0; c < columns; ++c) {
      std::vector<double>& its = edges.of_column.emplace_back();
      const Index cuts = c % 3 == 0 ? 2 : (c % 3 == 1 ? 254 : 40);
      for (Index k = 0; k < cuts; ++k) {
        its.push_back(4.0 * static_cast<double>(k + 1) / static_cast<double>(cuts + 1) - 2.0);
      }
    }
    for (Index i = 0; i < rows * columns; ++i) {
      x.push_back(random.uniform() < 0.1 ? nan : random.normal());
    }
    x[0] = edges.of_column[0][1];  // a value that lies on an edge belongs below it
  }
  Block block() const {
    Block b;
    b.rows = rows;
    b.columns = columns;
    b.x = x.data();
    return b;
  }
  Index bin(Index row, Index column) const {
    const double v = x[static_cast<std::size_t>(row * columns + column)];
    const std::vector<double>& its = edges.edges(column);
    if (std::isnan(v)) return std::ssize(its) + 1;
    return std::ranges::lower_bound(its, v) - its.begin();
  }
};

std::vector<std::uint16_t> every_third(Index rows) {
  std::vector<std::uint16_t> list;
  for (Index i = rows - 1; i >= 0; i -= 3) list.push_back(static_cast<std::uint16_t>(i));
  return list;
}

TEST(Bins, AreThoseOfASearchOverTheEdges) {
  for (const Index columns : {1, 31, 32, 33, 70}) {
    const Case c(97, columns);
    const BinLayout layout(c.edges);
    const BinnedRows bins(c.edges, layout, c.block(), false);
    const BinnedRows twice(c.edges, layout, c.block(), true);
    for (Index j = 0; j < columns; ++j) {
      for (Index i = 0; i < c.rows; ++i) {
        ASSERT_EQ(Index{bins.column(layout, j).of(i)}, c.bin(i, j)) << i << ' ' << j;
        ASSERT_EQ(Index{twice.column(layout, j).of(i)}, c.bin(i, j)) << i << ' ' << j;
      }
      EXPECT_EQ(Index{layout.missing_bin(j)}, c.edges.bins(j));
    }
  }
}

TEST(Histogram, OfPackedWordsHoldsTheLargestThereAreAsOfWideOnes) {
  constexpr std::int64_t most_gradient = 2048, most_hessian = 4096;
  const Index most_rows = PackedWord::most_rows(most_gradient, most_hessian);
  EXPECT_EQ(most_rows, 8191);
  for (const Index columns : {1, 5, 32, 45}) {
    const Case c(4000, columns);
    const BinLayout layout(c.edges);
    const BinnedRows bins(c.edges, layout, c.block(), false);
    std::vector<std::uint64_t> packed;
    std::vector<WideWord> wide;
    for (Index i = 0; i < c.rows; ++i) {
      const std::int64_t g =
          i % 5 == 0 ? -most_gradient : (i % 5 == 1 ? most_gradient : i % 77 - 30);
      const std::int64_t h = i % 3 == 0 ? most_hessian : 1;
      packed.push_back(PackedWord::of(g, h));
      wide.push_back({g, h});
    }
    std::vector<std::uint16_t> all(static_cast<std::size_t>(c.rows));
    std::iota(all.begin(), all.end(), std::uint16_t{0});
    const std::vector<std::uint16_t> some = every_third(c.rows);
    const auto entries = static_cast<std::size_t>(histogram_entries(layout));
    std::vector<std::int64_t> found(entries), expected(entries), naive(entries);
    PackedSums sums(layout);
    for (int visit = 0; visit < 5; ++visit) {  // more rows than a word holds
      sums.add(layout, bins, packed.data(), all, most_rows, found.data());
      add_wide(layout, bins, wide.data(), all, expected.data());
    }
    sums.add(layout, bins, packed.data(), some, most_rows, found.data());
    add_wide(layout, bins, wide.data(), some, expected.data());
    sums.flush(layout, found.data());
    EXPECT_EQ(found, expected);
    const HistogramView view(naive.data(), layout.slots());
    const auto add = [&](Index row, std::int64_t times) {
      for (Index j = 0; j < columns; ++j) {
        const Index slot = layout.slot_begin(j) + c.bin(row, j);
        view.gradient[slot] += times * wide[static_cast<std::size_t>(row)].gradient;
        view.hessian[slot] += times * wide[static_cast<std::size_t>(row)].hessian;
        view.rows[slot] += times;
      }
    };
    for (Index i = 0; i < c.rows; ++i) add(i, 5);
    for (const std::uint16_t row : some) add(row, 1);
    EXPECT_EQ(found, naive);
  }
}

/// Gain of rows on the left and on the right, from sums in a loop.
double gain_of(const Case& c, const std::vector<WideWord>& words, Index column, Index bin,
               bool missing_left, double l2, Index min_rows) {
  double g[2] = {}, h[2] = {};
  Index n[2] = {};
  for (Index i = 0; i < c.rows; ++i) {
    const Index its = c.bin(i, column);
    const bool left = its == c.edges.bins(column) ? missing_left : its <= bin;
    g[left ? 0 : 1] += static_cast<double>(words[static_cast<std::size_t>(i)].gradient);
    h[left ? 0 : 1] += static_cast<double>(words[static_cast<std::size_t>(i)].hessian);
    ++n[left ? 0 : 1];
  }
  if (n[0] < min_rows || n[1] < min_rows) return 0.0;
  const auto part = [&](double a, double b) { return a * a / (b + l2); };
  return part(g[0], h[0]) + part(g[1], h[1]) - part(g[0] + g[1], h[0] + h[1]);
}

TEST(SplitSearch, FindsTheBestOfAllSplits) {
  for (const Index rows : {5, 60, 400}) {
    const Case c(rows, 4);
    const BinLayout layout(c.edges);
    const BinnedRows bins(c.edges, layout, c.block(), false);
    RowRandom random(Philox(4, 1), static_cast<std::uint64_t>(rows));
    std::vector<WideWord> words;
    NodeTotals totals;
    std::vector<std::uint16_t> all;
    for (Index i = 0; i < rows; ++i) {
      words.push_back({static_cast<std::int64_t>(random.below(2001)) - 1000,
                       static_cast<std::int64_t>(random.below(200)) + 1});
      totals += {words.back().gradient, words.back().hessian, 1};
      all.push_back(static_cast<std::uint16_t>(i));
    }
    std::vector<std::int64_t> histogram(static_cast<std::size_t>(histogram_entries(layout)));
    add_wide(layout, bins, words.data(), all, histogram.data());
    for (const Index min_rows : {1, 7}) {
      const SplitRules rules{.l2 = 3.0, .min_rows = min_rows};
      for (Index j = 0; j < c.columns; ++j) {
        const Split found = best_split_in(layout, histogram.data(), totals, j, true, rules);
        double best = 0.0;
        for (Index b = 0; b < c.edges.bins(j); ++b) {
          for (const bool left : {false, true}) {
            best = std::max(best, gain_of(c, words, j, b, left, 3.0, min_rows));
          }
        }
        ASSERT_EQ(found.exists(), best > 1e-9) << best;
        if (!found.exists()) continue;
        EXPECT_NEAR(found.gain, best, 1e-9 * best);
        EXPECT_NEAR(gain_of(c, words, j, found.bin, found.missing_left, 3.0, min_rows), best,
                    1e-9 * best);
      }
    }
  }
}

/// Grows a tree with so many leaves at once at most; what was split, in the tree's order.
Forest grown(const Case& c, const std::vector<WideWord>& words, Index leaves, Index at_once,
             Index& supersteps) {
  const BinLayout layout(c.edges);
  const BinnedRows bins(c.edges, layout, c.block(), false);
  Grower grower(layout, {.split = {.min_rows = 5}, .max_leaves = leaves});
  std::vector<std::vector<std::uint16_t>> rows(1);
  for (Index i = 0; i < c.rows; ++i) rows[0].push_back(static_cast<std::uint16_t>(i));
  const auto histogram_of = [&](const std::vector<std::uint16_t>& list) {
    std::vector<std::int64_t> h(static_cast<std::size_t>(histogram_entries(layout)));
    add_wide(layout, bins, words.data(), list, h.data());
    return h;
  };
  const auto search = [&] {
    for (const int node : grower.searches()) {
      Split best;
      for (Index j = 0; j < c.columns; ++j) {
        const Split s = grower.search(node, j);
        if (s.exists() && (!best.exists() || s.is_before(best))) best = s;
      }
      grower.found(node, best);
    }
    grower.searched();
  };
  grower.plant(histogram_of(rows[0]));
  search();
  for (supersteps = 1; grower.advance(at_once); ++supersteps) {
    for (std::size_t n = rows.size(); n < grower.nodes().size(); n += 2) {
      const auto parent = static_cast<std::size_t>(grower.nodes()[n].parent);
      const Split& s = grower.nodes()[parent].best;
      std::vector<std::uint16_t> sides[2];
      for (const std::uint16_t row : rows[parent]) {
        const Index bin = c.bin(row, s.column);
        const bool left = bin == c.edges.bins(s.column) ? s.missing_left : bin <= s.bin;
        sides[left ? 0 : 1].push_back(row);
      }
      rows.push_back(sides[0]);
      rows.push_back(sides[1]);
    }
    for (std::size_t i = 0; i < grower.wanted().size(); ++i) {
      grower.absorb(i, histogram_of(rows[static_cast<std::size_t>(grower.wanted()[i])]));
    }
    search();
  }
  Forest forest;
  grower.harvest(c.edges, 1.0, {}, forest);
  return forest;
}

TEST(Grower, GivesTheTreeThatGrowsALeafAtATime) {
  const Case c(3000, 6);
  std::vector<WideWord> words;
  for (Index i = 0; i < c.rows; ++i) {
    const auto signal = static_cast<double>(c.bin(i, 1) % 50 + 3 * (c.bin(i, 2) % 7));
    words.push_back({static_cast<std::int64_t>(1000.0 * std::sin(signal)) + i % 13, 10});
  }
  for (const Index leaves : {2, 3, 31, 200}) {
    Index one_by_one = 0, together = 0;
    const Forest expected = grown(c, words, leaves, 1, one_by_one);
    const Forest found = grown(c, words, leaves, 32, together);
    EXPECT_EQ(found.left, expected.left);
    EXPECT_EQ(found.feature, expected.feature);
    EXPECT_EQ(found.threshold, expected.threshold);
    EXPECT_EQ(found.value, expected.value);
    EXPECT_EQ(found.nodes(), 2 * leaves - 1);
    EXPECT_LE(together, one_by_one);
    if (leaves == 31) {
      EXPECT_LE(together, 14);
    }
    EXPECT_TRUE(found.is_sound(c.columns));
  }
}

}  // namespace
}  // namespace superstep::trees
