// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/order_values.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/number_keys.hpp"

namespace superstep {

namespace {

/// Counters of a pass: those of few groups have more digits to tell apart.
constexpr Index most_counters = Index{1} << 20;
constexpr int most_digit_bits = 11;
constexpr int least_digit_bits = 4;

int digit_bits_for(Index groups) {
  const Index each = std::max<Index>(most_counters / std::max<Index>(groups, 1), 1);
  const int bits = std::bit_width(static_cast<std::uint64_t>(each)) - 1;
  return std::clamp(bits, least_digit_bits, most_digit_bits);
}

/// The values of a column whose keys begin alike.
struct Group {
  Index column;
  std::uint64_t prefix;  ///< the first bits of the keys, the others zero
  friend auto operator<=>(const Group&, const Group&) = default;
};

/// One wanted value.
struct Search {
  Group group;
  WantedValue wanted;  ///< among the group's values
};

/// What the values of a group with each next digit weigh, groups side by side.
struct Histograms {
  Index digits;
  std::vector<double> weights;
  std::span<const double> of(Index group) const {
    return {weights.data() + group * digits, static_cast<std::size_t>(digits)};
  }
};

/// The next bits of keys: how many of them are not known before, and how many are looked at.
struct Digit {
  int unknown;
  int bits;
  int behind() const { return unknown - bits; }
  std::uint64_t known() const { return unknown == 64 ? 0 : ~std::uint64_t{0} << unknown; }
};

class OrderSearch {
 public:
  OrderSearch(Engine& engine, const Table& table, Weighing weighing)
      : engine_(engine),
        table_(table),
        is_weighted_(weighing == Weighing::by_row),
        found_(static_cast<std::size_t>(table.columns())) {
    const Sketch sketch = engine.sketch(table);
    exponent_ = sketch.rows_exponent + (is_weighted_ ? sketch.weight_exponent : 0);
  }

  std::vector<OrderValues> run(const WantedValues& wanted) {
    std::vector<Group> groups;
    for (Index c = 0; c < table_.columns(); ++c) groups.push_back({c, 0});
    for (int unknown = 64; unknown > 0;) {
      const Digit digit{unknown, std::min(unknown, digit_bits_for(std::ssize(groups)))};
      const Histograms histograms = count(groups, digit);
      if (unknown == 64) begin(histograms, wanted);
      if (searches_.empty()) break;
      narrow(groups, histograms, digit);
      unknown -= digit.bits;
      groups.clear();
      for (const Search& s : searches_) groups.push_back(s.group);
      std::ranges::sort(groups);
      groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    }
    for (const Search& s : searches_) {
      found_[static_cast<std::size_t>(s.group.column)].values.push_back(
          number_of_key(s.group.prefix));
    }
    return std::move(found_);
  }

 private:
  void begin(const Histograms& histograms, const WantedValues& wanted) {
    for (Index c = 0; c < table_.columns(); ++c) {
      OrderValues& found = found_[static_cast<std::size_t>(c)];
      for (const double w : histograms.of(c)) found.weight += w;
      if (!(found.weight > 0.0)) continue;
      for (const WantedValue& one : wanted(c, found.weight)) searches_.push_back({{c, 0}, one});
    }
  }

  Histograms count(const std::vector<Group>& groups, const Digit& digit) {
    Histograms all{Index{1} << digit.bits, {}};
    const auto most = static_cast<std::size_t>(most_counters / all.digits);
    for (std::size_t begin = 0; begin < groups.size(); begin += most) {
      const std::size_t end = std::min(groups.size(), begin + most);
      const std::span some(groups.data() + begin, end - begin);
      SumShape shape;
      shape.add(std::ssize(some) * all.digits, exponent_);
      const Totals totals =
          engine_.superstep(table_, shape, [&](const Block& block, Partial& sum, Workspace&) {
            count_block(block, some, digit, sum[0].data());
          });
      all.weights.insert(all.weights.end(), totals[0].begin(), totals[0].end());
    }
    return all;
  }

  void count_block(const Block& block, std::span<const Group> groups, const Digit& digit,
                   double* counts) const {
    const std::uint64_t known = digit.known();
    const double* x = block.x.doubles();
    for (std::size_t g = 0; g < groups.size();) {
      std::size_t end = g;
      while (end < groups.size() && groups[end].column == groups[g].column) ++end;
      const std::span its(groups.data() + g, end - g);
      const double* value = x + groups[g].column;
      for (Index i = 0; i < block.rows; ++i, value += block.columns) {
        if (std::isnan(*value)) continue;
        const std::uint64_t key = key_of_number(*value);
        const auto at = std::ranges::lower_bound(its, key & known, {}, &Group::prefix);
        if (at == its.end() || at->prefix != (key & known)) continue;
        const auto next = static_cast<Index>((key & ~known) >> digit.behind());
        counts[((static_cast<Index>(g) + (at - its.begin())) << digit.bits) + next] +=
            is_weighted_ ? block.weight_of(i) : 1.0;
      }
      g = end;
    }
  }

  /// Each search goes on among those that have the digit of the value it looks for: not beyond the
  /// last that there is, as weights are rounded.
  void narrow(const std::vector<Group>& groups, const Histograms& histograms, const Digit& digit) {
    for (Search& s : searches_) {
      const auto group = std::ranges::lower_bound(groups, s.group);
      const std::span<const double> weights = histograms.of(group - groups.begin());
      std::size_t last = weights.size() - 1;
      while (last > 0 && !(weights[last] > 0.0)) --last;
      std::size_t at = 0;
      double& rest = s.wanted.weight;
      const auto is_before = [&](double w) {
        return !(w > 0.0) || (s.wanted.is_beyond ? rest >= w : rest > w);
      };
      while (at < last && is_before(weights[at])) rest -= weights[at++];
      s.group.prefix |= static_cast<std::uint64_t>(at) << digit.behind();
    }
  }

  Engine& engine_;
  const Table& table_;
  bool is_weighted_;
  std::vector<OrderValues> found_;
  std::vector<Search> searches_;
  int exponent_ = 0;
};

/// Between two neighbours, from the nearer end, as NumPy does it.
double between(double a, double b, double t) {
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1.0 - t);
}

}  // namespace

std::vector<OrderValues> order_values(Engine& engine, const Table& table, Weighing weighing,
                                      const WantedValues& wanted) {
  return OrderSearch(engine, table, weighing).run(wanted);
}

std::vector<OrderValues> order_values(Engine& engine, const Table& table,
                                      const WantedPlaces& wanted) {
  return order_values(engine, table, Weighing::none, [&](Index, double rows) {
    std::vector<WantedValue> values;
    for (const Index place : wanted(static_cast<Index>(rows))) {
      values.push_back({static_cast<double>(place), true});
    }
    return values;
  });
}

Vector medians_of(Engine& engine, const Table& table) {
  const auto found = order_values(engine, table, [](Index n) {
    return std::vector<Index>{(n - 1) / 2, n / 2};
  });
  Vector medians(table.columns());
  for (Index c = 0; c < medians.size(); ++c) {
    const auto& values = found[static_cast<std::size_t>(c)].values;
    medians[c] = values.empty()           ? std::numeric_limits<double>::quiet_NaN()
                 : values[0] == values[1] ? values[0]
                                          : (values[0] + values[1]) / 2.0;
  }
  return medians;
}

Matrix quantiles_of(Engine& engine, const Table& table, const std::vector<double>& fractions) {
  const auto found = order_values(engine, table, [&](Index n) {
    std::vector<Index> places;
    for (const double f : fractions) {
      const auto at = static_cast<Index>(std::floor(f * static_cast<double>(n - 1)));
      places.push_back(at);
      places.push_back(std::min(at + 1, n - 1));
    }
    return places;
  });
  Matrix quantiles(std::ssize(fractions), table.columns());
  for (Index c = 0; c < table.columns(); ++c) {
    const OrderValues& column = found[static_cast<std::size_t>(c)];
    for (Index k = 0; k < quantiles.rows(); ++k) {
      if (column.count() == 0) {
        quantiles(k, c) = std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      const double place =
          fractions[static_cast<std::size_t>(k)] * static_cast<double>(column.count() - 1);
      const auto at = static_cast<std::size_t>(2 * k);
      quantiles(k, c) =
          between(column.values[at], column.values[at + 1], place - std::floor(place));
    }
  }
  return quantiles;
}

Footprint order_values_footprint(Index columns, Index wanted) {
  const Index groups = columns * std::max<Index>(wanted, 1);
  const Index counters = groups << digit_bits_for(groups);
  return {.sums = std::min(counters, most_counters), .replicated = 2 * counters + 8 * groups};
}

Index order_values_passes_for(Index columns, Index wanted) {
  const Index groups = columns * std::max<Index>(wanted, 1);
  const Index left = 64 - digit_bits_for(columns);
  const Index bits = digit_bits_for(groups);
  const Index each = (groups + (most_counters >> bits) - 1) / (most_counters >> bits);
  return 1 + each * ((left + bits - 1) / bits);
}

}  // namespace superstep
