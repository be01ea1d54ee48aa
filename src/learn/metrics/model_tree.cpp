// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/model_tree.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/math/products.hpp>

#include "learn/features.hpp"

namespace superstep {

namespace {

/// Outputs of one product: enough for the speed of the FMA units, few enough for the cache.
constexpr Index stack_outputs = 64;

enum Slot : std::size_t { margins = ModelTree::first_slot, outputs, transformed };

struct Leaf {
  std::size_t model;
  const Model* last;
  const MetricPlan* plan;
};

/// Linear functions side by side.
struct Stack {
  std::vector<Leaf> leaves{};
  Matrix weights{};  ///< features x outputs
  Vector start{};

  void push_back(const Leaf& leaf) {
    const LinearFunction& f = *leaf.last->linear();
    const Index before = start.size();
    leaves.push_back(leaf);
    weights.conservativeResize(f.features(), before + f.outputs());
    weights.rightCols(f.outputs()) = f.weights();
    start.conservativeResize(before + f.outputs());
    start.tail(f.outputs()) = f.intercept();
  }
};

}  // namespace

struct ModelTree::Node {
  ModelPtr transformer{};  ///< null at the root
  std::vector<Leaf> leaves{};
  std::vector<Stack> stacks{};
  std::vector<std::unique_ptr<Node>> children{};

  Node& child(const ModelPtr& next) {
    const auto found = std::ranges::find(children, next, &Node::transformer);
    if (found != children.end()) return **found;
    children.push_back(std::make_unique<Node>());
    children.back()->transformer = next;
    return *children.back();
  }
};

ModelTree::ModelTree() : root_(std::make_unique<Node>()) {}
ModelTree::~ModelTree() = default;
ModelTree::ModelTree(ModelTree&&) noexcept = default;

void ModelTree::add(std::size_t model, const Route& route, const MetricPlan& plan) {
  Node* node = root_.get();
  for (const ModelPtr& transformer : route.transformers) node = &node->child(transformer);
  const Leaf leaf{model, route.last.get(), &plan};
  if (route.last->linear() == nullptr) {
    node->leaves.push_back(leaf);
    return;
  }
  const Index more = route.last->linear()->outputs();
  if (node->stacks.empty() || node->stacks.back().start.size() + more > stack_outputs) {
    node->stacks.emplace_back();
  }
  node->stacks.back().push_back(leaf);
}

namespace {

/// Sparse rows of a panel.
struct FewValues {
  const SparseRows& x;
  Index rows;
};

void multiply(math::ConstPanel x, const Stack& stack, math::Panel z) {
  math::multiply(x, stack.weights, stack.start.data(), z);
}
void multiply(const FewValues& few, const Stack& stack, math::Panel z) {
  with_sparse(few.x, few.rows,
              [&](auto panel) { math::multiply(panel, stack.weights, stack.start.data(), z); });
}

void apply_each(const MetricPlan& plan, const Model& last, math::ConstPanel x, math::Panel out) {
  apply_plan(plan, last, x, out);
}
void apply_each(const MetricPlan& plan, const Model& last, const FewValues& few, math::Panel out) {
  apply_plan(plan, last, few.x, few.rows, out);
}

void transform(const Model& model, math::ConstPanel x, math::Panel out) {
  model.apply(Method::transform, x, out);
}
void transform(const Model& model, const FewValues& few, math::Panel out) {
  model.apply_sparse(Method::transform, few.x, few.rows, out);
}

}  // namespace

void ModelTree::walk(math::ConstPanel x, Workspace& workspace, const Take& take) const {
  walk(*root_, x, 0, workspace, take);
}

void ModelTree::walk(const SparseRows& x, Index rows, Workspace& workspace,
                     const Take& take) const {
  walk(*root_, FewValues{x, rows}, 0, workspace, take);
}

template <class X>
void ModelTree::walk(const Node& node, const X& x, std::size_t depth, Workspace& workspace,
                     const Take& take) {
  const auto out_for = [&](const MetricPlan& plan) {
    return math::Panel(workspace.doubles(outputs, panel_rows * plan.width()), x.rows, plan.width());
  };
  for (const Stack& stack : node.stacks) {
    const Index width = stack.start.size();
    const math::Panel z(workspace.doubles(margins, panel_rows * width), x.rows, width);
    multiply(x, stack, z);
    Index first = 0;
    for (const Leaf& leaf : stack.leaves) {
      const Index n = leaf.last->linear()->outputs();
      const math::Panel out = out_for(*leaf.plan);
      for (const MetricPlan::Output& o : leaf.plan->outputs()) {
        leaf.last->apply_to_linear(
            o.method, {z.data + first, z.rows, n, width},
            {out.data + o.column, out.rows, leaf.last->width(o.method), out.stride});
      }
      take(leaf.model, out);
      first += n;
    }
  }
  for (const Leaf& leaf : node.leaves) {
    const math::Panel out = out_for(*leaf.plan);
    apply_each(*leaf.plan, *leaf.last, x, out);
    take(leaf.model, out);
  }
  for (const auto& child : node.children) {
    const Index width = child->transformer->width(Method::transform);
    if constexpr (std::is_same_v<X, FewValues>) {
      if (child->transformer->keeps_sparse()) {
        SparseRowsOut made;
        made.begin(width);
        child->transformer->transform_sparse(x.x, x.rows, made);
        walk(*child, FewValues{made.rows(), x.rows}, depth + 1, workspace, take);
        continue;
      }
    }
    const math::Panel next(workspace.doubles(transformed + depth, panel_rows * width), x.rows,
                           width);
    transform(*child->transformer, x, next);
    walk(*child, math::ConstPanel(next), depth + 1, workspace, take);
  }
}

Index ModelTree::scratch(const Route& route, const MetricPlan& plan) {
  Index per_row = plan.width();
  bool is_sparse = false;  // behind texts
  for (const ModelPtr& t : route.transformers) {
    is_sparse = t->reads_texts() || (is_sparse && t->keeps_sparse());
    if (!is_sparse) per_row += t->width(Method::transform);
  }
  if (route.last->linear() != nullptr) {
    per_row += std::max(stack_outputs, route.last->linear()->outputs());
  }
  return panel_rows * per_row;
}

Index ModelTree::weights(const Route& route) {
  const LinearFunction* f = route.last->linear();
  return f == nullptr ? 0 : (f->features() + 1) * f->outputs();
}

}  // namespace superstep
