// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/quality.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

// Blocks between two looks at the other ranks, for each thread.
constexpr Index blocks_a_batch = 16;

ValueRange nothing_yet() {
  return {0, 0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
}

void add_value(ValueRange& range, double value) {
  if (std::isnan(value)) {
    ++range.nan;
  } else if (std::isinf(value)) {
    ++range.infinite;
  } else {
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
}

void add_range(ValueRange& range, const ValueRange& other) {
  range.nan += other.nan;
  range.infinite += other.infinite;
  range.low = std::min(range.low, other.low);
  range.high = std::max(range.high, other.high);
}

/// Bounds and counts of every column, side by side so that a row updates them in one sweep.
struct ColumnRanges {
  std::vector<double> low;
  std::vector<double> high;
  std::vector<Index> nan;
  std::vector<Index> infinite;
  std::vector<Index> stored;  // of sparse rows: values that are written out

  ColumnRanges(std::size_t n, bool is_sparse)
      : low(n, nothing_yet().low),
        high(n, nothing_yet().high),
        nan(n, 0),
        infinite(n, 0),
        stored(is_sparse ? n : 0, 0) {}

  template <class T>
  void add_sparse(const std::int32_t* columns, const T* values, Index count) {
    for (Index k = 0; k < count; ++k) {
      const auto c = static_cast<std::size_t>(columns[k]);
      ++stored[c];
      add_one(c, static_cast<double>(values[k]));
    }
  }

  template <class T>
  void add_rows(const T* x, Index rows, bool all_finite) {
    for (Index i = 0; i < rows; ++i, x += low.size()) {
      if (all_finite) {
        add_finite(x);
      } else {
        add_any(x);
      }
    }
  }

  ValueRange of(std::size_t c) const { return {nan[c], infinite[c], low[c], high[c]}; }

 private:
  template <class T>
  void add_finite(const T* x) {
    double* least = low.data();
    double* most = high.data();
    for (std::size_t c = 0; c < low.size(); ++c) {
      const auto value = static_cast<double>(x[c]);
      least[c] = value < least[c] ? value : least[c];
      most[c] = value > most[c] ? value : most[c];
    }
  }
  template <class T>
  void add_any(const T* x) {
    for (std::size_t c = 0; c < low.size(); ++c) add_one(c, static_cast<double>(x[c]));
  }
  void add_one(std::size_t c, double value) {
    ValueRange range = of(c);
    add_value(range, value);
    nan[c] = range.nan;
    infinite[c] = range.infinite;
    low[c] = range.low;
    high[c] = range.high;
  }
};

/// What one thread has found, and where it reads blocks into.
struct Findings {
  StoredBlock block;
  ColumnRanges columns;
  ValueRange target = nothing_yet();
  ValueRange weight = nothing_yet();
  Index zero_weights = 0;
  BadValues bad;
  std::vector<ValueRange> targets;  // of several each
  Index most_values;
  std::map<double, Index> values;  // of the target, as long as they are few
  bool has_many_values = false;

  Findings(Index n_columns, bool is_sparse, Index n_targets, Index most_values_)
      : columns(static_cast<std::size_t>(n_columns), is_sparse),
        targets(n_targets > 1 ? static_cast<std::size_t>(n_targets) : 0, nothing_yet()),
        most_values(most_values_),
        has_many_values(n_targets > 1) {}

  void count_value(double value, Index count) {
    if (has_many_values || !std::isfinite(value)) return;
    values[value + 0.0] += count;  // -0.0 and 0.0 are one
    has_many_values = static_cast<Index>(values.size()) > most_values;
    if (has_many_values) values.clear();
  }

  void add(const Findings& other) {
    for (std::size_t c = 0; c < columns.low.size(); ++c) {
      columns.low[c] = std::min(columns.low[c], other.columns.low[c]);
      columns.high[c] = std::max(columns.high[c], other.columns.high[c]);
      columns.nan[c] += other.columns.nan[c];
      columns.infinite[c] += other.columns.infinite[c];
    }
    for (std::size_t c = 0; c < columns.stored.size(); ++c) {
      columns.stored[c] += other.columns.stored[c];
    }
    add_range(target, other.target);
    for (std::size_t t = 0; t < targets.size(); ++t) add_range(targets[t], other.targets[t]);
    add_range(weight, other.weight);
    zero_weights += other.zero_weights;
    bad.add(other.bad);
    if (other.has_many_values) {
      has_many_values = true;
      values.clear();
    }
    for (const auto& [value, count] : other.values) count_value(value, count);
  }
};

void look_at(const Dataset& data, Index i, bool has_target, Findings& found) {
  StoredBlock& block = found.block;
  data.read(i, has_target ? (data.y_is_text() ? Target::classes : Target::numbers) : Target::none,
            block);
  // What is missing in a table is no fault of it.
  const BadValues bad =
      data.check(i, block, data.is_table() ? MayMiss::everywhere() : MayMiss::nowhere());
  const bool are_finite = bad.x_count == 0 && !data.is_table();
  found.bad.add(bad);
  const Index rows = data.blocks().rows_of(i);
  if (data.has_texts()) {
    for (Index r = 0; r < rows; ++r) {
      found.columns.nan.front() += block.begin.data()[r] == block.begin.data()[r + 1] ? 1 : 0;
    }
  } else if (data.is_sparse()) {
    const Index values = block.begin.data()[rows];
    if (data.is_float32()) {
      found.columns.add_sparse(block.columns.data(), block.x32.data(), values);
    } else {
      found.columns.add_sparse(block.columns.data(), block.x64.data(), values);
    }
  } else if (data.is_float32()) {
    found.columns.add_rows(block.x32.data(), rows, are_finite);
  } else {
    found.columns.add_rows(block.x64.data(), rows, are_finite);
  }
  const Index targets = found.targets.empty() ? 1 : std::ssize(found.targets);
  for (Index k = 0; has_target && k < rows * targets; ++k) {
    const double value = block.y.data()[k];
    add_value(found.target, value);
    if (targets > 1) add_value(found.targets[static_cast<std::size_t>(k % targets)], value);
    found.count_value(value, 1);
  }
  for (Index r = 0; data.has_weight() && r < rows; ++r) {
    add_value(found.weight, block.weight.data()[r]);
    if (block.weight.data()[r] == 0.0) ++found.zero_weights;
  }
}

/// As many findings as threads are at work at once.
class FindingsPool {
 public:
  FindingsPool(Index n_columns, bool is_sparse, Index n_targets, Index most_values)
      : n_columns_(n_columns),
        is_sparse_(is_sparse),
        n_targets_(n_targets),
        most_values_(most_values) {}

  void use(const std::function<void(Findings&)>& work) {
    std::unique_ptr<Findings> mine;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        mine = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!mine) mine = std::make_unique<Findings>(n_columns_, is_sparse_, n_targets_, most_values_);
    work(*mine);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(mine));
  }

  Findings all() const {
    Findings sum(n_columns_, is_sparse_, n_targets_, most_values_);
    for (const auto& one : idle_) sum.add(*one);
    return sum;
  }

 private:
  Index n_columns_;
  bool is_sparse_;
  Index n_targets_;
  Index most_values_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Findings>> idle_;
};

void require_memory(const Communicator& comm, const Dataset& data, Target target,
                    const QualityMeans& means) {
  // Of a few columns what is found takes nothing; sparse rows may have a million.
  const std::size_t found = data.is_sparse() ? static_cast<std::size_t>(data.columns()) * 48 : 0;
  const auto threads = static_cast<std::size_t>(means.threads);
  const auto needed = static_cast<Index>(threads * (data.block_bytes(target) + found) + 2 * found +
                                         data.reader_bytes(means.threads));
  const Index least = comm.min(static_cast<Index>(means.memory));
  if (needed <= least) return;
  const Index mib = Index{1} << 20;
  const auto taken = static_cast<Index>(means.taken);
  throw AgreedError(
      ExitCode::memory,
      fmt::format(
          "checking {} needs {} of memory per rank, more than the budget; give --memory {}M or "
          "fewer threads",
          data.path(), format_bytes(needed + taken), (needed + taken + 3 * mib - 1) / mib));
}

// Putting the ranks together.

/// Counts are added, bounds compared; the range of each column in turn.
void combine_ranges(const Communicator& comm, std::vector<ValueRange*> ranges) {
  std::vector<std::int64_t> counts;
  std::vector<double> bounds;
  for (const ValueRange* range : ranges) {
    counts.insert(counts.end(), {range->nan, range->infinite});
    bounds.insert(bounds.end(), {-range->low, range->high});
  }
  comm.sum(counts);
  comm.max(std::span<double>(bounds));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    *ranges[i] = {counts[2 * i], counts[2 * i + 1], -bounds[2 * i], bounds[2 * i + 1]};
  }
}

void combine_bad(const Communicator& comm, BadValues& bad) {
  const auto combine = [&](Index& count, Index& first) {
    const Index least = comm.min(count > 0 ? first : std::numeric_limits<Index>::max());
    count = comm.sum(count);
    first = count > 0 ? least : -1;
  };
  const Index my_first = bad.x_count > 0 ? bad.x_first : -1;
  combine(bad.x_count, bad.x_first);
  const bool is_nan_here = my_first >= 0 && my_first == bad.x_first && bad.x_first_is_nan;
  bad.x_first_is_nan = comm.max(Index{is_nan_here ? 1 : 0}) == 1;
  combine(bad.y_count, bad.y_first);
  combine(bad.weight_count, bad.weight_first);
}

std::map<double, Index> combine_values(const Communicator& comm, Findings& found) {
  if (comm.max(Index{found.has_many_values ? 1 : 0}) == 1) return {};
  std::vector<double> values;
  std::vector<Index> counts;
  for (const auto& [value, count] : found.values) {
    values.push_back(value);
    counts.push_back(count);
  }
  std::map<double, Index> all;
  for (const auto& bytes : comm.gather_all(ByteWriter().put(values).put(counts).take())) {
    ByteReader in(bytes);
    const auto part = in.values<double>();
    const auto part_counts = in.values<Index>();
    for (std::size_t i = 0; i < part.size(); ++i) all[part[i]] += part_counts[i];
  }
  return all;
}

void set_classes(const Dataset& data, const std::optional<Labels>& texts,
                 const std::map<double, Index>& values, DataQuality& quality) {
  if (!data.has_y()) return;
  if (texts) {
    quality.classes = *texts;
    quality.class_counts.resize(static_cast<std::size_t>(texts->size()));
    for (const auto& [code, count] : values) {
      if (code >= 0.0) quality.class_counts[static_cast<std::size_t>(code)] = count;
    }
    return;
  }
  std::vector<double> numbers;
  for (const auto& [value, count] : values) numbers.push_back(value);
  const Labels labels = Labels::of_numbers(numbers);
  if (labels.size() == 0 || labels.size() > most_counted_classes || !labels.is_integer()) return;
  quality.classes = labels;
  for (const auto& [value, count] : values) quality.class_counts.push_back(count);
}

}  // namespace

DataQuality inspect_quality(const Communicator& comm, Dataset& data, const QualityMeans& means) {
  const bool has_target = data.has_y();
  std::optional<Labels> texts;
  if (has_target && data.y_is_text()) texts = data.classes(comm);
  require_memory(comm, data, has_target ? Target::numbers : Target::none, means);

  FindingsPool pool(data.columns(), data.is_sparse(), data.targets(),
                    texts ? texts->size() : most_counted_classes);
  collectively(comm, [&] {
    const Share share = share_of(data.blocks().size(), comm.rank(), comm.size());
    const Index batch = blocks_a_batch * means.threads;
    for (Index first = share.begin; first < share.end; first += batch) {
      const Index count = std::min(batch, share.end - first);
      means.parallel_for(count, [&](Index task) {
        pool.use([&](Findings& found) { look_at(data, first + task, has_target, found); });
      });
      const auto done = static_cast<double>(first + count - share.begin);
      if (means.progress) means.progress(done / static_cast<double>(share.size()));
    }
    data.require_unchanged();
  });
  Findings found = pool.all();
  DataQuality quality;
  for (std::size_t c = 0; c < found.columns.low.size(); ++c)
    quality.columns.push_back(found.columns.of(c));
  quality.target = found.target;
  quality.targets = found.targets;
  quality.weight = found.weight;
  quality.bad = found.bad;
  std::vector<ValueRange*> ranges = {&quality.target, &quality.weight};
  for (ValueRange& column : quality.columns) ranges.push_back(&column);
  for (ValueRange& target : quality.targets) ranges.push_back(&target);
  combine_ranges(comm, std::move(ranges));
  comm.sum(found.columns.stored);
  for (std::size_t c = 0; c < found.columns.stored.size(); ++c) {
    if (found.columns.stored[c] < data.rows()) add_value(quality.columns[c], 0.0);
  }
  combine_bad(comm, quality.bad);
  quality.zero_weights = comm.sum(found.zero_weights);
  set_classes(data, texts, combine_values(comm, found), quality);
  return quality;
}

}  // namespace superstep
