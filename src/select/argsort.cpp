// SPDX-License-Identifier: BSD-3-Clause
#include "select/argsort.hpp"

#include <bit>
#include <numeric>

namespace superstep {

namespace {

/// Sorts `order`, places in `values`. Pieces of at most 16 go through insertion sort; partitions
/// that stay lopsided end in a heap sort.
class Sorter {
 public:
  Sorter(std::span<const Index> values, std::vector<Index>& order)
      : values_(values), order_(order) {}

  /// Sorts order[first, last]; `depth` partitions more may be made.
  void sort(Index first, Index last, int depth) {
    if (depth < 0) {
      heap_sort(first, last - first + 1);
      return;
    }
    while (last - first > 15) {
      const Index middle = partition(first, last);
      --depth;
      // The depth is looked at for the larger side only: the smaller goes on at once.
      if (middle - first < last - middle) {
        sort(middle + 1, last, depth);
        last = middle - 1;
      } else {
        sort(first, middle - 1, depth);
        first = middle + 1;
      }
    }
    insertion_sort(first, last);
  }

 private:
  Index& at(Index i) { return order_[static_cast<std::size_t>(i)]; }
  Index value(Index place) const { return values_[static_cast<std::size_t>(place)]; }
  bool is_less(Index i, Index j) { return value(at(i)) < value(at(j)); }
  void swap(Index i, Index j) { std::swap(at(i), at(j)); }

  /// Around the median of the first, middle and last value; returns where that one ends up.
  Index partition(Index first, Index last) {
    const Index middle = first + (last - first) / 2;
    if (is_less(middle, first)) swap(middle, first);
    if (is_less(last, middle)) swap(last, middle);
    if (is_less(middle, first)) swap(middle, first);
    const Index pivot = value(at(middle));
    swap(middle, last - 1);
    Index low = first;
    Index high = last - 1;
    while (true) {
      do ++low;
      while (value(at(low)) < pivot);
      do --high;
      while (pivot < value(at(high)));
      if (low >= high) break;
      swap(low, high);
    }
    swap(low, last - 1);
    return low;
  }

  void insertion_sort(Index first, Index last) {
    for (Index i = first + 1; i <= last; ++i) {
      const Index moved = at(i);
      Index hole = i;
      for (; hole > first && value(moved) < value(at(hole - 1)); --hole) at(hole) = at(hole - 1);
      at(hole) = moved;
    }
  }

  void heap_sort(Index first, Index count) {
    const Index base = first - 1;  // node i of the heap, from 1, is at base + i
    for (Index node = count / 2; node > 0; --node) sift(base, node, count, at(base + node));
    while (count > 1) {
      const Index moved = at(base + count);
      at(base + count) = at(base + 1);
      sift(base, 1, --count, moved);
    }
  }

  /// Puts `moved` where it belongs below `node`.
  void sift(Index base, Index node, Index count, Index moved) {
    for (Index child = 2 * node; child <= count; child = 2 * node) {
      if (child < count && is_less(base + child, base + child + 1)) ++child;
      if (value(moved) >= value(at(base + child))) break;
      at(base + node) = at(base + child);
      node = child;
    }
    at(base + node) = moved;
  }

  std::span<const Index> values_;
  std::vector<Index>& order_;
};

}  // namespace

std::vector<Index> argsort(std::span<const Index> values) {
  std::vector<Index> order(values.size());
  std::iota(order.begin(), order.end(), Index{0});
  if (values.empty()) return order;
  const int depth = 2 * (static_cast<int>(std::bit_width(values.size())) - 1);
  Sorter(values, order).sort(0, std::ssize(order) - 1, depth);
  return order;
}

}  // namespace superstep
