// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/model_tree.hpp"

#include <algorithm>
#include <utility>

#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/math/products.hpp>

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

void ModelTree::walk(math::ConstPanel x, Workspace& workspace, const Take& take) const {
  walk(*root_, x, 0, workspace, take);
}

void ModelTree::walk(const Node& node, math::ConstPanel x, std::size_t depth, Workspace& workspace,
                     const Take& take) {
  const auto out_for = [&](const MetricPlan& plan) {
    return math::Panel(workspace.doubles(outputs, panel_rows * plan.width()), x.rows, plan.width());
  };
  for (const Stack& stack : node.stacks) {
    const Index width = stack.start.size();
    const math::Panel z(workspace.doubles(margins, panel_rows * width), x.rows, width);
    math::multiply(x, stack.weights, stack.start.data(), z);
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
    apply_plan(*leaf.plan, *leaf.last, x, out);
    take(leaf.model, out);
  }
  for (const auto& child : node.children) {
    const Index width = child->transformer->width(Method::transform);
    const math::Panel next(workspace.doubles(transformed + depth, panel_rows * width), x.rows,
                           width);
    child->transformer->apply(Method::transform, x, next);
    walk(*child, next, depth + 1, workspace, take);
  }
}

Index ModelTree::scratch(const Route& route, const MetricPlan& plan) {
  Index per_row = plan.width();
  for (const ModelPtr& t : route.transformers) per_row += t->width(Method::transform);
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
