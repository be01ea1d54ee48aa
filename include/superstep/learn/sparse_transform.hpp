// SPDX-License-Identifier: BSD-3-Clause
// What a transformer makes of sparse rows and leaves sparse, as a source of rows.
#pragma once

#include <memory>
#include <string>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/learn/candidate.hpp>

namespace superstep {

/// Whether `transform` of these data into this file leaves sparse rows sparse.
bool leaves_sparse(const Model& model, const Dataset& data, const std::string& path);

/// The selected rows of sparse data behind a model that keeps them sparse, with /y, /weight and the
/// names that the columns have behind it. The data are gone through once to count the values.
/// AgreedError where there are NaN or infinite ones that the model does not expect.
/// **Collective.**
std::unique_ptr<RowSource> sparse_transform(const Communicator& comm, ModelPtr model,
                                            std::shared_ptr<Dataset> data,
                                            const ParallelFor& parallel_for);

}  // namespace superstep
