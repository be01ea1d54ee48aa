// SPDX-License-Identifier: BSD-3-Clause
#include "data/label_finder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

bool is_text(const RowReader& reader) {
  const ElementType& type = reader.layout().type;
  return type.is_text() || type.kind == ElementKind::enumeration;
}

namespace {

constexpr double largest_below_2_to_63 = 9223372036854774784.0;

/// Texts of a column, or the names of an enumerated one.
std::vector<std::string> texts_of(const RowReader& reader, Index first, Index count) {
  const ElementType& type = reader.layout().type;
  if (type.is_text()) return reader.read_strings(first, count);
  std::vector<double> codes(static_cast<std::size_t>(count));
  reader.read_rows(first, count, codes.data());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<std::int64_t>(std::min(codes[i], largest_below_2_to_63));
    const auto member =
        std::ranges::find_if(type.members, [&](const auto& m) { return m.second == code; });
    if (member == type.members.end()) {
      throw DataError(fmt::format("{} row {} holds {}, which its enumeration does not name",
                                  reader.layout().where(), first + static_cast<Index>(i), code));
    }
    texts.push_back(member->first);
  }
  return texts;
}

template <class T>
void append_value(std::vector<std::byte>& bytes, const T& value) {
  const auto* p = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), p, p + sizeof value);
}

std::vector<std::byte> pack(const std::unordered_set<std::string>& texts) {
  std::vector<std::byte> bytes;
  for (const std::string& text : texts) {
    append_value(bytes, static_cast<std::uint64_t>(text.size()));
    const auto* p = reinterpret_cast<const std::byte*>(text.data());
    bytes.insert(bytes.end(), p, p + text.size());
  }
  return bytes;
}

std::vector<std::byte> pack(const std::unordered_set<double>& numbers) {
  std::vector<std::byte> bytes;
  for (const double v : numbers) append_value(bytes, v);
  return bytes;
}

void unpack(const std::vector<std::byte>& bytes, std::vector<std::string>& out) {
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    at += sizeof size;
    out.emplace_back(reinterpret_cast<const char*>(bytes.data() + at), size);
    at += size;
  }
}

void unpack(const std::vector<std::byte>& bytes, std::vector<double>& out) {
  const std::size_t old = out.size();
  out.resize(old + bytes.size() / sizeof(double));
  if (!bytes.empty()) std::memcpy(out.data() + old, bytes.data(), bytes.size());
}

/// What a set takes for each value.
template <class T>
constexpr std::size_t set_bytes = 0;
template <>
constexpr std::size_t set_bytes<double> = 48;
template <>
constexpr std::size_t set_bytes<std::string> = 96;

/// Those of all ranks: packed, on their way, gathered; as values; what is counted and put in order
/// by them.
template <class T>
std::size_t list_bytes(std::size_t values, std::size_t packed) {
  return 3 * packed + values * (sizeof(T) + 16);
}

[[noreturn]] void refuse(const DistinctIn& in, std::size_t bytes) {
  const std::size_t mib = std::size_t{1} << 20;
  throw Error(ExitCode::memory,
              fmt::format("telling the values of {} apart needs about {} of memory per rank, "
                          "more than the budget; give --memory {}M or more",
                          in.name, format_bytes(static_cast<Index>(bytes + in.room.taken)),
                          (bytes + in.room.taken + 3 * mib - 1) / mib));
}

/// For the values that a rank has found in the first rows of its share. Where there is no room,
/// the other rows and ranks are taken to hold as many: seldom less than there are.
template <class T>
void require_room(const DistinctIn& in, std::size_t values, Index rows_seen, Index rows,
                  int ranks) {
  if (values * set_bytes<T> <= in.room.bytes) return;
  const double found = static_cast<double>(values) * static_cast<double>(rows) /
                       static_cast<double>(std::max<Index>(rows_seen, 1));
  const auto here = static_cast<std::size_t>(found);
  const std::size_t all = here * static_cast<std::size_t>(ranks);
  constexpr std::size_t packed_bytes = set_bytes<T> / 3;
  refuse(in, std::max(here * set_bytes<T>, list_bytes<T>(all, packed_bytes * all)));
}

/// The distinct values of all ranks. `collect(first, count, set)` adds those of some rows.
template <class T, class Collect>
std::vector<T> distinct_values(const Communicator& comm, const DistinctIn& in, Collect&& collect) {
  const BlockPlan& blocks = in.blocks;
  std::unordered_set<T> mine;
  std::vector<std::byte> packed;
  collectively(comm, [&] {
    const Share share = share_of(blocks.size(), comm.rank(), comm.size());
    const Index rows = share.size() * blocks.rows_per_block();
    const Stretch reading(comm.events(), {.kind = Event::Kind::targets});
    Event event{.blocks = share.size()};
    for (Index i = share.begin; i < share.end; ++i) {
      collect(blocks.first_row(i), blocks.rows_of(i), mine);
      if (static_cast<Index>(mine.size()) > in.most) throw DataError(in.complaint);
      event.rows += blocks.rows_of(i);
      require_room<T>(in, mine.size(), event.rows, rows, comm.size());
      comm.answer();
    }
    in.reader.require_unchanged();
    reading.end(event);
    packed = pack(mine);
  });
  const auto values = static_cast<std::size_t>(comm.sum(std::ssize(mine)));
  const auto bytes = static_cast<std::size_t>(comm.sum(std::ssize(packed)));
  mine = {};
  collectively(comm, [&] {
    if (list_bytes<T>(values, bytes) > in.room.bytes) refuse(in, list_bytes<T>(values, bytes));
  });
  std::vector<T> all;
  all.reserve(values);
  for (auto& part : comm.gather_all(packed)) {
    unpack(part, all);
    part = {};
  }
  return all;
}

}  // namespace

Labels labels_of(const Communicator& comm, const DistinctIn& in) {
  const RowReader& reader = in.reader;
  if (is_text(reader)) {
    return Labels::of_texts(
        distinct_values<std::string>(comm, in, [&](Index first, Index count, auto& set) {
          for (std::string& text : texts_of(reader, first, count)) set.insert(std::move(text));
        }));
  }
  std::vector<double> values;
  return Labels::of_numbers(
      distinct_values<double>(comm, in, [&](Index first, Index count, auto& set) {
        values.resize(static_cast<std::size_t>(count));
        reader.read_rows(first, count, values.data());
        for (const double v : values) {
          if (std::isfinite(v)) set.insert(v);
        }
      }));
}

void encode(const RowReader& reader, const Labels& labels, Index first, Index count, double* out) {
  if (labels.is_text()) {
    const std::vector<std::string> texts = texts_of(reader, first, count);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      out[i] = static_cast<double>(labels.find(texts[i]));
    }
    return;
  }
  reader.read_rows(first, count, out);
  for (Index i = 0; i < count; ++i) {
    // What is no number stays so: the check of the block reports it with its row.
    if (std::isfinite(out[i])) out[i] = static_cast<double>(labels.find(out[i]));
  }
}

}  // namespace superstep
