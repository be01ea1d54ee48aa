// SPDX-License-Identifier: BSD-3-Clause
// Lists of named transformers as they are written: [('scale', StandardScaler()), ...], or with
// columns; how they are read, and how a parameter of one of them is set.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/value.hpp>
#include <superstep/data/schema.hpp>
#include <superstep/learn/estimator.hpp>

#include "learn/step_targets.hpp"

namespace superstep {

struct NamedTransformer {
  std::string name;
  std::shared_ptr<const Estimator> estimator;  ///< null: 'drop' or 'passthrough'
  Value columns;                               ///< where they are given
  bool is_dropped = false;
};

/// Of a list of tuples. UsageError, which names `of`, where it is none, a name is given twice, or
/// one is no transformer.
std::vector<NamedTransformer> named_transformers(const std::string& of, const Value& list,
                                                 bool with_columns);

bool any_reads_texts(const std::vector<NamedTransformer>& all);
bool all_keep_sparse(const std::vector<NamedTransformer>& all);

/// What they learn from.
std::vector<TargetUser> users_of(const std::vector<NamedTransformer>& all);

/// The list with every parameter of every transformer.
Value canonical(const std::string& of, const Value& list, bool with_columns);

/// The list with `name__param`, or the transformer `name`, set to a value.
Value with_param(const std::string& of, const Value& list, bool with_columns,
                 std::string_view param, const Value& value);
Value param_of(const std::string& of, const Value& list, bool with_columns, std::string_view param);

/// What a dict of factors says of a transformer; 1 if nothing.
double weight_of(const Value& weights, const std::string& name);
void check_weights(const std::string& of, const Value& weights,
                   const std::vector<NamedTransformer>& transformers);

/// What the columns are that a candidate sees of a table.
Schema columns_seen(const std::shared_ptr<const Schema>& columns, const Table& table);
/// Likewise, before there is a table.
Schema schema_of(std::span<const Candidate> batch, Index columns);

}  // namespace superstep
