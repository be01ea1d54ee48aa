// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/exact_sum.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>

namespace superstep {

namespace {

__extension__ using Int128 = __int128;

// Adding 1.5 * 2^52 rounds a double below 2^51 to an integer and leaves that integer in the low
// bits.
constexpr double magic = 6755399441055744.0;

/// Splits `count` values and adds them; true if one was beyond its bound (or not a number).
bool deposit_run(const double* __restrict x, const double* __restrict scale, Index count,
                 double window_scale, std::int64_t* __restrict hi, std::int64_t* __restrict lo) {
  const auto magic_bits = std::bit_cast<std::int64_t>(magic);
  std::int64_t broken = 0;
  for (Index i = 0; i < count; ++i) {
    const double y = x[i] * scale[i];
    const bool fits = std::fabs(y) < window_scale;
    broken |= static_cast<std::int64_t>(!fits);
    const double safe = fits ? y : 0.0;
    const double high = safe + magic;
    const double rest = (safe - (high - magic)) * window_scale;
    const double low = rest + magic;
    hi[i] += std::bit_cast<std::int64_t>(high) - magic_bits;
    lo[i] += std::bit_cast<std::int64_t>(low) - magic_bits;
  }
  return broken != 0;
}

}  // namespace

int exponent_above(double x) {
  // The least scale must stay a normal number when it is inverted.
  constexpr int least = -960;
  if (x == 0.0) return least;
  int e = 0;
  std::frexp(x, &e);
  return std::max(e, least);
}

void SumShape::append(int exponent) {
  exponents_.push_back(static_cast<std::int16_t>(std::clamp(exponent, -960, 1023)));
}

Index SumShape::add(Index count, int exponent) {
  runs_.push_back({partial_size_, entries(), count, 0, partial_size_});
  for (Index i = 0; i < count; ++i) append(exponent);
  partial_size_ += count;
  return runs() - 1;
}

Index SumShape::add(std::span<const int> exponents) {
  runs_.push_back(
      {partial_size_, entries(), static_cast<Index>(exponents.size()), 0, partial_size_});
  for (const int e : exponents) append(e);
  partial_size_ += static_cast<Index>(exponents.size());
  return runs() - 1;
}

Index SumShape::add_symmetric(std::span<const int> exponents, int extra) {
  const auto n = static_cast<Index>(exponents.size());
  runs_.push_back({partial_size_, entries(), n * n, n, partial_size_});
  for (std::size_t i = 0; i < exponents.size(); ++i) {
    for (std::size_t j = i; j < exponents.size(); ++j) append(exponents[i] + exponents[j] + extra);
  }
  partial_size_ += n * n;
  return runs() - 1;
}

Index SumShape::add_panel(std::span<const std::vector<int>> exponents, Index width) {
  const auto rows = static_cast<Index>(exponents.front().size());
  const Index columns = static_cast<Index>(exponents.size()) * width;
  const Index first = runs();
  for (Index column = 0; column < columns; column += width) {
    runs_.push_back({partial_size_ + column, entries() + column, rows * width, 0,
                     partial_size_ + column * rows, columns, rows, panels_.size()});
  }
  panels_.push_back({partial_size_, entries(), rows, columns, first, width});
  for (std::size_t row = 0; row < exponents.front().size(); ++row) {
    for (const std::vector<int>& of_run : exponents) {
      for (Index k = 0; k < width; ++k) append(of_run[row]);
    }
  }
  partial_size_ += rows * columns;
  return first;
}

void Partial::clear() {
  Index done = 0;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const SumShape::Panel& p = shape_->panels()[i];
    std::fill(values_ + done, values_ + p.partial_begin, 0.0);
    done = p.partial_begin + p.size();
    double* const panel = values_ + p.partial_begin;
    if (!written_[i]) {
      std::fill_n(panel, p.size(), 0.0);
    } else {
      for (const std::int32_t row : *written_[i])
        std::fill_n(panel + row * p.columns, p.columns, 0.0);
    }
    written_[i].reset();
  }
  std::fill(values_ + done, values_ + shape_->partial_size(), 0.0);
}

int ExactSum::window(Index blocks) {
  const int bits = std::bit_width(static_cast<std::size_t>(std::max<Index>(blocks, 1) - 1));
  return std::min(40, 62 - bits);
}

ExactSum::ExactSum(const SumShape& shape, int window, Index extra_words)
    : words_(static_cast<std::size_t>(2 * shape.entries() + shape.runs() + extra_words)),
      entries_(shape.entries()),
      runs_(shape.runs()),
      window_(window) {}

std::int64_t& ExactSum::violations(Index run) {
  return words_[static_cast<std::size_t>(2 * entries_ + run)];
}

std::int64_t* ExactSum::extra() { return words_.data() + 2 * entries_ + runs_; }

void ExactSum::deposit(const SumShape& shape, const Partial& partial, const double* scales) {
  const double window_scale = std::ldexp(1.0, window_);
  std::int64_t* hi = words_.data();
  std::int64_t* lo = hi + entries_;
  for (std::size_t p = 0; p < shape.panels().size(); ++p) {
    deposit_panel(shape.panels()[p], partial, p, scales);
  }
  for (Index i = 0; i < runs_; ++i) {
    const SumShape::Run& r = shape.run(i);
    if (r.stride > 0) continue;
    const double* from = partial.values() + r.partial_begin;
    Index at = r.entry_begin;
    bool broken = false;
    if (r.dimension == 0) {
      broken = deposit_run(from, scales + at, r.count, window_scale, hi + at, lo + at);
    }
    for (Index row = 0; row < r.dimension; ++row) {
      const Index count = r.dimension - row;
      broken |= deposit_run(from + row * r.dimension + row, scales + at, count, window_scale,
                            hi + at, lo + at);
      at += count;
    }
    violations(i) += broken ? 1 : 0;
  }
}

void ExactSum::deposit_panel(const SumShape::Panel& panel, const Partial& partial,
                             std::size_t number, const double* scales) {
  const double window_scale = std::ldexp(1.0, window_);
  std::int64_t* hi = words_.data();
  std::int64_t* lo = hi + entries_;
  const auto add = [&](Index row) {
    const double* from = partial.values() + panel.partial_begin + row * panel.columns;
    const Index at = panel.entry_begin + row * panel.columns;
    if (!deposit_run(from, scales + at, panel.columns, window_scale, hi + at, lo + at)) return;
    for (Index c = 0; c < panel.columns; ++c) {
      const bool fits = std::fabs(from[c] * scales[at + c]) < window_scale;
      if (!fits) ++violations(panel.first_run + c / panel.width);
    }
  };
  if (const Partial::Rows& rows = partial.written(number)) {
    for (const std::int32_t row : *rows) add(row);
  } else {
    for (Index row = 0; row < panel.rows; ++row) add(row);
  }
}

void ExactSum::add(const ExactSum& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] += other.words_[i];
}

std::int64_t ExactSum::violations(Index run) const {
  return words_[static_cast<std::size_t>(2 * entries_ + run)];
}

double ExactSum::round_entry(const SumShape& shape, std::span<const Index> runs,
                             Index offset) const {
  const auto entry = [&](Index run) {
    const SumShape::Run& r = shape.run(run);
    return static_cast<std::size_t>(r.entry_begin + (r.stride > 0 ? r.in_panel(offset) : offset));
  };
  int greatest = shape.exponents()[entry(runs.front())];
  int least = greatest;
  for (const Index run : runs) {
    greatest = std::max<int>(greatest, shape.exponents()[entry(run)]);
    least = std::min<int>(least, shape.exponents()[entry(run)]);
  }
  // A value takes up to 103 bits and a sign; the finest grid that leaves room for all of them.
  const int spare = std::max(0, 22 - static_cast<int>(std::bit_width(runs.size())));
  const int grid = std::max(least, greatest - spare);
  Int128 sum = 0;
  for (const Index run : runs) {
    const std::size_t e = entry(run);
    const Int128 value = (static_cast<Int128>(words_[e]) << window_) +
                         words_[e + static_cast<std::size_t>(entries_)];
    const int shift = shape.exponents()[e] - grid;
    if (shift >= 0) {
      sum += value << shift;
    } else if (shift > -120) {
      sum += (value + (static_cast<Int128>(1) << (-shift - 1))) >> -shift;
    }
  }
  return std::ldexp(static_cast<double>(sum), grid - 2 * window_);
}

void ExactSum::round(const SumShape& shape, std::span<const Index> runs, double* to) const {
  const SumShape::Run& r = shape.run(runs.front());
  Index entry = 0;
  if (r.dimension == 0) {
    for (Index k = 0; k < r.count; ++k) to[k] = round_entry(shape, runs, entry++);
  }
  for (Index row = 0; row < r.dimension; ++row) {
    for (Index column = row; column < r.dimension; ++column) {
      const double value = round_entry(shape, runs, entry++);
      to[row * r.dimension + column] = value;
      to[column * r.dimension + row] = value;
    }
  }
}

std::vector<double> ExactSum::scales(const SumShape& shape, int window) {
  std::vector<double> scales;
  scales.reserve(shape.exponents().size());
  for (const int e : shape.exponents()) scales.push_back(std::ldexp(1.0, window - e));
  return scales;
}

std::size_t ExactSum::bytes(const SumShape& shape) {
  return static_cast<std::size_t>(2 * shape.entries() + shape.runs()) * sizeof(std::int64_t);
}

Totals::Totals(SumShape shape, ExactSum sum) : shape_(std::move(shape)), sum_(std::move(sum)) {}

std::span<const double> Totals::operator[](Index run) const {
  if (values_.empty()) {
    values_.resize(static_cast<std::size_t>(shape_.partial_size()));
    for (Index i = 0; i < shape_.runs(); ++i) {
      sum_.round(shape_, {&i, 1}, values_.data() + shape_.run(i).value_begin);
    }
  }
  const SumShape::Run& r = shape_.run(run);
  return {values_.data() + r.value_begin, static_cast<std::size_t>(r.count)};
}

std::vector<double> Totals::combined(std::span<const Index> runs) const {
  std::vector<double> values(static_cast<std::size_t>(shape_.run(runs.front()).count));
  sum_.round(shape_, runs, values.data());
  return values;
}

std::vector<std::byte> Totals::bytes() const {
  const std::span<const std::int16_t> exponents = shape_.exponents();
  const std::span<const std::int64_t> words = sum_.words();
  return ByteWriter()
      .put(std::vector<std::int16_t>(exponents.begin(), exponents.end()))
      .put(sum_.window())
      .put(std::vector<std::int64_t>(words.begin(), words.end()))
      .take();
}

Totals totals_from(std::span<const std::byte> bytes, SumShape& shape) {
  ByteReader in(bytes);
  const std::vector<std::int16_t> exponents = in.values<std::int16_t>();
  const int window = in.get<int>();
  const std::vector<std::int64_t> words = in.values<std::int64_t>();
  const auto least = static_cast<std::size_t>(2 * shape.entries() + shape.runs());
  if (std::ssize(exponents) != shape.entries() || words.size() < least) {
    throw DataError("these sums are of something else than what is added up here");
  }
  std::ranges::copy(exponents, shape.exponents().begin());
  ExactSum sum(shape, window, static_cast<Index>(words.size() - least));
  std::ranges::copy(words, sum.words().begin());
  return Totals(shape, std::move(sum));
}

}  // namespace superstep
