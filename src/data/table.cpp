// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/table.hpp>

#include <algorithm>
#include <stdexcept>

namespace superstep {

void RowMap::apply_to_sparse(const SparseRows& in, Index rows, double* out) const {
  constexpr Index tall = rows_written_out;
  const Index columns = columns_in();
  std::vector<double> dense(static_cast<std::size_t>(std::min(tall, rows) * columns));
  for (Index first = 0; first < rows; first += tall) {
    const Index n = std::min(tall, rows - first);
    std::ranges::fill(dense, 0.0);
    for (Index i = 0; i < n; ++i) {
      double* const to = dense.data() + i * columns;
      for (Index k = in.begin[first + i]; k < in.end[first + i]; ++k)
        to[in.columns[k]] = in.value(k);
    }
    apply(dense.data(), n, out + first * columns_out());
  }
}

void RowMap::apply_sparse(const SparseRows&, Index, SparseRowsOut&) const {
  throw std::logic_error("a map is asked for sparse rows that it does not make");
}

bool Table::is_sparse() const {
  return data->is_sparse() &&
         std::ranges::all_of(maps, [](const auto& map) { return map->keeps_sparse(); });
}

Table Table::through(std::shared_ptr<const RowMap> map) const {
  Table next = *this;
  next.maps.push_back(std::move(map));
  return next;
}

Table Table::with_target(Target other) const {
  Table next = *this;
  next.target = other;
  return next;
}

Table Table::every(Index stride) const {
  Table next = *this;
  next.block_stride = stride;
  return next;
}

Table Table::only(SplitPtr one, Role its_role) const {
  Table next = *this;
  next.split = std::move(one);
  next.role = its_role;
  return next;
}

}  // namespace superstep
