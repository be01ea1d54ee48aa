// SPDX-License-Identifier: BSD-3-Clause
// A model meets a dataset: whether they fit, and what the model gives for every row, as a file.
#pragma once

#include <memory>
#include <string>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/model.hpp>

namespace superstep {

/// The dataset as the model wants to see it. DataError unless the columns agree. The same on every
/// rank, without communication.
Table table_for(const Model& model, const std::shared_ptr<Dataset>& data, Target target);

/// UsageError unless the model can do it, naming what it can.
void check_method(const Model& model, Method method);

/// What write_output() wrote.
struct Written {
  std::string dataset;  ///< "/predict"; empty for a file of another kind
  Index rows = 0;
  Index columns = 1;
};

/// Writes what `method` gives for the selected rows: a dataset of that name, for `transform` /X
/// with /y and /weight beside it. The suffixes
/// .csv and .npy make a table of text (with a header) and an array of NumPy's, of the outputs
/// alone. The file appears whole or not at all. **Collective.**
Written write_output(Engine& engine, const Model& model, Method method,
                     const std::shared_ptr<Dataset>& data, const std::string& path);

}  // namespace superstep
