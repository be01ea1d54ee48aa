// SPDX-License-Identifier: BSD-3-Clause
#include "learn/carry.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/io/row_reader.hpp>

namespace superstep {

namespace {

constexpr double largest_int64 = 9223372036854774784.0;  // that a double equals

DatasetLayout layout_for_all(const Communicator& comm, const std::string& file,
                             const std::string& dataset) {
  std::vector<std::byte> bytes;
  on_root(comm, [&] { bytes = serialize(describe(file, dataset)); });
  comm.broadcast(bytes);
  return deserialize_layout(bytes);
}

/// The names of an enumeration of 0, 1, 2, ... in that order; empty for others.
std::vector<std::string> names_in_order(const ElementType& type) {
  std::vector<std::string> names(type.members.size());
  for (const auto& [name, value] : type.members) {
    if (value < 0 || value >= std::ssize(names) ||
        !names[static_cast<std::size_t>(value)].empty()) {
      return {};
    }
    names[static_cast<std::size_t>(value)] = name;
  }
  return names;
}

template <class To>
std::vector<To> converted(const std::vector<double>& values) {
  std::vector<To> out;
  out.reserve(values.size());
  for (const double v : values) out.push_back(static_cast<To>(v));
  return out;
}

/// Unsigned integers of 64 bits are carried as signed ones.
void refuse_too_large(const std::vector<double>& values, Index first, Index columns,
                      const std::string& where) {
  const auto found = std::ranges::find_if(values, [](double v) { return v >= 0x1p63; });
  if (found == values.end()) return;
  throw DataError(fmt::format(
      "{} row {} holds {:.0f}; numbers of 2^63 and more cannot be carried over: store smaller "
      "numbers, or text",
      where, first + (found - values.begin()) / columns, *found));
}

}  // namespace

struct CarriedColumn::Impl {
  const Communicator* comm = nullptr;  ///< answered between blocks
  std::shared_ptr<const Dataset> data;
  std::string to;
  std::optional<RowReader> reader;
  ElementType type;  ///< in the new file
  bool as_text = false;
  Share share;  ///< of the blocks
  std::optional<ParallelFile::Dataset> target;

  const ElementType& source() const { return reader->layout().type; }
  ElementType number_type() const;
  std::vector<std::string> texts(Index block) const;
  std::vector<double> numbers(Index block) const;
  std::size_t longest_text() const;
};

ElementType CarriedColumn::Impl::number_type() const {
  switch (source().kind) {
    case ElementKind::floating:
      return source().bytes == 4 ? float32_type() : float64_type();
    case ElementKind::boolean:
      return int32_type();
    case ElementKind::signed_integer:
      return source().bytes <= 4 ? int32_type() : int64_type();
    case ElementKind::unsigned_integer:
      return source().bytes <= 2 ? int32_type() : int64_type();
    case ElementKind::enumeration:
      return enumeration_type(names_in_order(source()));
    default:
      return float64_type();
  }
}

std::vector<double> CarriedColumn::Impl::numbers(Index block) const {
  const BlockPlan& plan = data->blocks();
  std::vector<double> values(static_cast<std::size_t>(plan.rows_of(block) * reader->columns()));
  reader->read_rows(plan.first_row(block), plan.rows_of(block), values.data());
  return values;
}

std::vector<std::string> CarriedColumn::Impl::texts(Index block) const {
  const BlockPlan& plan = data->blocks();
  if (source().is_text()) return reader->read_strings(plan.first_row(block), plan.rows_of(block));
  std::vector<std::string> texts;
  for (const double code : numbers(block)) {
    const auto member = std::ranges::find(source().members,
                                          static_cast<std::int64_t>(std::min(code, largest_int64)),
                                          &std::pair<std::string, std::int64_t>::second);
    texts.push_back(member == source().members.end() ? std::string() : member->first);
  }
  return texts;
}

std::size_t CarriedColumn::Impl::longest_text() const {
  if (source().kind == ElementKind::fixed_string) return source().bytes;
  std::size_t longest = 0;
  if (source().kind == ElementKind::enumeration) {
    for (const auto& [name, value] : source().members) longest = std::max(longest, name.size());
    return longest;
  }
  for (Index b = share.begin; b < share.end; ++b) {
    for (const std::string& text : texts(b)) longest = std::max(longest, text.size());
    comm->answer();
  }
  return longest;
}

CarriedColumn::CarriedColumn(const Communicator& comm, std::shared_ptr<const Dataset> data,
                             const std::string& from, std::string to)
    : impl_(std::make_unique<Impl>()) {
  impl_->comm = &comm;
  impl_->share = share_of(data->blocks().size(), comm.rank(), comm.size());
  impl_->data = std::move(data);
  impl_->to = std::move(to);
  const DatasetLayout layout = layout_for_all(comm, impl_->data->path(), from);
  std::size_t longest = 0;
  collectively(comm, [&] {
    impl_->reader.emplace(layout);
    const ElementType& type = impl_->source();
    impl_->as_text =
        type.is_text() || (type.kind == ElementKind::enumeration && names_in_order(type).empty());
    if (impl_->as_text) longest = impl_->longest_text();
  });
  if (impl_->as_text) {
    longest = static_cast<std::size_t>(comm.max(static_cast<Index>(longest)));
    impl_->type = fixed_string_type(std::max<std::size_t>(1, longest));
  } else {
    impl_->type = impl_->number_type();
  }
}

CarriedColumn::~CarriedColumn() = default;

void CarriedColumn::create_in(ParallelFile& file) {
  std::vector<Index> shape = {impl_->data->rows()};
  if (impl_->reader->columns() > 1) shape.push_back(impl_->reader->columns());
  impl_->target = file.create_dataset(impl_->to, impl_->type, shape);
}

void CarriedColumn::write_to(ParallelFile& file) const {
  const Impl& impl = *impl_;
  const Index tall = impl.data->blocks().rows_per_block();
  for (Index b = impl.share.begin; b < impl.share.end; ++b) {
    impl.comm->answer();
    const Index first = b * tall;
    const Index rows = impl.data->blocks().rows_of(b);
    if (impl.as_text) {
      file.write_rows(*impl.target, first, rows, impl.texts(b));
      continue;
    }
    const std::vector<double> values = impl.numbers(b);
    if (impl.type == float64_type()) {
      file.write_rows(*impl.target, first, rows, values.data());
    } else if (impl.type == float32_type()) {
      file.write_rows(*impl.target, first, rows, converted<float>(values).data());
    } else if (impl.type == int64_type()) {
      refuse_too_large(values, first, impl.reader->columns(), impl.reader->layout().where());
      file.write_rows(*impl.target, first, rows, converted<std::int64_t>(values).data());
    } else {
      file.write_rows(*impl.target, first, rows, converted<std::int32_t>(values).data());
    }
  }
  impl.reader->require_unchanged();
}

}  // namespace superstep
