// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/attributes.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

void AttributeWriter::add(const std::string& name, double value) const {
  tree_->add(prefix_ + name, value);
}

void AttributeWriter::add(const std::string& name, Index value) const {
  tree_->add(prefix_ + name, static_cast<std::int64_t>(value));
}

void AttributeWriter::add(const std::string& name, const Vector& values) const {
  tree_->add(prefix_ + name, TreeArray<double>{{values.size()}, {values.begin(), values.end()}});
}

void AttributeWriter::add(const std::string& name, const Matrix& values) const {
  tree_->add(prefix_ + name, TreeArray<double>{{values.rows(), values.cols()},
                                               {values.data(), values.data() + values.size()}});
}

void AttributeWriter::add(const std::string& name, const std::vector<Index>& values) const {
  tree_->add(prefix_ + name, TreeArray<std::int64_t>{{static_cast<Index>(values.size())},
                                                     {values.begin(), values.end()}});
}

void AttributeWriter::add(const std::string& name, const std::vector<std::string>& texts) const {
  tree_->add(prefix_ + name, TreeArray<std::string>{{static_cast<Index>(texts.size())}, texts});
}

void AttributeWriter::add(const std::string& name, const Labels& labels) const {
  if (labels.is_text()) {
    add(name, labels.texts());
  } else if (labels.is_integer()) {
    const std::vector<double>& numbers = labels.numbers();
    add(name, std::vector<Index>(numbers.begin(), numbers.end()));
  } else {
    const std::vector<double>& numbers = labels.numbers();
    tree_->add(prefix_ + name, TreeArray<double>{{labels.size()}, numbers});
  }
}

bool AttributeReader::has(const std::string& name) const {
  return tree_->find(prefix_ + name) != nullptr;
}

double AttributeReader::number(const std::string& name) const {
  const auto& array = tree_->doubles(prefix_ + name);
  if (array.values.size() != 1)
    throw DataError(fmt::format("{}{} is not one number", prefix_, name));
  return array.values[0];
}

Index AttributeReader::integer(const std::string& name) const {
  const auto& array = tree_->integers(prefix_ + name);
  if (array.values.size() != 1)
    throw DataError(fmt::format("{}{} is not one number", prefix_, name));
  return array.values[0];
}

Vector AttributeReader::vector(const std::string& name) const {
  const auto& array = tree_->doubles(prefix_ + name);
  if (array.shape.size() != 1) throw DataError(fmt::format("{}{} is not a vector", prefix_, name));
  return Eigen::Map<const Vector>(array.values.data(), static_cast<Index>(array.values.size()));
}

Matrix AttributeReader::matrix(const std::string& name) const {
  const auto& array = tree_->doubles(prefix_ + name);
  if (array.shape.size() != 2) throw DataError(fmt::format("{}{} is not a matrix", prefix_, name));
  return MatrixView(array.values.data(), array.shape[0], array.shape[1]);
}

std::vector<Index> AttributeReader::integers(const std::string& name) const {
  const auto& array = tree_->integers(prefix_ + name);
  return {array.values.begin(), array.values.end()};
}

std::vector<std::string> AttributeReader::texts(const std::string& name) const {
  return tree_->strings(prefix_ + name).values;
}

Labels AttributeReader::labels(const std::string& name) const {
  const TreeDataset* found = tree_->find(prefix_ + name);
  if (found == nullptr) throw DataError(fmt::format("{}{} is missing", prefix_, name));
  if (const auto* texts = std::get_if<TreeArray<std::string>>(found)) {
    return Labels::of_texts(texts->values);
  }
  if (const auto* numbers = std::get_if<TreeArray<double>>(found)) {
    return Labels::of_numbers(numbers->values);
  }
  const auto& integers = std::get<TreeArray<std::int64_t>>(*found).values;
  return Labels::of_numbers(std::vector<double>(integers.begin(), integers.end()));
}

}  // namespace superstep
