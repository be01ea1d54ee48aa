// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/csv.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include "io/byte_block.hpp"
#include "io/posix_file.hpp"

namespace superstep {

namespace {

constexpr std::size_t read_bytes = std::size_t{256} << 10;
// A longer record is a quote that is never closed.
constexpr std::size_t most_record_bytes = std::size_t{64} << 20;
// Others are opened whenever they are read: a process may have some thousand files open, often
// fewer.
constexpr std::size_t most_open_files = 256;

/// What a file is that begins like this, if it is no plain text.
const char* not_csv(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("\x1f\x8b")) return "was packed by gzip twice; unpack it first";
  if (head.starts_with("BZh") ||
      head.starts_with("\xfd"
                       "7zXZ") ||
      head.starts_with("\x28\xb5\x2f\xfd")) {
    return "is compressed; unpack it first";
  }
  if (head.starts_with("PK\x03\x04")) {
    return "is a zip archive (as .npz and .xlsx are); unpack it, or save it as CSV or .npy";
  }
  if (head.starts_with("PAR1")) return "is a Parquet file; save it as CSV or HDF5";
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) {
    return "is UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)";
  }
  if (head.find('\0') != std::string_view::npos) return "is binary, not CSV text; check the path";
  return nullptr;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_space(char c) { return is_blank(c) || c == '\r' || c == '\n'; }

template <class Predicate>
std::string_view without_ends(std::string_view text, Predicate&& is_dropped) {
  while (!text.empty() && is_dropped(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_dropped(text.back())) text.remove_suffix(1);
  return text;
}

/// Without blanks at its ends, which few have.
std::string_view without_blanks(const char* begin, const char* end) {
  const std::string_view text(begin, static_cast<std::size_t>(end - begin));
  if (text.empty() || (!is_blank(text.front()) && !is_blank(text.back()))) return text;
  return without_ends(text, is_blank);
}

}  // namespace

struct CsvFile::Impl {
  struct Part {
    std::string path;
    std::string bytes_in;
    posix::Descriptor file{};  // kept open, unless there are many
    posix::Stamp stamp{};
    std::uint64_t begin = 0;
    std::uint64_t text_begin = 0;
    std::uint64_t data_begin = 0;
    std::uint64_t end() const { return begin + stamp.bytes; }
    std::size_t read(std::uint64_t offset, std::size_t size, char* out) const;
  };
  std::string path;
  char delimiter = ',';
  std::vector<Part> parts;

  const Part& part(Index i) const { return parts[static_cast<std::size_t>(i)]; }
};

/// `offset`: in the file.
std::size_t CsvFile::Impl::Part::read(std::uint64_t offset, std::size_t size, char* out) const {
  posix::Descriptor opened;
  if (file.get() < 0) {
    opened = posix::open_for_reading(bytes_in);
    posix::require_unchanged(opened, stamp, path);
  }
  int error = 0;
  const int descriptor = file.get() < 0 ? opened.get() : file.get();
  const std::size_t got = posix::read_at(descriptor, out, size, offset, error);
  if (error != 0) posix::fail("read", path, error);
  return got;
}

CsvFile::CsvFile(std::vector<CsvPart> parts, char delimiter) : impl_(std::make_unique<Impl>()) {
  impl_->path = parts.front().path;
  if (parts.size() > 1) {
    impl_->path +=
        fmt::format(" and {} more file{}", parts.size() - 1, parts.size() == 2 ? "" : "s");
  }
  impl_->delimiter = delimiter;
  std::uint64_t begin = 0;
  for (CsvPart& given : parts) {
    Impl::Part part{std::move(given.path), std::move(given.bytes_in)};
    if (part.bytes_in.empty()) part.bytes_in = part.path;
    part.file = posix::open_for_reading(part.bytes_in);
    part.stamp = posix::stamp_of(part.file, part.path);
    std::string head(4096, '\0');
    head.resize(part.read(0, head.size(), head.data()));
    if (const char* what = not_csv(head)) throw DataError(fmt::format("{} {}", part.path, what));
    part.begin = begin;
    part.text_begin = part.data_begin = begin + (head.starts_with("\xef\xbb\xbf") ? 3 : 0);
    begin = part.end();
    if (impl_->parts.size() >= most_open_files) part.file.reset();
    impl_->parts.push_back(std::move(part));
  }
}

CsvFile::CsvFile(CsvFile&&) noexcept = default;
CsvFile::~CsvFile() = default;

const std::string& CsvFile::path() const { return impl_->path; }
char CsvFile::delimiter() const { return impl_->delimiter; }
std::uint64_t CsvFile::size() const { return impl_->parts.back().end(); }

Index CsvFile::parts() const { return std::ssize(impl_->parts); }

/// The last of those that begin at or before it: what is empty holds no byte.
Index CsvFile::part_of(std::uint64_t offset) const {
  const auto after = std::ranges::upper_bound(impl_->parts, offset, {}, &Impl::Part::begin);
  return after - impl_->parts.begin() - 1;
}

const std::string& CsvFile::path_of(Index part) const { return impl_->part(part).path; }
std::uint64_t CsvFile::text_begin(Index part) const { return impl_->part(part).text_begin; }
std::uint64_t CsvFile::end_of(Index part) const { return impl_->part(part).end(); }
std::uint64_t CsvFile::data_begin(Index part) const { return impl_->part(part).data_begin; }
void CsvFile::set_data_begin(Index part, std::uint64_t offset) {
  impl_->parts[static_cast<std::size_t>(part)].data_begin = offset;
}

std::vector<CsvFile::Version> CsvFile::versions() const {
  std::vector<Version> versions;
  for (const Impl::Part& part : impl_->parts) {
    versions.push_back({part.stamp.bytes, part.stamp.modified_ns});
  }
  return versions;
}

void CsvFile::require_agreed(const std::vector<Version>& versions) const {
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const Impl::Part& part = impl_->parts[i];
    posix::require_agreed(part.stamp, versions[i].size, versions[i].modified_ns, part.path);
  }
}

void CsvFile::require_unchanged() const {
  for (const Impl::Part& part : impl_->parts) {
    if (part.file.get() >= 0) {
      posix::require_unchanged(part.file, part.stamp, part.path);
    } else {
      posix::require_unchanged(posix::open_for_reading(part.bytes_in), part.stamp, part.path);
    }
  }
}

std::size_t CsvFile::read(std::uint64_t offset, std::size_t size, char* out) const {
  if (offset >= this->size()) return 0;
  const Impl::Part& part = impl_->part(part_of(offset));
  return part.read(offset - part.begin, std::min<std::uint64_t>(size, part.end() - offset), out);
}

CsvFile::Counts CsvFile::count(std::uint64_t begin, std::uint64_t end) const {
  Counts counts;
  std::vector<char> bytes(std::min<std::uint64_t>(read_bytes, end - begin));
  while (begin < end) {
    const std::size_t got =
        read(begin, std::min<std::uint64_t>(bytes.size(), end - begin), bytes.data());
    if (got == 0) {
      throw FileError(
          fmt::format("'{}' became shorter while it was read; wait until nobody writes to it",
                      path_of(part_of(begin))));
    }
    const auto stop = bytes.begin() + static_cast<Index>(got);
    counts.quotes += static_cast<std::uint64_t>(std::count(bytes.begin(), stop, '"'));
    counts.lines += static_cast<std::uint64_t>(std::count(bytes.begin(), stop, '\n'));
    begin += got;
  }
  return counts;
}

std::optional<std::uint64_t> CsvFile::first_record(std::uint64_t begin, std::uint64_t end,
                                                   bool quoted) const {
  if (begin >= end) return std::nullopt;
  if (begin == text_begin(part_of(begin))) return begin;
  // From the byte before, which may be the line end that counts. A quote there has been counted
  // already.
  std::vector<char> bytes(4096);
  char before = 0;
  if (read(begin - 1, 1, &before) == 0) return std::nullopt;
  if (!quoted && before == '\n') return begin;
  while (begin < end) {
    const std::size_t got =
        read(begin, std::min<std::uint64_t>(bytes.size(), end - begin), bytes.data());
    if (got == 0) break;
    for (std::size_t i = 0; i < got; ++i) {
      if (bytes[i] == '"') quoted = !quoted;
      if (bytes[i] == '\n' && !quoted) {
        const std::uint64_t next = begin + i + 1;
        return next < end ? std::optional(next) : std::nullopt;
      }
    }
    begin += got;
  }
  return std::nullopt;
}

CsvCursor::CsvCursor(const CsvFile& file, std::uint64_t offset)
    : file_(file), part_(file.part_of(offset)), buffer_at_(offset) {}

/// Reads more behind what is there; false at the end of the part.
bool CsvCursor::fill() {
  if (is_at_end_) return false;
  if (begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<Index>(begin_),
              buffer_.begin() + static_cast<Index>(filled_), buffer_.begin());
    filled_ -= begin_;
    end_ -= begin_;
    buffer_at_ += begin_;
    begin_ = 0;
  }
  if (filled_ > most_record_bytes) {
    throw CsvProblem{buffer_at_,
                     fmt::format("is longer than {}; a quote may be open",
                                 format_bytes(static_cast<std::int64_t>(most_record_bytes))),
                     true};
  }
  const std::size_t wanted = filled_ + std::max(read_bytes, filled_) + CsvField::readable;
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  const std::uint64_t at = buffer_at_ + filled_;
  const std::size_t size = std::min<std::uint64_t>(buffer_.size() - CsvField::readable - filled_,
                                                   file_.end_of(part_) - at);
  const std::size_t got = size == 0 ? 0 : file_.read(at, size, buffer_.data() + filled_);
  filled_ += got;
  is_at_end_ = got == 0;
  return got > 0;
}

/// Moves end_ behind the line end of the record that begins at begin_; false when nothing is left.
bool CsvCursor::find_end() {
  bool quoted = false;
  has_quotes_ = false;
  std::size_t at = begin_;
  for (;;) {
    const char* data = buffer_.data();
    const std::size_t left = filled_ - at;
    const void* found = left == 0 ? nullptr : std::memchr(data + at, '\n', left);
    const std::size_t stop = found == nullptr
                                 ? filled_
                                 : static_cast<std::size_t>(static_cast<const char*>(found) - data);
    // Quotes before this line end decide whether it is one.
    for (const char* q = data + at; q != data + stop; ++q) {
      q = static_cast<const char*>(std::memchr(q, '"', static_cast<std::size_t>(data + stop - q)));
      if (q == nullptr) break;
      quoted = !quoted;
      has_quotes_ = true;
    }
    at = stop;
    if (found != nullptr) {
      ++at;
      if (quoted) continue;
      end_ = at;
      return true;
    }
    const std::size_t seen = at - begin_;
    if (fill()) {
      at = begin_ + seen;
      continue;
    }
    end_ = filled_;
    if (quoted) {
      throw CsvProblem{buffer_at_ + begin_,
                       "has a quote that is never closed; a field that holds quotes must be quoted "
                       "itself, with the quotes in it doubled",
                       true};
    }
    return end_ > begin_;
  }
}

bool CsvCursor::find_record() {
  do {
    if (find_record_of_part()) return true;
  } while (go_to_next_part());
  return false;
}

bool CsvCursor::go_to_next_part() {
  if (part_ + 1 == file_.parts()) return false;
  buffer_at_ = file_.data_begin(++part_);
  begin_ = end_ = filled_ = 0;
  is_at_end_ = false;
  return true;
}

bool CsvCursor::find_record_of_part() {
  for (;;) {
    begin_ = end_;
    if (!find_end()) return false;
    offset_ = buffer_at_ + begin_;
    record_ = std::string_view(buffer_.data() + begin_, end_ - begin_);
    if (record_.ends_with('\n')) record_.remove_suffix(1);
    if (record_.ends_with('\r')) record_.remove_suffix(1);
    const std::string_view nothing = file_.delimiter() == CsvFile::blanks ? " \t" : " ";
    if (record_.find_first_not_of(nothing) != std::string_view::npos) return true;
  }
}

bool CsvCursor::skip() { return find_record(); }

bool CsvCursor::next() {
  for (;;) {
    switch (take_simple()) {
      case Taken::record:
        return true;
      case Taken::blank:
        continue;
      case Taken::none:
        if (!find_record()) return false;
        split();
        return true;
    }
  }
}

/// Takes the next record in one go through its bytes where it lies in the buffer as a whole, and is
/// such as nearly all are: no doubled quotes, nothing wrong. Others are left to those who know all.
CsvCursor::Taken CsvCursor::take_simple() {
  if (file_.delimiter() == CsvFile::blanks) return Taken::none;
  const char delimiter = file_.delimiter();
  const char* const data = buffer_.data();
  const std::size_t record = end_;
  std::size_t field = record;  // where the field begins
  std::size_t closed = 0;      // behind its closing quote, if it had any
  bool quoted = false;
  n_fields_ = 0;
  for (std::size_t at = record; at < filled_; at += ByteBlock::size) {
    const ByteBlock block(data + at);
    const std::uint64_t quotes = block.equal('"');
    std::uint64_t marks = block.equal(delimiter) | block.equal('\n') | block.equal('\r') | quotes;
    for (; marks != 0; marks &= marks - 1) {
      const std::size_t here = at + static_cast<std::size_t>(std::countr_zero(marks));
      if (here >= filled_) return Taken::none;
      const char c = data[here];
      if (c == '"') {
        const bool opens = !quoted && here == field && closed == 0;
        const bool closes = quoted && data[here + 1] != '"';  // beyond the end there is none
        if (!opens && !closes) return Taken::none;
        quoted = opens;
        closed = closes ? here + 1 : 0;
        continue;
      }
      if (quoted) continue;
      const bool is_line_end =
          c == '\n' || (c == '\r' && here + 1 < filled_ && data[here + 1] == '\n');
      if (!is_line_end && c != delimiter) return Taken::none;
      if (closed == 0) {
        add_field(without_blanks(data + field, data + here), false);
      } else if (closed == here) {
        add_field({data + field + 1, here - field - 2}, true);
      } else {
        return Taken::none;
      }
      if (is_line_end) return finish_simple(record, here, here + (c == '\r' ? 2 : 1));
      field = here + 1;
      closed = 0;
    }
  }
  return Taken::none;
}

CsvCursor::Taken CsvCursor::finish_simple(std::size_t begin, std::size_t end,
                                          std::size_t line_end) {
  begin_ = begin;
  end_ = line_end;
  offset_ = buffer_at_ + begin;
  record_ = std::string_view(buffer_.data() + begin, end - begin);
  const bool may_be_blank = n_fields_ == 1 && fields_[0].text.empty();
  const bool is_blank_line =
      may_be_blank && record_.find_first_not_of(' ') == std::string_view::npos;
  return is_blank_line ? Taken::blank : Taken::record;
}

void CsvCursor::split() {
  n_fields_ = 0;
  undoubled_.clear();
  const bool is_by_blanks = file_.delimiter() == CsvFile::blanks;
  if (is_by_blanks) record_ = without_ends(record_, is_blank);
  for (std::size_t begin = 0;;) {
    const bool quoted = has_quotes_ && begin < record_.size() && record_[begin] == '"';
    begin = quoted ? take_quoted(begin) : take_unquoted(begin);
    if (begin == record_.size()) break;
    ++begin;  // the delimiter; behind the last one is one more field
    while (is_by_blanks && is_blank(record_[begin])) ++begin;
  }
}

bool CsvCursor::is_delimiter(char c) const {
  return file_.delimiter() == CsvFile::blanks ? is_blank(c) : c == file_.delimiter();
}

/// Takes the field at `begin` and returns where it ends: at a delimiter or the end of the record.
std::size_t CsvCursor::take_unquoted(std::size_t begin) {
  const std::size_t found = file_.delimiter() == CsvFile::blanks
                                ? record_.find_first_of(" \t", begin)
                                : record_.find(file_.delimiter(), begin);
  const std::size_t stop = std::min(found, record_.size());
  const std::string_view text = record_.substr(begin, stop - begin);
  if (has_quotes_ && text.find('"') != std::string_view::npos) {
    throw CsvProblem{offset_,
                     fmt::format("has a quote inside the unquoted field {}; quote the whole field "
                                 "and double the quotes in it",
                                 n_fields_ + 1)};
  }
  if (text.find('\r') != std::string_view::npos) {
    throw CsvProblem{
        offset_,
        "has a carriage return in its middle; convert the line ends (dos2unix, or tr '\\r' '\\n')"};
  }
  add_field(without_ends(text, is_blank), false);
  return stop;
}

std::size_t CsvCursor::take_quoted(std::size_t begin) {
  std::size_t at = begin + 1;
  bool has_doubled = false;
  for (;;) {
    at = record_.find('"', at);  // there is one: the quotes of a record are even
    if (at + 1 >= record_.size() || record_[at + 1] != '"') break;
    has_doubled = true;
    at += 2;
  }
  std::string_view text = record_.substr(begin + 1, at - begin - 1);
  if (has_doubled) {
    std::string single;
    for (std::size_t i = 0; i < text.size(); ++i) {
      single.push_back(text[i]);
      if (text[i] == '"') ++i;
    }
    const std::size_t size = single.size();
    single.append(CsvField::readable, '\0');
    text = std::string_view(undoubled_.emplace_back(std::move(single))).substr(0, size);
  }
  add_field(text, true);
  ++at;
  while (at < record_.size() && is_blank(record_[at]) && !is_delimiter(record_[at])) ++at;
  if (at < record_.size() && !is_delimiter(record_[at])) {
    throw CsvProblem{offset_,
                     fmt::format("has text behind the closing quote of field {}; double the quotes "
                                 "inside a quoted field",
                                 n_fields_)};
  }
  return at;
}

bool is_missing(std::string_view text) {
  if (text.empty()) return true;
  static constexpr std::string_view words[] = {
      "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
      "<NA>", "N/A",      "NA",  "NULL",    "NaN",      "None", "n/a",  "nan",    "null"};
  constexpr std::size_t longest = 8;
  if (text.size() > longest) return false;
  switch (text[0]) {
    case '#':
    case '-':
    case '1':
    case '<':
    case 'N':
    case 'n':
      return std::ranges::find(words, text) != std::end(words);
    default:
      return false;
  }
}

std::string utf8_of_latin1(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) append_utf8(text, static_cast<unsigned char>(byte));
  return text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (std::uint64_t bytes = 0; text.size() >= sizeof bytes) {  // mostly ASCII
      std::memcpy(&bytes, text.data(), sizeof bytes);
      if ((bytes & 0x8080808080808080) == 0) {
        text.remove_prefix(sizeof bytes);
        continue;
      }
    }
    const DecodedChar c = decode_utf8(text);
    if (!c.valid) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

std::optional<std::string> in_plain_style(std::string_view cell, const NumberStyle& style) {
  const auto is_digit = [&](std::size_t i) {
    return i < cell.size() && cell[i] >= '0' && cell[i] <= '9';
  };
  std::string plain;
  bool is_fraction = false;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (style.thousands != '\0' && cell[i] == style.thousands) {
      if (is_fraction || i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return std::nullopt;
    } else if (cell[i] == style.decimal) {
      plain.push_back('.');
      is_fraction = true;
    } else if (cell[i] == '.') {
      return std::nullopt;
    } else {
      plain.push_back(cell[i]);
    }
  }
  return plain;
}

std::optional<double> parse_cell(std::string_view cell, const NumberStyle& style) {
  const std::string_view text = without_ends(cell, is_space);  // quoted cells may have such
  if (!style.is_plain() && !text.empty()) {
    const auto plain = in_plain_style(text, style);
    return plain ? parse_cell(*plain) : std::nullopt;
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (text.empty()) return nan;
  const char* begin = text.data();
  const char* end = begin + text.size();
  // from_chars knows no plus sign.
  if (*begin == '+' && text.size() > 1 && begin[1] != '-' && begin[1] != '+') ++begin;
  double value = 0.0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc() && stop == end) {
    // "nan(text)" is a number to the standard and to nobody else.
    if (std::isnan(value) && !is_missing(text)) return std::nullopt;
    return value;
  }
  if (error == std::errc::result_out_of_range && stop == end) {
    return std::strtod(std::string(begin, end).c_str(),
                       nullptr);  // infinite, or the nearest to zero
  }
  if (is_missing(text)) return nan;
  return std::nullopt;
}

}  // namespace superstep
