// SPDX-License-Identifier: BSD-3-Clause
// Every estimator by its scikit-learn name: from an expression to an estimator, from a file to a
// model.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/expression.hpp>
#include <superstep/learn/estimator.hpp>

namespace superstep {

/// One row of the registry.
struct RegisteredEstimator {
  std::string module;  ///< scikit-learn's: "linear_model"
  const ParamTableBase* table;
  std::unique_ptr<Estimator> (*make)();
};
const std::vector<RegisteredEstimator>& registry();

/// The row of that name, or UsageError naming the nearest.
const RegisteredEstimator& find_estimator(std::string_view name);

/// An estimator or pipeline from its expression. UsageError says what is wrong.
std::unique_ptr<Estimator> make_estimator(std::string_view expression);
std::unique_ptr<Estimator> make_estimator(const Expression& expression);

/// Writes a model whole or not at all; the bytes depend on the model alone. **Collective.**
void save_model(const Communicator& comm, const Model& model, const std::string& path);
/// The model in such a file. DataError, which says what is wrong, unless the attributes fit
/// together and, where the file has a checksum, are those that were written.
ModelPtr model_of(const Tree& tree, const std::string& path);
/// **Collective.**
ModelPtr load_model(const Communicator& comm, const std::string& path);

}  // namespace superstep
