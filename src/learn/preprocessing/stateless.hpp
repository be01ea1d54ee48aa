// SPDX-License-Identifier: BSD-3-Clause
// Models of transformers that learn nothing but how many columns there are, and make as many.
#pragma once

#include <superstep/learn/model.hpp>

namespace superstep {

class StatelessModel : public Model {
 public:
  explicit StatelessModel(Index columns) : columns_(columns) {}
  Index features() const override { return columns_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return columns_; }
  Schema columns_behind(const Schema& in) const override {
    return Schema::of_numbers(in.size(), in.names());
  }
  void save(const AttributeWriter& out) const override {
    Length columns;
    out.size("n_features_in_", columns, columns_);
  }

 private:
  Index columns_;
};

inline Index load_columns(const AttributeReader& in) {
  Length columns;
  in.size("n_features_in_", columns);
  return columns.value;
}

}  // namespace superstep
