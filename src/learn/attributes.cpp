// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/attributes.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

// ---- writing -----------------------------------------------------------------------------------

void AttributeWriter::operator()(const std::string& name, double value, Allowed) const {
  tree_->add(prefix_ + name, value);
}

void AttributeWriter::operator()(const std::string& name, Index value, Index) const {
  tree_->add(prefix_ + name, static_cast<std::int64_t>(value));
}

void AttributeWriter::operator()(const std::string& name, const Vector& values, Length&,
                                 Allowed) const {
  tree_->add(prefix_ + name, TreeArray<double>{{values.size()}, {values.begin(), values.end()}});
}

void AttributeWriter::operator()(const std::string& name, const Matrix& values, Length&, Length&,
                                 Allowed) const {
  tree_->add(prefix_ + name, TreeArray<double>{{values.rows(), values.cols()},
                                               {values.data(), values.data() + values.size()}});
}

void AttributeWriter::operator()(const std::string& name, const std::vector<Index>& values, Length&,
                                 Index) const {
  tree_->add(prefix_ + name,
             TreeArray<std::int64_t>{{std::ssize(values)}, {values.begin(), values.end()}});
}

void AttributeWriter::operator()(const std::string& name, const std::vector<std::string>& texts,
                                 Length&) const {
  tree_->add(prefix_ + name, TreeArray<std::string>{{std::ssize(texts)}, texts});
}

void AttributeWriter::operator()(const std::string& name, const Labels& labels,
                                 Length& length) const {
  if (labels.is_text()) {
    (*this)(name, labels.texts(), length);
  } else if (labels.is_integer()) {
    const std::vector<double>& numbers = labels.numbers();
    (*this)(name, std::vector<Index>(numbers.begin(), numbers.end()), length);
  } else {
    tree_->add(prefix_ + name, TreeArray<double>{{labels.size()}, labels.numbers()});
  }
}

void AttributeWriter::operator()(const std::string& name, const TreeArray<double>& values,
                                 Allowed) const {
  tree_->add(prefix_ + name, values);
}

void AttributeWriter::size(const std::string& name, Length&, Index value) const {
  (*this)(name, value);
}

void AttributeWriter::derived(const std::string& name, const Vector& values) const {
  Length length;
  (*this)(name, values, length);
}

// ---- reading -----------------------------------------------------------------------------------

namespace {

/// More columns than any file has: what claims them is damaged, and must not get the memory.
constexpr Index most_columns = Index{1} << 27;

template <class T>
constexpr const char* what_it_holds = "floating-point numbers";
template <>
constexpr const char* what_it_holds<std::int64_t> = "integers";
template <>
constexpr const char* what_it_holds<std::string> = "texts";

std::string shape_text(const std::vector<Index>& shape) {
  return shape.empty() ? "a single value" : fmt::format("{} values", fmt::join(shape, " x "));
}

std::string dimensions_text(std::size_t dimensions) {
  if (dimensions == 0) return "a single value";
  if (dimensions == 1) return "one dimension";
  return dimensions == 2 ? "two dimensions" : "three dimensions";
}

template <class T>
void check_ascending(const std::string& path, const std::vector<T>& labels) {
  if (labels.empty()) throw DataError(fmt::format("{} is empty", path));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if constexpr (std::is_same_v<T, double>) {
      if (!std::isfinite(labels[i])) throw DataError(fmt::format("{}[{}] is no number", path, i));
    }
    if (i > 0 && !(labels[i - 1] < labels[i])) {
      throw DataError(fmt::format(
          "{}[{}] is not above the one before it; classes stand in ascending order", path, i));
    }
  }
}

}  // namespace

template <class T>
const TreeArray<T>& AttributeReader::array(const std::string& name, std::size_t dimensions) const {
  const std::string path = prefix_ + name;
  seen_->insert(path);
  const TreeDataset* found = tree_->find(path);
  if (found == nullptr) {
    std::vector<std::string> paths;
    for (const auto& entry : tree_->datasets) paths.push_back(entry.first);
    throw DataError(fmt::format("{} is missing; {}", path, did_you_mean(path, paths)));
  }
  const auto* array = std::get_if<TreeArray<T>>(found);
  if (array == nullptr) {
    throw DataError(fmt::format("{} does not hold {}", path, what_it_holds<T>));
  }
  if (array->shape.size() != dimensions) {
    throw DataError(fmt::format("{} holds {}, where {} {} needed", path, shape_text(array->shape),
                                dimensions_text(dimensions), dimensions >= 2 ? "are" : "is"));
  }
  return *array;
}

void AttributeReader::check_values(const std::string& name, const std::vector<double>& values,
                                   Allowed allowed) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    const bool is_fine = std::isnan(v)
                             ? allowed.nan
                             : (allowed.infinite || std::isfinite(v)) &&
                                   (allowed.least_itself ? v >= allowed.least : v > allowed.least);
    if (is_fine) continue;
    throw DataError(fmt::format("{}{} holds {}{}, which no fit gives", prefix_, name,
                                format_double(v),
                                values.size() > 1 ? fmt::format(" at place {}", i) : ""));
  }
}

void AttributeReader::take(const std::string& name, Length& length, Index found) const {
  const std::string path = prefix_ + name;
  if (length.value < 0) {
    length = {found, path};
  } else if (length.value != found) {
    throw DataError(fmt::format("{} has the length {} where {} asks for {}", path, found,
                                length.source, length.value));
  }
}

bool AttributeReader::has(const std::string& name) const {
  return tree_->find(prefix_ + name) != nullptr;
}

bool AttributeReader::holds_integers(const std::string& name) const {
  const TreeDataset* found = tree_->find(prefix_ + name);
  return found != nullptr && std::holds_alternative<TreeArray<std::int64_t>>(*found);
}

bool AttributeReader::is_single(const std::string& name) const {
  const TreeDataset* found = tree_->find(prefix_ + name);
  return found != nullptr &&
         std::visit([](const auto& array) { return array.shape.empty(); }, *found);
}

void AttributeReader::operator()(const std::string& name, double& value, Allowed allowed) const {
  const auto& found = array<double>(name, 0);
  check_values(name, found.values, allowed);
  value = found.values.front();
}

void AttributeReader::operator()(const std::string& name, Index& value, Index least) const {
  value = array<std::int64_t>(name, 0).values.front();
  if (value >= least) return;
  throw DataError(fmt::format("{}{} is {}, which no fit gives", prefix_, name, value));
}

void AttributeReader::operator()(const std::string& name, Vector& values, Length& length,
                                 Allowed allowed) const {
  const auto& found = array<double>(name, 1);
  take(name, length, found.shape[0]);
  check_values(name, found.values, allowed);
  values = Eigen::Map<const Vector>(found.values.data(), found.shape[0]);
}

void AttributeReader::operator()(const std::string& name, Matrix& values, Length& rows,
                                 Length& columns, Allowed allowed) const {
  const auto& found = array<double>(name, 2);
  take(name, rows, found.shape[0]);
  take(name, columns, found.shape[1]);
  check_values(name, found.values, allowed);
  values = MatrixView(found.values.data(), found.shape[0], found.shape[1]);
}

void AttributeReader::operator()(const std::string& name, std::vector<Index>& values,
                                 Length& length, Index least) const {
  const auto& found = array<std::int64_t>(name, 1);
  take(name, length, found.shape[0]);
  values.assign(found.values.begin(), found.values.end());
  for (const Index v : values) {
    if (v >= least) continue;
    throw DataError(fmt::format("{}{} holds {}, which no fit gives", prefix_, name, v));
  }
}

void AttributeReader::operator()(const std::string& name, std::vector<std::string>& texts,
                                 Length& length) const {
  const auto& found = array<std::string>(name, 1);
  take(name, length, found.shape[0]);
  texts = found.values;
}

void AttributeReader::operator()(const std::string& name, TreeArray<double>& values,
                                 Allowed allowed) const {
  const auto& found = array<double>(name, values.shape.size());
  if (found.shape != values.shape) {
    throw DataError(fmt::format("{}{} holds {}, where {} are needed", prefix_, name,
                                shape_text(found.shape), shape_text(values.shape)));
  }
  check_values(name, found.values, allowed);
  values.values = found.values;
}

void AttributeReader::operator()(const std::string& name, Labels& labels, Length& length) const {
  const std::string path = prefix_ + name;
  const TreeDataset* found = tree_->find(path);
  if (found != nullptr && std::holds_alternative<TreeArray<std::string>>(*found)) {
    std::vector<std::string> texts;
    (*this)(name, texts, length);
    check_ascending(path, texts);
    labels = Labels::of_texts(std::move(texts));
    return;
  }
  std::vector<double> numbers;
  if (found != nullptr && std::holds_alternative<TreeArray<double>>(*found)) {
    numbers = array<double>(name, 1).values;
  } else {
    const auto& integers = array<std::int64_t>(name, 1).values;
    numbers.assign(integers.begin(), integers.end());
  }
  take(name, length, std::ssize(numbers));
  check_ascending(path, numbers);
  labels = Labels::of_numbers(std::move(numbers));
}

void AttributeReader::size(const std::string& name, Length& length, Index) const {
  Index value = 0;
  (*this)(name, value, 1);
  if (value > most_columns) {
    throw DataError(fmt::format("{}{} is {}, which no data have", prefix_, name, value));
  }
  take(name, length, value);
}

void AttributeReader::derived(const std::string& name, const Vector& values) const {
  constexpr double rounding = 1e-9;
  Vector found;
  Length length{values.size(), "the model"};
  (*this)(name, found, length, allowed::any);
  for (Index i = 0; i < found.size(); ++i) {
    const double a = found[i], b = values[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    if (std::fabs(a - b) <= rounding * std::fabs(b)) continue;
    throw DataError(fmt::format("{}{}[{}] is {}, but the other attributes make it {}", prefix_,
                                name, i, format_double(a), format_double(b)));
  }
}

AttributeReader AttributeReader::below(const std::string& path) const {
  AttributeReader deeper(*tree_, prefix_ + path);
  deeper.seen_ = seen_;
  return deeper;
}

void AttributeReader::require_all_seen() const {
  for (const auto& entry : tree_->datasets) {
    if (!seen_->contains(entry.first)) {
      constexpr std::size_t widest_name = 60;
      throw DataError(fmt::format("{} is none of its attributes",
                                  Value(shorten(entry.first, widest_name)).repr()));
    }
  }
}

}  // namespace superstep
