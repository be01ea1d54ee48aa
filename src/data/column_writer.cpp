// SPDX-License-Identifier: BSD-3-Clause
#include "data/column_writer.hpp"

#include <algorithm>
#include <utility>

namespace superstep {

namespace {

// The names of an enumeration stand in one message of an object header, which holds 64 KiB.
constexpr std::size_t most_enumeration_bytes = 60'000;

ElementType target_type(const TargetFormat& target) {
  switch (target.kind) {
    case TargetFormat::Kind::none:
    case TargetFormat::Kind::real:
      return float64_type();
    case TargetFormat::Kind::integer:
      return int64_type();
    case TargetFormat::Kind::names:
      break;
  }
  std::size_t bytes = 0;
  std::size_t longest = 0;
  for (const std::string& name : target.names) {
    bytes += (name.size() / 8 + 1) * 8 + 4;
    longest = std::max(longest, name.size());
  }
  return bytes <= most_enumeration_bytes && !target.as_text
             ? enumeration_type(target.names)
             : fixed_string_type(std::max<std::size_t>(1, longest));
}

}  // namespace

ColumnWriter::ColumnWriter(std::string path, TargetFormat format)
    : path_(std::move(path)), format_(std::move(format)), type_(target_type(format_)) {}

void ColumnWriter::put(ParallelFile& file, Index first, Index count) {
  const double* y = values_.data();
  if (format_.kind == TargetFormat::Kind::real) {
    file.write_rows(*dataset_, first, count, y);
  } else if (format_.kind == TargetFormat::Kind::integer) {
    integers_.assign(y, y + count * format_.columns);
    file.write_rows(*dataset_, first, count, integers_.data());
  } else if (type_.kind == ElementKind::enumeration) {
    codes_.assign(y, y + count);
    file.write_rows(*dataset_, first, count, codes_.data());
  } else {
    std::vector<std::string> texts;
    texts.reserve(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) {
      texts.push_back(format_.names[static_cast<std::size_t>(y[i])]);
    }
    file.write_rows(*dataset_, first, count, texts);
  }
}

}  // namespace superstep
