// SPDX-License-Identifier: BSD-3-Clause
// Which rows of a coded table the trees of a task see, and what is known of these.
#pragma once

#include <string>
#include <vector>

#include "learn/trees/forests.hpp"

namespace superstep::trees {

/// The rows that train, and how a tree's are drawn from them.
class RowsOfTask {
 public:
  /// `trains`: a byte for each row; null: all do. AgreedError where no tree can be made of them.
  RowsOfTask(const Engine& engine, const Table& table, const std::string& name,
             const CodedTable& coded, const CartTask& task,
             const std::vector<std::uint8_t>* trains);

  const std::vector<std::int32_t>& rows() const { return rows_; }
  const CartRules& rules() const { return rules_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  RowsOfTree of_tree(Index tree) const;
  /// How often a tree sees each of rows().
  std::vector<std::uint32_t> times_in(Index tree) const;

 private:
  void take_classes(const Engine& engine, const Table& table, const std::string& name);
  void check_numbers(const Table& table) const;
  void set_rules();
  void set_draws();
  double weight(std::size_t row) const;

  const CodedTable& coded_;
  const CartTask& task_;
  CartRules rules_;
  std::vector<std::int32_t> rows_;
  std::vector<double> class_factors_;
  Index draws_ = 0;
  std::vector<double> weight_up_to_;  ///< where rows are drawn by their weights
  std::vector<std::string> warnings_;
};

}  // namespace superstep::trees
