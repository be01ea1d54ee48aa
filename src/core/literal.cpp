// SPDX-License-Identifier: BSD-3-Clause
// The parser of Python literals and calls.
#include <superstep/core/literal.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

#include "core/arithmetic.hpp"
#include "core/cursor.hpp"

namespace superstep {
namespace {

constexpr int deepest_nesting = 100;

bool is_quote(char c) { return c == '\'' || c == '"'; }

/// The digit a character stands for, 99 for none.
unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A') + 10;
  return 99;
}

/// A name that is a value.
std::optional<Value> constant(std::string_view name) {
  const auto is = [name](auto... names) { return ((name == names) || ...); };
  if (is("None")) return Value();
  if (is("True", "np.True_")) return Value(true);
  if (is("False", "np.False_")) return Value(false);
  if (is("inf", "np.inf", "np.Inf", "math.inf")) return std::numeric_limits<double>::infinity();
  if (is("nan", "np.nan", "math.nan")) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

/// Functions that tell how much a column is worth, as SelectKBest takes them.
bool is_score_function(std::string_view name) {
  constexpr std::array functions = {
      "chi2",         "f_classif",           "f_regression",
      "r_regression", "mutual_info_classif", "mutual_info_regression"};
  return std::ranges::find(functions, name) != functions.end();
}

/// A name of a type, as make_column_selector takes it, is its text; so is that of a function that
/// scores.
std::optional<Value> type_name(std::string_view name) {
  if (is_score_function(name)) return Value(name);
  constexpr std::array types = {"object",     "bool",        "int",          "float",
                                "str",        "np.number",   "np.object_",   "np.bool_",
                                "np.float64", "np.float32",  "np.int64",     "np.int32",
                                "np.integer", "np.floating", "np.datetime64"};
  if (std::ranges::find(types, name) == types.end()) return std::nullopt;
  std::string_view type = name.starts_with("np.") ? name.substr(3) : name;
  if (type.ends_with('_')) type.remove_suffix(1);
  return Value(type);
}

/// A function by its name, as FunctionTransformer takes it, is its name: who takes one knows which
/// there are.
bool is_function_of_numpy(std::string_view name) {
  return name.starts_with("np.") && name.find('.', 3) == std::string_view::npos;
}

/// Recursive descent over Python's literals and calls.
class Parser {
 public:
  explicit Parser(std::string_view text) : at_(text) {}

  Value parse_all() {
    at_.skip_blanks();
    Value value = parse();
    at_.skip_blanks();
    if (!at_.at_end()) at_.fail_expected("the end");
    return value;
  }

 private:
  Value parse() {
    if (++depth_ > deepest_nesting) at_.fail("too deeply nested");
    Value value = parse_sum();
    --depth_;
    return value;
  }

  // Python's precedence: sums of products of signed powers.
  Value parse_sum();
  Value parse_product();
  Value parse_unary();
  Value parse_power();
  Value computed(const Value& a, std::string_view op, const Value& b, std::size_t start) const;
  Value parse_any();
  Value parse_parentheses();
  Value parse_dict();
  bool begins_string() const;
  Value parse_strings();
  Value parse_number(bool negative);
  Value parse_signed();
  Value parse_name();
  Value parse_call(std::string name);
  Value call_value(Value::Call call, std::size_t start) const;
  Value convert(const Value::Call& call, std::size_t start) const;
  Value integer_from(std::string_view digits, int base, bool negative, std::size_t start) const;

  Value::Items parse_items(char close, bool& has_comma);
  void parse_argument(Value::Call& call);
  void parse_string(std::string& out, bool is_raw);
  void parse_escape(std::string& out);
  void append_code(std::string& out, int digits, std::size_t start);
  std::string take_digits(unsigned base);

  Cursor at_;
  int depth_ = 0;
};

Value Parser::computed(const Value& a, std::string_view op, const Value& b,
                       std::size_t start) const {
  std::string_view problem;
  const auto result = compute(a, op, b, problem);
  if (!result) at_.fail_at(start, problem);
  return *result;
}

Value Parser::parse_sum() {
  const std::size_t start = at_.position();
  Value value = parse_product();
  for (;;) {
    at_.skip_blanks();
    const char op = at_.peek();
    if (op != '+' && op != '-') return value;
    at_.advance();
    at_.skip_blanks();
    value = computed(value, std::string_view(&op, 1), parse_product(), start);
  }
}

Value Parser::parse_product() {
  const std::size_t start = at_.position();
  Value value = parse_unary();
  for (;;) {
    at_.skip_blanks();
    const bool is_floor = at_.rest().starts_with("//");
    const char op = at_.peek();
    if (op != '*' && op != '/' && op != '%') return value;
    at_.advance(is_floor ? 2 : 1);
    at_.skip_blanks();
    const Value factor = parse_unary();
    value = computed(value, is_floor ? "//" : std::string_view(&op, 1), factor, start);
  }
}

Value Parser::parse_unary() {
  if (at_.peek() != '-' && at_.peek() != '+') return parse_power();
  if (++depth_ > deepest_nesting) at_.fail("too deeply nested");
  Value value = parse_signed();
  --depth_;
  return value;
}

Value Parser::parse_power() {
  const std::size_t start = at_.position();
  Value value = parse_any();
  at_.skip_blanks();
  if (!at_.rest().starts_with("**")) return value;
  at_.advance(2);
  at_.skip_blanks();
  if (++depth_ > deepest_nesting) at_.fail("too deeply nested");
  const Value exponent = parse_unary();
  --depth_;
  return computed(value, "**", exponent, start);
}

Value Parser::parse_any() {
  const char c = at_.peek();
  bool has_comma = false;
  if (at_.take('[')) return Value::list(parse_items(']', has_comma));
  if (c == '(') return parse_parentheses();
  if (c == '{') return parse_dict();
  if (begins_string()) return parse_strings();
  if (is_digit(c) || (c == '.' && is_digit(at_.peek(1)))) return parse_number(false);
  if (is_name_start(c)) return parse_name();
  at_.fail_expected("a value");
}

/// Items up to and with `close`; `has_comma` tells (1) from (1,).
Value::Items Parser::parse_items(char close, bool& has_comma) {
  Value::Items items;
  bool may_go_on = true;
  for (;;) {
    at_.skip_blanks();
    if (at_.take(close)) return items;
    if (!may_go_on) at_.fail_expected(fmt::format("',' or '{}'", close));
    items.push_back(parse());
    at_.skip_blanks();
    may_go_on = at_.take(',');
    has_comma = has_comma || may_go_on;
  }
}

Value Parser::parse_parentheses() {
  at_.advance();
  bool has_comma = false;
  Value::Items items = parse_items(')', has_comma);
  if (items.size() == 1 && !has_comma) return std::move(items.front());
  return Value::tuple(std::move(items));
}

Value Parser::parse_dict() {
  at_.advance();
  Value::Dict dict;
  bool may_go_on = true;
  for (;;) {
    at_.skip_blanks();
    if (at_.take('}')) return Value::dict(std::move(dict));
    if (!may_go_on) at_.fail_expected("',' or '}'");
    const std::size_t start = at_.position();
    Value key = parse();
    for (const auto& entry : dict) {
      if (entry.first == key)
        at_.fail_at(start, fmt::format("the key {} is there twice", key.repr()));
    }
    at_.skip_blanks();
    if (!at_.take(':')) at_.fail_expected("':' after the key of a dict");
    at_.skip_blanks();
    Value value = parse();
    dict.emplace_back(std::move(key), std::move(value));
    at_.skip_blanks();
    may_go_on = at_.take(',');
  }
}

bool Parser::begins_string() const {
  const bool has_prefix = std::string_view("rRuU").find(at_.peek()) != std::string_view::npos;
  return is_quote(at_.peek(has_prefix ? 1 : 0));
}

Value Parser::parse_strings() {
  std::string text;
  while (begins_string()) {
    const char prefix = at_.peek();
    if (!is_quote(prefix)) at_.advance();
    parse_string(text, prefix == 'r' || prefix == 'R');
    at_.skip_blanks();
  }
  return Value(std::move(text));
}

/// `is_raw`: r'...', in which a backslash is one.
void Parser::parse_string(std::string& out, bool is_raw) {
  const std::size_t start = at_.position();
  const char quote = at_.peek();
  const bool is_triple = at_.peek(1) == quote && at_.peek(2) == quote;
  const std::string closing(is_triple ? 3 : 1, quote);
  at_.advance(closing.size());
  while (!at_.rest().starts_with(closing)) {
    if (at_.at_end() || (at_.peek() == '\n' && !is_triple)) {
      at_.fail_at(start, "the string that begins here has no closing quote");
    }
    if (at_.peek() == '\\' && is_raw) {  // keeps a quote from ending it, and stays
      out += at_.peek();
      at_.advance();
      if (at_.at_end()) at_.fail_at(start, "the string that begins here has no closing quote");
      out += at_.peek();
      at_.advance();
    } else if (at_.peek() == '\\') {
      parse_escape(out);
    } else {
      out += at_.peek();
      at_.advance();
    }
  }
  at_.advance(closing.size());
}

void Parser::parse_escape(std::string& out) {
  const std::size_t start = at_.position();
  constexpr std::string_view from = "\\'\"abfnrtv";
  constexpr std::string_view to = "\\'\"\a\b\f\n\r\t\v";
  at_.advance();
  if (at_.at_end()) at_.fail_at(start, "the string has no closing quote");
  const char c = at_.peek();
  const std::size_t known = from.find(c);
  const bool is_code = digit_value(c) < 8 || c == 'x' || c == 'u' || c == 'U';
  if (known == std::string_view::npos && !is_code && c != '\n' && c != 'N') {
    out += '\\';  // Python keeps the backslash of an escape it does not know
    return;
  }
  if (c == 'N')
    at_.fail_at(start, "characters by name (\\N) are not read; write the character itself");
  at_.advance();
  if (known != std::string_view::npos) {
    out += to[known];
  } else if (digit_value(c) < 8) {
    char32_t code = digit_value(c);
    for (int i = 0; i < 2 && digit_value(at_.peek()) < 8; ++i, at_.advance()) {
      code = code * 8 + digit_value(at_.peek());
    }
    append_utf8(out, code);
  } else if (is_code) {
    append_code(out, c == 'x' ? 2 : c == 'u' ? 4 : 8, start);
  }
}

void Parser::append_code(std::string& out, int digits, std::size_t start) {
  char32_t code = 0;
  for (int i = 0; i < digits; ++i, at_.advance()) {
    if (digit_value(at_.peek()) >= 16)
      at_.fail_at(start, "an escape with too few hexadecimal digits");
    code = code * 16 + digit_value(at_.peek());
  }
  if (code >= 0xDC80 && code <= 0xDCFF) {
    out += static_cast<char>(code - 0xDC00);  // a stray byte, as repr writes it
    return;
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    at_.fail_at(start, "an escape that is no character");
  }
  append_utf8(out, code);
}

/// The digits of `base`, without the underscores between them.
std::string Parser::take_digits(unsigned base) {
  std::string digits;
  while (digit_value(at_.peek()) < base ||
         (at_.peek() == '_' && !digits.empty() && digit_value(at_.peek(1)) < base)) {
    if (at_.peek() != '_') digits += at_.peek();
    at_.advance();
  }
  return digits;
}

Value Parser::integer_from(std::string_view digits, int base, bool negative,
                           std::size_t start) const {
  const std::string text = (negative ? "-" : "") + std::string(digits);
  std::int64_t number = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), number, base).ec;
  if (status == std::errc::result_out_of_range) at_.fail_at(start, "an integer beyond 64 bits");
  return number;
}

Value Parser::parse_number(bool negative) {
  const std::size_t start = at_.position();
  constexpr std::array<std::pair<char, unsigned>, 3> prefixes = {{{'x', 16}, {'o', 8}, {'b', 2}}};
  for (const auto& [letter, base] : prefixes) {
    if (at_.peek() != '0' || (at_.peek(1) | 0x20) != letter) continue;
    at_.advance(2);
    const std::string digits = take_digits(base);
    if (digits.empty() || is_name_char(at_.peek())) at_.fail_at(start, "not a number");
    return integer_from(digits, static_cast<int>(base), negative, start);
  }
  std::string text = take_digits(10);
  bool is_integer = true;
  if (at_.peek() == '.') {
    at_.advance();
    text += '.';
    text += take_digits(10);
    is_integer = false;
  }
  if ((at_.peek() | 0x20) == 'e') {
    const bool has_sign = at_.peek(1) == '-' || at_.peek(1) == '+';
    text += has_sign && at_.peek(1) == '-' ? "e-" : "e";
    at_.advance(has_sign ? 2 : 1);
    const std::string exponent = take_digits(10);
    if (exponent.empty()) at_.fail_at(start, "a number with no digits in its exponent");
    text += exponent;
    is_integer = false;
  }
  if (is_name_char(at_.peek())) at_.fail_at(start, "not a number");
  if (is_integer) {
    if (text[0] == '0' && text.find_first_not_of('0') != std::string::npos) {
      at_.fail_at(start, "an integer must not begin with 0");
    }
    return integer_from(text, 10, negative, start);
  }
  double number = 0.0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
    at_.fail_at(start, "a number too large or too small for a float");
  }
  return negative ? -number : number;
}

Value Parser::parse_signed() {
  const std::size_t start = at_.position();
  const bool negative = at_.peek() == '-';
  at_.advance();
  at_.skip_blanks();
  if (is_digit(at_.peek()) || (at_.peek() == '.' && is_digit(at_.peek(1)))) {
    const Cursor number = at_;
    Value value = parse_number(negative);  // with its sign: -2**63 fits, 2**63 does not
    at_.skip_blanks();
    if (!at_.rest().starts_with("**")) return value;
    at_ = number;
  }
  Value value = parse_unary();
  if (!value.is_number()) at_.fail_at(start, "a sign before something that is no number");
  if (!negative) return value;
  if (value.is_real()) return -value.as_double();
  if (value.as_int() == std::numeric_limits<std::int64_t>::min()) {
    at_.fail_at(start, "an integer beyond 64 bits");
  }
  return -value.as_int();
}

/// A constant or a call.
Value Parser::parse_name() {
  const std::size_t start = at_.position();
  while (is_name_char(at_.peek()) || (at_.peek() == '.' && is_name_start(at_.peek(1))))
    at_.advance();
  std::string name(at_.since(start));
  if (is_quote(at_.peek()) && name.size() <= 2) {
    at_.fail_at(start,
                fmt::format("strings with the prefix {} are not read; write a plain one", name));
  }
  if (name.starts_with("numpy.")) name.replace(0, 5, "np");
  if (const auto value = constant(name)) return *value;
  at_.skip_blanks();
  if (at_.peek() == '(') return parse_call(std::move(name));
  if (const auto type = type_name(name)) return *type;
  if (is_function_of_numpy(name)) return Value(std::move(name));
  if (name == "lambda") {
    at_.fail_at(start, "functions of Python's are not called; name one of NumPy's: np.log1p");
  }
  const std::string capitalised = fmt::format("{:c}{}", name[0] & ~0x20, to_lower(name).substr(1));
  if (constant(capitalised)) at_.fail_at(start, fmt::format("{} is written {}", name, capitalised));
  at_.fail_at(
      start,
      fmt::format("{0} alone is no value: write '{0}' for a string, {0}() for an estimator", name));
}

Value Parser::parse_call(std::string name) {
  const std::size_t start = at_.position();
  at_.advance();
  Value::Call call{std::move(name), {}, {}};
  bool may_go_on = true;
  for (;;) {
    at_.skip_blanks();
    if (at_.take(')')) return call_value(std::move(call), start);
    if (!may_go_on) at_.fail_expected("',' or ')'");
    parse_argument(call);
    at_.skip_blanks();
    may_go_on = at_.take(',');
  }
}

void Parser::parse_argument(Value::Call& call) {
  const std::size_t start = at_.position();
  std::size_t length = 0;
  if (is_name_start(at_.peek())) {
    while (is_name_char(at_.peek(length))) ++length;
  }
  Cursor ahead = at_;
  ahead.advance(length);
  ahead.skip_blanks();
  if (length == 0 || ahead.peek() != '=' || ahead.peek(1) == '=') {
    if (!call.keywords.empty()) at_.fail("an argument without a name after one with a name");
    call.positional.push_back(parse());
    return;
  }
  std::string name(at_.rest().substr(0, length));
  for (const auto& keyword : call.keywords) {
    if (keyword.first == name) at_.fail_at(start, fmt::format("{} is given twice", name));
  }
  at_ = ahead;
  at_.advance();
  at_.skip_blanks();
  Value value = parse();
  call.keywords.emplace_back(std::move(name), std::move(value));
}

/// Calls that only spell a literal become that literal: float('inf'), np.float64(0.1), dict(C=[1]).
Value Parser::call_value(Value::Call call, std::size_t start) const {
  if (call.name == "dict") {
    if (!call.positional.empty())
      at_.fail_at(start, "dict() is read with key=value arguments only");
    Value::Dict entries;
    for (auto& [name, value] : call.keywords) entries.emplace_back(Value(name), std::move(value));
    return Value::dict(std::move(entries));
  }
  const bool is_array = call.name == "np.array" || call.name == "np.asarray";
  if (is_array && call.keywords.empty() && call.positional.size() == 1 &&
      call.positional[0].is_sequence()) {
    return call.positional[0];
  }
  constexpr std::array conversions = {"float",      "int",      "str",     "bool",
                                      "np.float64", "np.int64", "np.str_", "np.bool_"};
  for (const char* name : conversions) {
    if (call.name == name) return convert(call, start);
  }
  return call;
}

Value Parser::convert(const Value::Call& call, std::size_t start) const {
  if (call.positional.size() == 1 && call.keywords.empty()) {
    const Value& value = call.positional[0];
    const bool to_float = call.name == "float" || call.name == "np.float64";
    if (to_float && value.is_number()) return value.as_double();
    if (to_float && value.is_string()) {
      const std::string text = to_lower(value.as_string());
      const bool negative = text.starts_with('-');
      const auto number = constant(negative || text.starts_with('+') ? text.substr(1) : text);
      if (number && number->is_real()) return negative ? -number->as_double() : number->as_double();
    }
    if (call.name.find("int") != std::string::npos && value.is_int()) return value;
    if (call.name.find("str") != std::string::npos && value.is_string()) return value;
    if (call.name.find("bool") != std::string::npos && value.is_bool()) return value;
  }
  at_.fail_at(start, fmt::format("cannot read {}; write the value itself", Value(call).repr()));
}

}  // namespace

Value parse_value(std::string_view text) { return Parser(text).parse_all(); }

}  // namespace superstep
