// SPDX-License-Identifier: BSD-3-Clause
#include "learn/output_column.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

OutputColumn::OutputColumn(const Model& model, Method method)
    : width_(model.width(method)),
      labels_(method == Method::predict ? model.classes() : nullptr),
      is_cluster_(method == Method::predict && kind_of(model) == Kind::clusterer) {}

void OutputColumn::create_in(ParallelFile& file, const std::string& path, Index rows,
                             bool is_table) {
  std::vector<Index> shape = {rows};
  if (is_table || width_ > 1) shape.push_back(width_);
  dataset_ = file.create_dataset(path, type(), shape);
}

void OutputColumn::write(ParallelFile& file, Index first, Index rows, const double* values) const {
  if (is_integer()) {
    std::vector<std::int64_t> out;
    for (Index i = 0; i < rows; ++i) out.push_back(static_cast<std::int64_t>(number(values[i])));
    file.write_rows(*dataset_, first, rows, out.data());
  } else if (labels_ == nullptr) {
    file.write_rows(*dataset_, first, rows, values);
  } else if (labels_->is_text()) {
    std::vector<std::string> out;
    for (Index i = 0; i < rows; ++i) out.push_back(labels_->text(static_cast<Index>(values[i])));
    file.write_rows(*dataset_, first, rows, out);
  } else {
    std::vector<double> out;
    for (Index i = 0; i < rows; ++i) out.push_back(number(values[i]));
    file.write_rows(*dataset_, first, rows, out.data());
  }
}

ElementType OutputColumn::type() const {
  if (is_cluster_) return int64_type();
  if (labels_ == nullptr) return float64_type();
  if (labels_->is_integer()) return int64_type();
  if (!labels_->is_text()) return float64_type();
  std::size_t longest = 1;
  for (const std::string& text : labels_->texts()) longest = std::max(longest, text.size());
  return fixed_string_type(longest);
}

double OutputColumn::number(double value) const {
  return labels_ == nullptr ? value : labels_->numbers()[static_cast<std::size_t>(value)];
}

}  // namespace superstep
