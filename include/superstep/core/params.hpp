// SPDX-License-Identifier: BSD-3-Clause
// Hyper-parameters described once. An estimator's parameters are an aggregate with defaults; one
// table gives each its name, range and line of help, and everything else comes from it: reading
// expressions and grids, checking, the expression in the model file, help and the documentation.
//
//   const ParamTable<RidgeParams>& ridge_table() {
//     static const auto table =
//         ParamTable<RidgeParams>("Ridge", "Least squares with an L2 penalty.")
//             .add("alpha", &RidgeParams::alpha, at_least(0.0), "strength of the penalty")
//             .add("solver", &RidgeParams::solver, one_of({"auto", "cholesky"}), "how it is
//             solved") .refuse("copy_X", {true, false}, "the data are never changed")
//             .positional(1);
//     return table;
//   }
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <superstep/core/expression.hpp>
#include <superstep/core/types.hpp>
#include <superstep/core/value.hpp>
#include <utility>
#include <vector>

namespace superstep {

/// The values a parameter may take, beyond its type.
struct Range {
  enum class Form {
    phrase,    ///< `text` follows the type: "a float" + ">= 0"
    complete,  ///< `text` says it all: "'auto' or 'cholesky'"
  };
  std::string text;
  std::function<bool(const Value&)> holds;
  Form form = Form::phrase;
  std::vector<std::string> names{};  ///< the strings among the values, to offer the nearest
};

enum class Ends { closed, open, open_left, open_right };

/// Any value of the type.
Range anything();
/// Numeric ranges hold for a list when they hold for each of its numbers; NaN is in none of them.
Range at_least(double low);
Range greater_than(double low);
Range between(double low, double high, Ends ends = Ends::closed);
/// One of the values; nullptr is None, which need not be listed for a std::optional field.
Range one_of(std::vector<Value> values);
/// Whatever `holds` accepts; `text` reads after "must be": "None or an int >= 1".
Range satisfies(std::string text, std::function<bool(const Value&)> holds);

/// One row of the table, in words.
struct ParamInfo {
  std::string name;
  std::string type;  ///< "float", "int", "bool", "str", "int or None", "list of float", "value"
  std::string default_repr;  ///< "1.0"
  std::string range;         ///< ">= 0"; may be empty
  std::string values;        ///< type and range in words: "a float >= 0", "None or an int >= 1"
  std::string help;
  bool honoured = true;  ///< false: scikit-learn's name, refused at a value that would matter
};

/// The table of some estimator, its parameter struct forgotten: `params` must point to an object of
/// the struct the table was made for.
class ParamTableBase {
 public:
  const std::string& estimator() const { return estimator_; }
  /// One line on what it is.
  const std::string& summary() const { return summary_; }
  const std::vector<ParamInfo>& infos() const { return infos_; }
  /// The names that can be set, refused ones included, in table order.
  std::vector<std::string> names() const;

  /// Checks and stores a value. UsageError names the nearest parameter, the type or the range;
  /// `params` is unchanged then.
  void set(void* params, std::string_view name, const Value& value) const;
  /// The value a parameter has; of a refused one the value that is accepted.
  Value get(const void* params, std::string_view name) const;
  /// Sets all that the expression gives, positional arguments as far as `positional(n)` allows.
  void apply(void* params, const EstimatorExpression& expression) const;
  /// Throws UsageError unless every value is in its range: for structs filled by C++ code.
  void check(const void* params) const;
  /// `Ridge(alpha=1.0, fit_intercept=True)`: every parameter that is honoured, in table order.
  std::string repr(const void* params) const;

  /// A Markdown table: parameter, default, values, meaning.
  std::string markdown() const;
  /// Plain text for `help ESTIMATOR`, at most 100 columns wide.
  std::string help_text() const;

 protected:
  struct Field {
    std::function<bool(void*, const Value&)> store;  ///< false: not of the type
    std::function<Value(const void*)> load;
    Range range;
    std::vector<Value> accepted{};  ///< of a refused parameter
    std::string reason{};
  };

  ParamTableBase(std::string estimator, std::string summary);
  void add_field(std::string name, std::string_view type, const Value& default_value, Field field,
                 std::string help);
  void add_refused(std::string name, std::vector<Value> accepted, std::string reason);
  void set_positional(std::size_t count) { positional_ = count; }

 private:
  std::size_t index_of(std::string_view name) const;
  bool in_range(std::size_t index, const Value& value) const;
  [[noreturn]] void fail(std::size_t index, const Value& value) const;

  std::string estimator_;
  std::string summary_;
  std::vector<ParamInfo> infos_;
  std::vector<Field> fields_;
  std::size_t positional_ = 0;
};

namespace detail {
// One pair of functions for each type a parameter may have; an int is taken where a float is asked
// for.
bool store_value(const Value& value, double& field);
bool store_value(const Value& value, Index& field);
bool store_value(const Value& value, bool& field);
bool store_value(const Value& value, std::string& field);
bool store_value(const Value& value, std::vector<double>& field);
bool store_value(const Value& value, Value& field);
template <class T>
bool store_value(const Value& value, std::optional<T>& field) {
  T inner{};
  if (!value.is_none() && !store_value(value, inner)) return false;
  field = value.is_none() ? std::nullopt : std::optional<T>(std::move(inner));
  return true;
}

Value load_value(const std::vector<double>& field);
template <class T>
Value load_value(const T& field) {
  return Value(field);
}
template <class T>
Value load_value(const std::optional<T>& field) {
  return field ? Value(*field) : Value();
}

template <class T>
constexpr std::string_view type_text = "value";
template <>
inline constexpr std::string_view type_text<double> = "float";
template <>
inline constexpr std::string_view type_text<Index> = "int";
template <>
inline constexpr std::string_view type_text<bool> = "bool";
template <>
inline constexpr std::string_view type_text<std::string> = "str";
template <>
inline constexpr std::string_view type_text<std::vector<double>> = "list of float";
template <>
inline constexpr std::string_view type_text<std::optional<double>> = "float or None";
template <>
inline constexpr std::string_view type_text<std::optional<Index>> = "int or None";
template <>
inline constexpr std::string_view type_text<std::optional<std::string>> = "str or None";

template <class F, class... Types>
concept IsOneOf = (std::same_as<F, Types> || ...);
}  // namespace detail

/// What a field of a parameter struct may be.
template <class F>
concept ParamField =
    detail::IsOneOf<F, double, Index, bool, std::string, std::optional<double>,
                    std::optional<Index>, std::optional<std::string>, std::vector<double>, Value>;

/// The table of the parameter struct `P`, an aggregate whose member initialisers are the defaults.
template <class P>
class ParamTable : public ParamTableBase {
 public:
  ParamTable(std::string estimator, std::string summary)
      : ParamTableBase(std::move(estimator), std::move(summary)) {}

  /// A parameter; `member` may belong to a base of `P`.
  template <ParamField F, class Owner>
  requires std::derived_from<P, Owner> ParamTable add(std::string name, F Owner::*member,
                                                      Range range, std::string help) && {
    Field field{
        [member](void* p, const Value& v) {
          return detail::store_value(v, static_cast<P*>(p)->*member);
        },
        [member](const void* p) { return detail::load_value(static_cast<const P*>(p)->*member); },
        std::move(range)};
    const P defaults{};
    add_field(std::move(name), detail::type_text<F>, detail::load_value(defaults.*member),
              std::move(field), std::move(help));
    return std::move(*this);
  }

  /// A parameter of scikit-learn that has no effect here: taken at the values in `accepted` (the
  /// first is its default), refused with `reason` at any other.
  ParamTable refuse(std::string name, std::vector<Value> accepted, std::string reason) && {
    add_refused(std::move(name), std::move(accepted), std::move(reason));
    return std::move(*this);
  }

  /// How many of the first parameters may be given without their names, as in `PCA(20)`.
  ParamTable positional(std::size_t count) && {
    set_positional(count);
    return std::move(*this);
  }

  void set(P& params, std::string_view name, const Value& value) const {
    ParamTableBase::set(&params, name, value);
  }
  Value get(const P& params, std::string_view name) const {
    return ParamTableBase::get(&params, name);
  }
  void apply(P& params, const EstimatorExpression& expression) const {
    ParamTableBase::apply(&params, expression);
  }
  void check(const P& params) const { ParamTableBase::check(&params); }
  std::string repr(const P& params) const { return ParamTableBase::repr(&params); }
};

}  // namespace superstep
