// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/table.hpp>

#include <algorithm>
#include <stdexcept>

namespace superstep {

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
