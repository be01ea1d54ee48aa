// SPDX-License-Identifier: BSD-3-Clause
// Python's repr, and checked access.
#include <superstep/core/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {
namespace {

struct CodeRange {
  char32_t first, last;
};

/// Controls, separators and formatting characters, which Python's repr escapes. Code points that
/// Unicode has not assigned yet differ from one Python to the next and are taken as printable.
constexpr std::array<CodeRange, 26> not_printable = {{
    {0x00, 0x1F},       {0x7F, 0xA0},        {0xAD, 0xAD},       {0x600, 0x605},
    {0x61C, 0x61C},     {0x6DD, 0x6DD},      {0x70F, 0x70F},     {0x890, 0x891},
    {0x8E2, 0x8E2},     {0x1680, 0x1680},    {0x180E, 0x180E},   {0x2000, 0x200F},
    {0x2028, 0x202F},   {0x205F, 0x206F},    {0x3000, 0x3000},   {0xD800, 0xF8FF},
    {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},    {0xFFFE, 0xFFFF},   {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x1343F},  {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0xE0000, 0xE00FF}, {0xE01F0, 0x10FFFF},
}};

bool is_printable(char32_t code) {
  return std::none_of(not_printable.begin(), not_printable.end(),
                      [&](CodeRange range) { return code >= range.first && code <= range.last; });
}

void append_escaped(std::string& out, char32_t code) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto number = static_cast<std::uint32_t>(code);
  if (code <= 0xFF) {
    out += fmt::format("\\x{:02x}", number);
  } else if (code <= 0xFFFF) {
    out += fmt::format("\\u{:04x}", number);
  } else {
    out += fmt::format("\\U{:08x}", number);
  }
}

void append_string(std::string& out, std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  out += quote;
  while (!text.empty()) {
    const DecodedChar c = decode_utf8(text);
    if (!c.valid) {
      append_escaped(out, 0xDC00 + c.code);  // what Python's surrogateescape makes of a stray byte
    } else if (c.code == '\\' || c.code == static_cast<char32_t>(quote)) {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (is_printable(c.code)) {
      out += text.substr(0, c.length);
    } else {
      append_escaped(out, c.code);
    }
    text.remove_prefix(c.length);
  }
  out += quote;
}

void append_repr(std::string& out, const Value& value);

void append_items(std::string& out, const Value::Items& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, items[i]);
  }
}

void append_dict(std::string& out, const Value::Dict& entries) {
  out += '{';
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, entries[i].first);
    out += ": ";
    append_repr(out, entries[i].second);
  }
  out += '}';
}

void append_call(std::string& out, const Value::Call& call) {
  out += call.name;
  out += '(';
  append_items(out, call.positional);
  bool first = call.positional.empty();
  for (const auto& [name, argument] : call.keywords) {
    if (!first) out += ", ";
    first = false;
    out += name;
    out += '=';
    append_repr(out, argument);
  }
  out += ')';
}

void append_repr(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::none:
      out += "None";
      return;
    case Value::Kind::boolean:
      out += value.as_bool() ? "True" : "False";
      return;
    case Value::Kind::integer:
      out += fmt::format("{}", value.as_int());
      return;
    case Value::Kind::real:
      out += format_double(value.as_double());
      return;
    case Value::Kind::string:
      append_string(out, value.as_string());
      return;
    case Value::Kind::list:
      out += '[';
      append_items(out, value.items());
      out += ']';
      return;
    case Value::Kind::tuple:
      out += '(';
      append_items(out, value.items());
      out += value.items().size() == 1 ? ",)" : ")";
      return;
    case Value::Kind::dict:
      append_dict(out, value.entries());
      return;
    case Value::Kind::call:
      append_call(out, value.as_call());
      return;
  }
}

[[noreturn]] void fail_kind(std::string_view expected, const Value& value) {
  throw UsageError(fmt::format("expected {}, got {}", expected, shorten(value.repr(), 60)));
}

}  // namespace

Value Value::list(Items items) {
  Value value;
  value.data_ = List{std::move(items)};
  return value;
}

Value Value::tuple(Items items) {
  Value value;
  value.data_ = Tuple{std::move(items)};
  return value;
}

Value Value::dict(Dict entries) {
  Value value;
  value.data_ = Entries{std::move(entries)};
  return value;
}

bool Value::as_bool() const {
  if (!is_bool()) fail_kind("True or False", *this);
  return std::get<bool>(data_);
}

std::int64_t Value::as_int() const {
  if (!is_int()) fail_kind("an integer", *this);
  return std::get<std::int64_t>(data_);
}

double Value::as_double() const {
  if (is_int()) return static_cast<double>(std::get<std::int64_t>(data_));
  if (!is_real()) fail_kind("a number", *this);
  return std::get<double>(data_);
}

const std::string& Value::as_string() const {
  if (!is_string()) fail_kind("a string", *this);
  return std::get<std::string>(data_);
}

const Value::Items& Value::items() const {
  if (is_list()) return std::get<List>(data_).items;
  if (!is_tuple()) fail_kind("a list", *this);
  return std::get<Tuple>(data_).items;
}

const Value::Dict& Value::entries() const {
  if (!is_dict()) fail_kind("a dict", *this);
  return std::get<Entries>(data_).entries;
}

const Value::Call& Value::as_call() const {
  if (!is_call()) fail_kind("a call such as Ridge(alpha=1.0)", *this);
  return std::get<Call>(data_);
}

const Value* Value::find(const Value& key) const {
  for (const auto& [name, value] : entries()) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Value::repr() const {
  std::string out;
  append_repr(out, *this);
  return out;
}

bool operator==(const Value& a, const Value& b) {
  return a.kind() == b.kind() && a.repr() == b.repr();
}

}  // namespace superstep
