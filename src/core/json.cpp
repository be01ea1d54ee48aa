// SPDX-License-Identifier: BSD-3-Clause
// JSON text from a tree of values.
#include <superstep/core/json.hpp>

#include <fmt/format.h>

#include <cmath>
#include <superstep/core/text.hpp>

namespace superstep {
namespace {

void write_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const DecodedChar c = decode_utf8(text);
    if (!c.valid) {
      append_utf8(out, 0xFFFD);
    } else if (c.code == '"' || c.code == '\\') {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (c.code < 0x20 || c.code == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c.code));
    } else {
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
  out += '"';
}

void start_line(std::string& out, int indent, int depth) {
  if (indent > 0) out += "\n" + std::string(static_cast<std::size_t>(indent * depth), ' ');
}

}  // namespace

Json::Json(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::none:
      return;
    case Value::Kind::boolean:
      data_ = value.as_bool();
      return;
    case Value::Kind::integer:
      data_ = value.as_int();
      return;
    case Value::Kind::real:
      data_ = value.as_double();
      return;
    case Value::Kind::string:
      data_ = value.as_string();
      return;
    case Value::Kind::call:
      data_ = value.repr();
      return;
    case Value::Kind::list:
    case Value::Kind::tuple:
      data_ = Array{};
      for (const Value& item : value.items()) push_back(Json(item));
      return;
    case Value::Kind::dict:
      data_ = Object{};
      for (const auto& [key, item] : value.entries()) {
        set(key.is_string() ? key.as_string() : key.repr(), Json(item));
      }
      return;
  }
}

Json Json::array() {
  Json json;
  json.data_ = Array{};
  return json;
}

Json Json::object() {
  Json json;
  json.data_ = Object{};
  return json;
}

Json& Json::push_back(Json item) {
  std::get<Array>(data_).items.push_back(std::move(item));
  return *this;
}

Json& Json::set(std::string_view key, Json value) {
  auto& members = std::get<Object>(data_).members;
  for (auto& [name, held] : members) {
    if (name != key) continue;
    held = std::move(value);
    return *this;
  }
  members.emplace_back(std::string(key), std::move(value));
  return *this;
}

std::string Json::dump(int indent) const {
  std::string out;
  write(out, indent, 0);
  return out;
}

void Json::write(std::string& out, int indent, int depth) const {
  const std::string_view separator = indent > 0 ? "," : ", ";
  if (const auto* array = std::get_if<Array>(&data_)) {
    out += '[';
    for (std::size_t i = 0; i < array->items.size(); ++i) {
      if (i > 0) out += separator;
      start_line(out, indent, depth + 1);
      array->items[i].write(out, indent, depth + 1);
    }
    if (!array->items.empty()) start_line(out, indent, depth);
    out += ']';
  } else if (const auto* object = std::get_if<Object>(&data_)) {
    out += '{';
    for (std::size_t i = 0; i < object->members.size(); ++i) {
      if (i > 0) out += separator;
      start_line(out, indent, depth + 1);
      write_string(out, object->members[i].first);
      out += ": ";
      object->members[i].second.write(out, indent, depth + 1);
    }
    if (!object->members.empty()) start_line(out, indent, depth);
    out += '}';
  } else if (const auto* text = std::get_if<std::string>(&data_)) {
    write_string(out, *text);
  } else if (const auto* real = std::get_if<double>(&data_)) {
    out += std::isfinite(*real) ? format_double(*real) : "null";
  } else if (const auto* flag = std::get_if<bool>(&data_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&data_)) {
    out += fmt::format("{}", *number);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&data_)) {
    out += fmt::format("{}", *natural);
  } else {
    out += "null";
  }
}

}  // namespace superstep
