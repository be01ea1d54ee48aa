// SPDX-License-Identifier: BSD-3-Clause
// The outputs of many models for the same rows. Their routes form a tree: a transformer that
// several have in common is applied once, and models that are linear functions of the same rows
// are evaluated as one product. No value depends on the other models of the tree.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <superstep/engine/workspace.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/metrics/route.hpp"

namespace superstep {

class ModelTree {
 public:
  /// Rows of a panel, at most: small enough that what is made of them stays near the core.
  static constexpr Index panel_rows = 256;
  /// Slots of a workspace that a walk uses: from here on.
  static constexpr std::size_t first_slot = 8;

  /// What is done with the outputs of a model, laid out as its plan says.
  using Take = std::function<void(std::size_t model, math::ConstPanel outputs)>;

  ModelTree();
  ~ModelTree();
  ModelTree(ModelTree&&) noexcept;

  /// Before the first walk. `model`: its number to the caller. Route and plan must outlive the
  /// tree.
  void add(std::size_t model, const Route& route, const MetricPlan& plan);
  /// The outputs of every model for at most `panel_rows` rows. Any thread.
  void walk(math::ConstPanel x, Workspace& workspace, const Take& take) const;
  void walk(const SparseRows& x, Index rows, Workspace& workspace, const Take& take) const;

  /// Doubles that one route needs in a walk, and those that the tree keeps for it.
  static Index scratch(const Route& route, const MetricPlan& plan);
  static Index weights(const Route& route);

 private:
  struct Node;
  /// X: what a node sees of the rows, dense or sparse.
  template <class X>
  static void walk(const Node& node, const X& x, std::size_t depth, Workspace& workspace,
                   const Take& take);
  std::unique_ptr<Node> root_;
};

}  // namespace superstep
