// SPDX-License-Identifier: BSD-3-Clause
// Out-of-fold predictions: for every row what the model says that has not seen it, as a file.
#pragma once

#include <memory>
#include <span>
#include <string>

#include <superstep/learn/apply.hpp>
#include <superstep/learn/metrics/held_out.hpp>

namespace superstep {

/// Writes what `method` gives for every selected row by the model whose test rows it is among, as
/// write_output() writes it: one dataset named after the method. UsageError unless every row is a
/// test row of exactly one of the models, and all have the same classes. The file appears whole or
/// not at all. **Collective.**
Written write_out_of_fold(Engine& engine, std::span<const Judged> models, Method method,
                          const std::shared_ptr<Dataset>& data, const std::string& path);

}  // namespace superstep
