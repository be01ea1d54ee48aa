// SPDX-License-Identifier: BSD-3-Clause
#include "data/text_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

constexpr Index usual_bytes = 256;  // of a text that is kept by itself

/// A chunk for each thread and one more: texts have no fixed place in a block.
std::size_t cache_for(const DatasetLayout& layout, int readers) {
  if (layout.storage != Storage::chunked) return 0;
  Index chunk_bytes = static_cast<Index>(layout.type.bytes);
  for (const Index extent : layout.chunk_shape) chunk_bytes *= extent;
  return static_cast<std::size_t>(chunk_bytes * (readers + 1));
}

}  // namespace

TextReader::TextReader(const FrameColumn& column, int readers) {
  if (column.ends) ends_.emplace(*column.ends, cache_for(*column.ends, readers));
  if (column.values.rows() == 0) return;
  const bool are_bytes = column.ends.has_value();
  texts_.emplace(column.values, are_bytes ? cache_for(column.values, readers) : 0);
}

Index TextReader::bytes() const {
  if (!texts_) return 0;
  return ends_ ? texts_->rows() : usual_bytes * texts_->rows();
}

void TextReader::throw_damaged(Index first, Index count) const {
  throw FileError(
      fmt::format("{} is damaged: the places where the texts of rows {} to {} end do not ascend; "
                  "write it again",
                  ends_->layout().where(), first, first + count - 1));
}

std::vector<double> TextReader::begins(Index first, Index count) const {
  std::vector<double> begins(static_cast<std::size_t>(count) + 1);
  ends_->read_rows(first, count + 1, begins.data());
  const double most = texts_ ? static_cast<double>(texts_->rows()) : 0.0;
  const bool is_sound =
      begins.front() >= 0.0 && begins.back() <= most && std::ranges::is_sorted(begins);
  if (!is_sound) throw_damaged(first, count);
  return begins;
}

Index TextReader::most_bytes(const BlockPlan& plan) const {
  Index most = 0;
  for (Index i = 0; i < plan.size(); ++i) {
    const Index first = plan.first_row(i), count = plan.rows_of(i);
    Index bytes = 0;
    if (ends_) {
      double begin = 0.0, end = 0.0;
      ends_->read_rows(first, 1, &begin);
      ends_->read_rows(first + count, 1, &end);
      if (!(begin >= 0.0 && begin <= end)) throw_damaged(first, count);
      bytes = static_cast<Index>(end - begin);
    } else if (texts_) {
      for (const std::string& text : texts_->read_strings(first, count)) bytes += std::ssize(text);
    }
    most = std::max(most, bytes);
  }
  return most;
}

void TextReader::read(Index first, Index count, StoredBlock& into) const {
  into.begin.grow(count + 2);
  into.bytes.grow(1);  // texts that are all empty are texts
  Index* const begin = into.begin.data();
  if (ends_) {
    const std::vector<double> begins = this->begins(first, count);
    std::ranges::transform(begins, begin,
                           [&](double b) { return static_cast<Index>(b - begins.front()); });
    into.bytes.grow(begin[count]);
    if (begin[count] > 0) {
      texts_->read_bytes(static_cast<Index>(begins.front()), begin[count], into.bytes.data());
    }
  } else {
    const std::vector<std::string> texts = texts_->read_strings(first, count);
    begin[0] = 0;
    for (Index i = 0; i < count; ++i) {
      begin[i + 1] = begin[i] + std::ssize(texts[static_cast<std::size_t>(i)]);
    }
    into.bytes.grow(begin[count]);
    char* to = into.bytes.data();
    for (const std::string& text : texts) to = std::ranges::copy(text, to).out;
  }
  into.touched.grow(1);
  into.touched.data()[0] = 1;
  begin[count + 1] = 0;
}

std::size_t TextReader::cache_bytes() const {
  return (texts_ ? texts_->cache_bytes() : 0) + (ends_ ? ends_->cache_bytes() : 0);
}

std::size_t TextReader::scratch_bytes_per_thread() const {
  std::size_t most = 0;
  for (const auto* reader : {&texts_, &ends_}) {
    if (*reader) most = std::max(most, (*reader)->scratch_bytes_per_thread());
  }
  return most;
}

std::size_t TextReader::bytes_read() const {
  return (texts_ ? texts_->bytes_read() : 0) + (ends_ ? ends_->bytes_read() : 0);
}

}  // namespace superstep
