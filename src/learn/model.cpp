// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/model.hpp>

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include <superstep/data/placed_map.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/features.hpp"

namespace superstep {

std::string_view method_name(Method method) {
  switch (method) {
    case Method::predict:
      return "predict";
    case Method::predict_proba:
      return "predict_proba";
    case Method::decision_function:
      return "decision_function";
    case Method::score_samples:
      return "score_samples";
    case Method::transform:
      return "transform";
  }
  return "";
}

MayMiss Model::may_miss(const MayMiss&) const { return MayMiss::nowhere(); }

Schema Model::columns_behind(const Schema&) const {
  const std::string name = to_lower(expression_.substr(0, expression_.find('(')));
  std::vector<std::string> names;
  for (Index i = 0; i < width(Method::transform); ++i)
    names.push_back(fmt::format("{}{}", name, i));
  return Schema::of_numbers(std::ssize(names), names);
}

void Model::apply_to_linear(Method, math::ConstPanel, math::Panel) const {
  throw std::logic_error("a model with a linear function does not say what it does with it");
}

void Model::apply_sparse(Method method, const SparseRows& x, Index rows, math::Panel out) const {
  if (const LinearFunction* function = linear()) {
    Matrix z(rows, function->outputs());
    with_sparse(x, rows, [&](auto panel) {
      math::multiply(panel, function->weights(), function->intercept().data(), z);
    });
    return apply_to_linear(method, z, out);
  }
  if (method == Method::transform && keeps_sparse()) {
    SparseRowsOut made;
    made.begin(width(Method::transform));
    transform_sparse(x, rows, made);
    return with_sparse(made.rows(), rows, [&](auto panel) { math::write_out(panel, out); });
  }
  constexpr Index tall = rows_written_out;
  Matrix dense(std::min(tall, rows), features());
  for (Index first = 0; first < rows; first += tall) {
    const Index n = std::min(tall, rows - first);
    const math::Panel some = math::Panel(dense).middle_rows(0, n);
    with_sparse(x, rows, [&](auto panel) { math::write_out(panel.middle_rows(first, n), some); });
    apply(method, some, out.middle_rows(first, n));
  }
}

Index Model::sparse_scratch(Method method) const {
  const bool stays_sparse = method == Method::transform && keeps_sparse();
  return linear() != nullptr || stays_sparse ? 0 : rows_written_out * features();
}

void Model::transform_sparse(const SparseRows&, Index, SparseRowsOut&) const {
  throw std::logic_error("a model is asked for sparse rows that it does not make");
}

namespace {

class TransformMap final : public RowMap {
 public:
  explicit TransformMap(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  Index columns_in() const override { return model_->features(); }
  Index columns_out() const override { return model_->width(Method::transform); }
  void apply(const double* in, Index rows, double* out) const override {
    model_->apply(Method::transform, {in, rows, columns_in()}, {out, rows, columns_out()});
  }
  void apply_to_sparse(const SparseRows& in, Index rows, double* out) const override {
    model_->apply_sparse(Method::transform, in, rows, {out, rows, columns_out()});
  }
  Index sparse_scratch() const override { return model_->sparse_scratch(Method::transform); }
  bool keeps_sparse() const override { return model_->keeps_sparse(); }
  void apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override {
    model_->transform_sparse(in, rows, out);
  }

 private:
  std::shared_ptr<const Model> model_;
};

class TrainingMap final : public PlacedMap {
 public:
  explicit TrainingMap(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  Index columns_in() const override { return model_->features(); }
  Index columns_out() const override { return model_->width(Method::transform); }
  void apply(const double* in, Index rows, double* out) const override {
    model_->apply(Method::transform, {in, rows, columns_in()}, {out, rows, columns_out()});
  }
  void apply_in(const Block& block, const double* in, double* out) const override {
    model_->transform_in_training(block, {in, block.rows, columns_in()},
                                  {out, block.rows, columns_out()});
  }

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace

std::shared_ptr<const RowMap> map_in_training(std::shared_ptr<const Model> model) {
  if (!model->is_cross_fitted()) return row_map(std::move(model));
  return std::make_shared<TrainingMap>(std::move(model));
}

std::shared_ptr<const RowMap> row_map(std::shared_ptr<const Model> model) {
  return std::make_shared<TransformMap>(std::move(model));
}

}  // namespace superstep
