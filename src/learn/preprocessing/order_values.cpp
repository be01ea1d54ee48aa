// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/order_values.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace superstep {

namespace {

constexpr int digit_bits = 11;
constexpr Index digits = Index{1} << digit_bits;
constexpr Index most_groups = 512;  ///< that are counted in a pass

/// Ascends with the number.
std::uint64_t key_of_number(double x) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

double number_of_key(std::uint64_t key) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  return std::bit_cast<double>((key & sign) != 0 ? key ^ sign : ~key);
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
  Index place;  ///< among the group's values
};

class OrderSearch {
 public:
  OrderSearch(Engine& engine, const Table& table)
      : engine_(engine), table_(table), found_(static_cast<std::size_t>(table.columns())) {
    rows_exponent_ = engine.sketch(table).rows_exponent;
  }

  std::vector<OrderValues> run(const WantedPlaces& wanted) {
    std::vector<Group> all;
    for (Index c = 0; c < table_.columns(); ++c) all.push_back({c, 0});
    std::vector<std::vector<Index>> histograms = count(all, 64);
    for (Index c = 0; c < table_.columns(); ++c) {
      const auto& histogram = histograms[static_cast<std::size_t>(c)];
      OrderValues& found = found_[static_cast<std::size_t>(c)];
      for (const Index n : histogram) found.count += n;
      if (found.count == 0) continue;
      for (const Index place : wanted(found.count)) searches_.push_back({{c, 0}, place});
    }
    narrow(all, histograms, 64);
    for (int seen = 64 - digit_bits; seen > 0; seen -= digit_bits) {
      all.clear();
      for (const Search& s : searches_) all.push_back(s.group);
      std::ranges::sort(all);
      all.erase(std::unique(all.begin(), all.end()), all.end());
      narrow(all, count(all, seen), seen);
    }
    for (const Search& s : searches_) {
      found_[static_cast<std::size_t>(s.group.column)].values.push_back(
          number_of_key(s.group.prefix));
    }
    return std::move(found_);
  }

 private:
  static int left_behind(int seen) { return std::max(0, seen - digit_bits); }

  /// How many values of each group have each next digit; `seen`: bits of keys that are not known.
  std::vector<std::vector<Index>> count(const std::vector<Group>& groups, int seen) {
    std::vector<std::vector<Index>> histograms;
    for (std::size_t begin = 0; begin < groups.size(); begin += most_groups) {
      const std::size_t end = std::min(groups.size(), begin + std::size_t{most_groups});
      const std::span some(groups.data() + begin, end - begin);
      SumShape shape;
      shape.add(std::ssize(some) * digits, rows_exponent_);
      const Totals totals =
          engine_.superstep(table_, shape, [&](const Block& block, Partial& sum, Workspace&) {
            count_block(block, some, seen, sum[0].data());
          });
      const std::span<const double> counts = totals[0];
      for (std::size_t g = 0; g < some.size(); ++g) {
        const auto first = counts.begin() + static_cast<Index>(g) * digits;
        histograms.emplace_back(first, first + digits);
      }
    }
    return histograms;
  }

  static void count_block(const Block& block, std::span<const Group> groups, int seen,
                          double* counts) {
    const std::uint64_t known = seen == 64 ? 0 : ~std::uint64_t{0} << seen;
    const int shift = left_behind(seen);
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
        const auto digit = static_cast<Index>((key & ~known) >> shift);
        counts[(static_cast<Index>(g) + (at - its.begin())) * digits + digit] += 1.0;
      }
      g = end;
    }
  }

  /// Each search goes on among those that have the digit of the value it looks for.
  void narrow(const std::vector<Group>& groups, const std::vector<std::vector<Index>>& histograms,
              int seen) {
    for (Search& s : searches_) {
      const auto at = std::ranges::lower_bound(groups, s.group);
      const auto& histogram = histograms[static_cast<std::size_t>(at - groups.begin())];
      std::uint64_t digit = 0;
      while (s.place >= histogram[digit]) s.place -= histogram[digit++];
      s.group.prefix |= digit << left_behind(seen);
    }
  }

  Engine& engine_;
  const Table& table_;
  std::vector<OrderValues> found_;
  std::vector<Search> searches_;
  int rows_exponent_ = 0;
};

/// Between two neighbours, from the nearer end, as NumPy does it.
double between(double a, double b, double t) {
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1.0 - t);
}

}  // namespace

std::vector<OrderValues> order_values(Engine& engine, const Table& table,
                                      const WantedPlaces& wanted) {
  return OrderSearch(engine, table).run(wanted);
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
      if (column.count == 0) {
        quantiles(k, c) = std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      const double place =
          fractions[static_cast<std::size_t>(k)] * static_cast<double>(column.count - 1);
      const auto at = static_cast<std::size_t>(2 * k);
      quantiles(k, c) =
          between(column.values[at], column.values[at + 1], place - std::floor(place));
    }
  }
  return quantiles;
}

Footprint order_values_footprint(Index columns, Index wanted) {
  const Index groups = std::min(columns * std::max<Index>(wanted, 1), most_groups);
  return {.sums = groups * digits, .replicated = 2 * columns * wanted * digits};
}

}  // namespace superstep
