// SPDX-License-Identifier: BSD-3-Clause
#include "learn/cluster/row_pick.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <superstep/core/bytes.hpp>

namespace superstep {

namespace {

template <class T>
std::vector<T> values_of(const std::vector<std::byte>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

struct WireKey {
  double key;
  std::int64_t row;
};

}  // namespace

RowPick::RowPick(Index most, Index width)
    : most_(static_cast<std::size_t>(most)),
      width_(static_cast<std::size_t>(width)),
      limit_(most > 0 ? HUGE_VAL : -HUGE_VAL) {}

void RowPick::offer(double key, Index row, std::span<const double> values) {
  const std::lock_guard lock(mutex_);
  if (key > limit()) return;
  picked_.try_emplace({key, row}, values.begin(), values.end());
  if (picked_.size() > most_) picked_.erase(std::prev(picked_.end()));
  if (picked_.size() == most_) limit_ = picked_.rbegin()->first.first;
}

std::vector<RowPick::Key> RowPick::local_keys(const Communicator& comm) const {
  // If every rank holds `each` rows up to some key, those are enough: the largest of these keys
  // bounds what can be picked, and few more keys than needed travel.
  const std::size_t ranks = static_cast<std::size_t>(comm.size());
  const std::size_t each = std::max<std::size_t>((most_ + ranks - 1) / ranks, 1);
  const double here = picked_.size() < each
                          ? HUGE_VAL
                          : std::next(picked_.begin(), static_cast<Index>(each) - 1)->first.first;
  const double enough = comm.max(here);
  std::vector<Key> keys;
  for (const auto& [key, values] : picked_) {
    if (key.first <= enough) keys.push_back(key);
  }
  return keys;
}

std::vector<RowPick::Row> RowPick::gather(const Communicator& comm) {
  std::vector<WireKey> mine;
  for (const auto& [key, row] : local_keys(comm)) mine.push_back({key, row});
  std::vector<WireKey> all;
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span(mine)))) {
    const std::vector<WireKey> theirs = values_of<WireKey>(bytes);
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  std::ranges::sort(all, [](const WireKey& a, const WireKey& b) {
    return std::pair(a.key, a.row) < std::pair(b.key, b.row);
  });
  all.resize(std::min(all.size(), most_));

  // Only the rows that were picked travel themselves.
  std::vector<double> sent;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto found = picked_.find({all[i].key, all[i].row});
    if (found == picked_.end()) continue;
    sent.push_back(static_cast<double>(i));
    sent.insert(sent.end(), found->second.begin(), found->second.end());
  }
  std::vector<Row> rows;
  for (const WireKey& k : all) rows.push_back({k.key, k.row, {}});
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span(sent)))) {
    const std::vector<double> theirs = values_of<double>(bytes);
    for (std::size_t at = 0; at < theirs.size(); at += width_ + 1) {
      const double* values = theirs.data() + at + 1;
      rows[static_cast<std::size_t>(theirs[at])].values.assign(values, values + width_);
    }
  }
  forget();
  return rows;
}

void RowPick::forget() {
  picked_.clear();
  limit_ = most_ > 0 ? HUGE_VAL : -HUGE_VAL;
}

void RowPicks::forget() {
  for (RowPick* pick : picks_) pick->forget();
}

std::vector<std::byte> RowPicks::exchange(const Communicator& comm) {
  ByteWriter out;
  for (RowPick* pick : picks_) {
    const std::vector<RowPick::Row> rows = pick->gather(comm);
    out.put(std::uint64_t{rows.size()});
    for (const RowPick::Row& r : rows) out.put(r.key).put(r.row).put(r.values);
  }
  return out.take();
}

std::vector<std::vector<RowPick::Row>> RowPicks::rows(std::span<const std::byte> exchanged) {
  std::vector<std::vector<RowPick::Row>> all;
  for (ByteReader in(exchanged); !in.at_end();) {
    std::vector<RowPick::Row>& rows = all.emplace_back();
    for (auto left = in.get<std::uint64_t>(); left > 0; --left) {
      const auto key = in.get<double>();
      const auto row = in.get<Index>();
      rows.push_back({key, row, in.values<double>()});
    }
  }
  return all;
}

}  // namespace superstep
