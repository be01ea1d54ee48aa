// SPDX-License-Identifier: BSD-3-Clause
// The row of a given rank within its class is an order statistic of the positions of the class's
// rows. It is found by counting positions in buckets and looking into the bucket that holds it, all
// ranks of all classes in all orders at once. So a row's cell follows from its position and class,
// and no rank needs to know how many rows of the class other ranks have.
#include "select/class_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "select/partitions.hpp"
#include "select/rules.hpp"

namespace superstep {

namespace {

constexpr Index most_counters = Index{1} << 18;  // per pass, unless there are very many classes

using CodesOf = std::function<void(Index first_place, Index rows, const double* codes)>;

/// Hands the class codes of this rank's blocks to `f`. `wanted` says which are of interest.
/// **Collective.**
void for_each_block(const Communicator& comm, const Dataset& data,
                    const std::function<bool(Index block)>& wanted, const CodesOf& f) {
  collectively(comm, [&] {
    const BlockPlan& blocks = data.blocks();
    const Share share = share_of(blocks.size(), comm.rank(), comm.size());
    std::vector<double> codes(static_cast<std::size_t>(blocks.rows_per_block()));
    const Stretch reading(comm.events(), {.kind = Event::Kind::targets});
    Event event;
    for (Index i = share.begin; i < share.end; ++i) {
      if (!wanted(i)) continue;
      data.read_classes(i, codes.data());
      f(i * blocks.rows_per_block(), blocks.rows_of(i), codes.data());
      ++event.blocks;
      event.rows += blocks.rows_of(i);
      comm.answer();
    }
    data.require_unchanged();
    reading.end(event);
  });
}

/// Whether /y holds floating-point numbers, so that what is no class is a continuous target.
bool is_floating(const Dataset& data) { return data.y_type().starts_with("float"); }

const Labels& classes_of(const Communicator& comm, Dataset& data) {
  try {
    return data.classes(comm);
  } catch (const AgreedError& e) {
    const bool has_several = data.targets() > 1;
    const bool is_no_class = data.has_y() && (is_floating(data) || has_several);
    if (!is_no_class || e.exit_code() != ExitCode::bad_data) throw;
    const std::string kind = is_floating(data) ? "continuous" : "multiclass";
    throw AgreedError(
        e.exit_code(),
        fmt::format("Supported target types are: ('binary', 'multiclass'). Got '{}{}' instead. {} "
                    "holds {}; use KFold",
                    kind, has_several ? "-multioutput" : "", data.y_name(),
                    has_several ? fmt::format("{} targets in each row", data.targets())
                                : std::string("no classes")));
  }
}

}  // namespace

ClassCensus class_census(const Communicator& comm, Dataset& data) {
  const auto n = static_cast<std::size_t>(classes_of(comm, data).size());
  ClassCensus census{std::vector<Index>(n, 0), std::vector<Index>(n)};
  std::vector<double> last(n, -static_cast<double>(data.rows()));  // minus the first place
  BadValues bad;
  const Index tall = data.blocks().rows_per_block();
  for_each_block(
      comm, data, [](Index) { return true; },
      [&](Index first_place, Index rows, const double* codes) {
        for (Index i = 0; i < rows; ++i) {
          if (!(codes[i] >= 0.0)) {
            const Index row = data.blocks().first_row(first_place / tall) + i;
            if (bad.y_count++ == 0) bad.y_first = row;
            continue;
          }
          const auto code = static_cast<std::size_t>(codes[i]);
          if (census.counts[code]++ == 0) last[code] = -static_cast<double>(first_place + i);
        }
      });
  const Index none = data.rows_in_file();
  const Index first_bad = comm.min(bad.y_count > 0 ? bad.y_first : none);
  bad.y_count = comm.sum(bad.y_count);
  bad.y_first = first_bad;
  if (bad.y_count > 0) throw_bad_values(data, bad);
  comm.sum(census.counts);
  comm.max(last);
  std::ranges::transform(last, census.first.begin(),
                         [](double v) { return static_cast<Index>(-v); });
  return census;
}

std::vector<std::string> check_class_sizes(const Dataset& data, const ClassCensus& census,
                                           Index n_splits) {
  const Index largest = std::ranges::max(census.counts);
  const Index smallest = std::ranges::min(census.counts);
  if (n_splits > largest) {
    refuse_data(fmt::format(
        "n_splits={} cannot be greater than the number of members in each class. The largest of "
        "the {} classes of {} has {}; use fewer splits, or KFold",
        n_splits, census.counts.size(), data.y_name(), largest));
  }
  if (n_splits <= smallest) return {};
  return {
      fmt::format("The least populated class in y has only {} members, which is less than "
                  "n_splits={}.",
                  smallest, n_splits)};
}

namespace {

/// Positions [low, high) in which starts of cells are still looked for.
struct Interval {
  Index low = 0;
  Index high = 0;
  Index before = 0;                 ///< rows of the class at positions below `low`
  std::vector<std::size_t> cuts{};  ///< which of the request's ranks lie in it
  int shift = 0;                    ///< a bucket is 2^shift positions
  std::size_t counters = 0;         ///< its first bucket among all counters

  Index buckets() const { return ((high - low - 1) >> shift) + 1; }
};

/// The search of one request.
class Search {
 public:
  Search(const ClassRuns& request, const ClassCensus& census, Index rows)
      : request_(request),
        starts_(request.ranks.size()),
        open_(census.counts.size()),
        is_everywhere_(request.order.has_value()) {
    const auto width = static_cast<std::size_t>(request.cells - 1);
    for (std::size_t c = 0; c < open_.size(); ++c) {
      Interval all{0, rows, 0};
      for (std::size_t cut = c * width; cut < (c + 1) * width; ++cut) {
        const Index rank = request.ranks[cut];
        if (rank > 0 && rank < census.counts[c]) {
          all.cuts.push_back(cut);
        } else {
          starts_[cut] = rank <= 0 ? 0 : rows;
        }
      }
      if (!all.cuts.empty()) open_[c].push_back(std::move(all));
    }
  }

  Index open_intervals() const {
    return std::accumulate(open_.begin(), open_.end(), Index{0},
                           [](Index n, const auto& list) { return n + std::ssize(list); });
  }
  std::vector<Index> take_starts() { return std::move(starts_); }

  /// Gives every open interval its buckets, behind `counters` others; returns how many there are.
  std::size_t lay_out(Index buckets_each, std::size_t counters) {
    for (auto& list : open_) {
      for (Interval& interval : list) {
        const auto length = static_cast<std::uint64_t>(interval.high - interval.low);
        const auto each = static_cast<std::uint64_t>(buckets_each);
        interval.shift = std::countr_zero(std::bit_ceil((length + each - 1) / each));
        interval.counters = counters;
        counters += static_cast<std::size_t>(interval.buckets());
      }
    }
    return counters;
  }

  /// Marks the blocks of a share that may hold a row to be counted.
  void mark(const Share& share, Index tall, std::vector<bool>& wanted) const {
    for (const auto& list : open_) {
      for (const Interval& interval : list) {
        const Index low = is_everywhere_ ? share.begin : interval.low / tall;
        const Index high = is_everywhere_ ? share.end : (interval.high - 1) / tall + 1;
        for (Index i = std::max(low, share.begin); i < std::min(high, share.end); ++i) {
          wanted[static_cast<std::size_t>(i - share.begin)] = true;
        }
        if (is_everywhere_) return;
      }
    }
  }

  void count(Index first_place, Index rows, const double* codes, std::vector<Index>& positions,
             std::vector<std::int64_t>& counters) const {
    if (request_.order) {
      request_.order->positions(first_place, rows, positions.data());
    } else {
      std::iota(positions.begin(), positions.begin() + rows, first_place);
    }
    for (Index i = 0; i < rows; ++i) {
      const auto& list = open_[static_cast<std::size_t>(codes[i])];
      const Index position = positions[static_cast<std::size_t>(i)];
      const auto next = std::upper_bound(
          list.begin(), list.end(), position,
          [](Index value, const Interval& interval) { return value < interval.low; });
      if (next == list.begin()) continue;
      const Interval& interval = *(next - 1);
      if (position >= interval.high) continue;
      const Index bucket = (position - interval.low) >> interval.shift;
      ++counters[interval.counters + static_cast<std::size_t>(bucket)];
    }
  }

  /// Goes on in the buckets that hold the cuts, given the counts of all ranks.
  void narrow(const std::vector<std::int64_t>& counters) {
    for (auto& list : open_) {
      std::vector<Interval> narrower;
      for (const Interval& interval : list) narrow(interval, counters, narrower);
      list = std::move(narrower);
    }
  }

 private:
  void narrow(const Interval& interval, const std::vector<std::int64_t>& counters,
              std::vector<Interval>& narrower) {
    Index before = interval.before;
    auto cut = interval.cuts.begin();  // ranks ascend with the cuts
    for (Index b = 0; b < interval.buckets() && cut != interval.cuts.end(); ++b) {
      const Index here = counters[interval.counters + static_cast<std::size_t>(b)];
      const Index low = interval.low + (b << interval.shift);
      const Index high = std::min(low + (Index{1} << interval.shift), interval.high);
      Interval inner{low, high, before};
      for (; cut != interval.cuts.end() && request_.ranks[*cut] <= before + here; ++cut) {
        // As many rows as wanted come before the end of this bucket: cells may part there.
        if (request_.ranks[*cut] == before + here) {
          starts_[*cut] = high;
        } else {
          inner.cuts.push_back(*cut);
        }
      }
      if (!inner.cuts.empty()) narrower.push_back(std::move(inner));
      before += here;
    }
  }

  const ClassRuns& request_;
  std::vector<Index> starts_;
  std::vector<std::vector<Interval>> open_;  ///< of each class, ascending, apart from each other
  bool is_everywhere_;                       ///< a position says nothing of the block
};

/// One pass over the targets. **Collective.**
void narrow_all(const Communicator& comm, const Dataset& data, Index open,
                std::vector<Search>& searches) {
  const Index each = std::max<Index>(most_counters / open, 16);
  std::size_t size = 0;
  for (Search& search : searches) size = search.lay_out(each, size);
  std::vector<std::int64_t> counters(size, 0);

  const Index tall = data.blocks().rows_per_block();
  const Share share = share_of(data.blocks().size(), comm.rank(), comm.size());
  std::vector<bool> wanted(static_cast<std::size_t>(share.size()), false);
  for (const Search& search : searches) search.mark(share, tall, wanted);
  std::vector<Index> positions(static_cast<std::size_t>(tall));
  for_each_block(
      comm, data, [&](Index i) { return wanted[static_cast<std::size_t>(i - share.begin)]; },
      [&](Index first_place, Index rows, const double* codes) {
        for (const Search& search : searches) {
          search.count(first_place, rows, codes, positions, counters);
        }
      });
  comm.sum(counters);
  for (Search& search : searches) search.narrow(counters);
}

}  // namespace

std::vector<std::shared_ptr<const Partition>> partition_classes(
    const Communicator& comm, const std::shared_ptr<Dataset>& data, const ClassCensus& census,
    const std::vector<ClassRuns>& requests) {
  std::vector<Search> searches;
  for (const ClassRuns& request : requests) searches.emplace_back(request, census, data->rows());
  const auto open_intervals = [&] {
    return std::accumulate(searches.begin(), searches.end(), Index{0},
                           [](Index n, const Search& s) { return n + s.open_intervals(); });
  };
  for (Index open = open_intervals(); open > 0; open = open_intervals()) {
    narrow_all(comm, *data, open, searches);
  }
  std::vector<std::shared_ptr<const Partition>> partitions;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    partitions.push_back(std::make_shared<ClassPartition>(
        data, requests[i].cells, searches[i].take_starts(), requests[i].order));
  }
  return partitions;
}

}  // namespace superstep
