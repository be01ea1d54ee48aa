// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/sparse_transform.hpp>

#include <algorithm>
#include <mutex>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/learn/apply.hpp>

#include "data/target_format.hpp"
#include "learn/row_table.hpp"

namespace superstep {

namespace {

SparseRows rows_of(const StoredBlock& stored, Index rows) {
  const Index* const begin = stored.begin.data();
  return {.begin = begin,
          .end = begin + 1,
          .columns = stored.columns.data(),
          .floats = stored.x32.data(),
          .doubles = stored.x64.data(),
          .bytes = stored.bytes.data(),
          .touched = {stored.touched.data(), static_cast<std::size_t>(begin[rows + 1])}};
}

class TransformedRows final : public RowSource {
 public:
  TransformedRows(ModelPtr model, std::shared_ptr<Dataset> data, RowFormat format, Target target)
      : model_(std::move(model)),
        data_(std::move(data)),
        format_(std::move(format)),
        target_(target) {}

  const RowFormat& format() const override { return format_; }
  void require_unchanged() const override { data_->require_unchanged(); }

  /// The values that a block has behind the model, and what is wrong with those before it.
  Index count(Index block, const MayMiss& may_miss, BadValues& bad) const {
    StoredBlock stored;
    SparseRowsOut made;
    data_->read(block, target_, stored);
    bad = data_->check(block, stored, may_miss);
    if (bad.any()) return 0;
    const SparseRows& rows = transform(block, stored, made);
    return rows.end[data_->blocks().rows_of(block) - 1];
  }
  /// Of all blocks.
  void set_shape(SparseShape shape) { format_.sparse = std::move(shape); }

  void read(Index first, Index count, const RowSpan& out) const override {
    StoredBlock stored;
    SparseRowsOut made;
    const BlockPlan& blocks = data_->blocks();
    const std::vector<Index>& begins = format_.sparse->rows;
    Index i = std::ranges::upper_bound(begins, first) - begins.begin() - 1;
    for (Index done = 0; done < count; ++i) {
      data_->read(i, target_, stored);
      const SparseRows& rows = transform(i, stored, made);
      const Index skipped = first + done - begins[static_cast<std::size_t>(i)];
      const Index n = std::min(count - done, blocks.rows_of(i) - skipped);
      for (Index k = 0; k < n; ++k) put(rows, skipped + k, *out.sparse);
      const Index targets = format_.target.columns;
      if (target_ != Target::none) {
        std::copy_n(stored.y.data() + skipped * targets, n * targets, out.y + done * targets);
      }
      if (format_.has_weight) {
        std::copy_n(stored.weight.data() + skipped, n, out.weight + done);
      }
      done += n;
    }
  }

 private:
  const SparseRows& transform(Index block, const StoredBlock& stored, SparseRowsOut& made) const {
    const Index rows = data_->blocks().rows_of(block);
    made.begin(format_.columns);
    model_->transform_sparse(rows_of(stored, rows), rows, made);
    return made.rows();
  }

  static void put(const SparseRows& rows, Index row, SparsePart& out) {
    out.sizes.push_back(rows.end[row] - rows.begin[row]);
    for (Index k = rows.begin[row]; k < rows.end[row]; ++k) {
      out.columns.push_back(rows.columns[k]);
      out.values.push_back(rows.value(k));
    }
  }

  ModelPtr model_;
  std::shared_ptr<Dataset> data_;
  RowFormat format_;
  Target target_;
};

}  // namespace

bool leaves_sparse(const Model& model, const Dataset& data, const std::string& path) {
  return data.is_sparse() && model.keeps_sparse() && output_format(path) == OutputFormat::hdf5;
}

std::unique_ptr<RowSource> sparse_transform(const Communicator& comm, ModelPtr model,
                                            std::shared_ptr<Dataset> data,
                                            const ParallelFor& parallel_for) {
  RowFormat format;
  Table table;
  collectively(comm, [&] {
    check_method(*model, Method::transform);
    table = table_for(*model, data, Target::none);
    const bool is_named_by_model = !data->schema().has_names() && model->columns().has_names();
    const Schema& seen = is_named_by_model ? model->columns() : data->schema();
    format.feature_names = model->columns_behind(seen).names();
  });
  format.rows = data->rows();
  format.columns = model->width(Method::transform);
  format.has_weight = data->has_weight();
  format.target = format_of_targets(comm, *data);
  Target target = Target::none;
  if (data->has_y()) target = data->y_is_text() ? Target::classes : Target::numbers;
  auto rows = std::make_unique<TransformedRows>(model, data, std::move(format), target);

  const BlockPlan& blocks = data->blocks();
  const Share share = share_of(blocks.size(), comm.rank(), comm.size());
  std::vector<Index> values(static_cast<std::size_t>(share.size()));
  BadValues bad;
  collectively(comm, [&] {
    std::mutex mutex;
    parallel_for(share.size(), [&](Index task) {
      BadValues found;
      values[static_cast<std::size_t>(task)] =
          rows->count(share.begin + task, table.may_miss, found);
      // What is carried over may be what it is.
      found.y_count = found.weight_count = 0;
      const std::lock_guard lock(mutex);
      bad.add(found);
    });
  });
  SparseShape shape;
  BadValues all_bad;
  Index i = 0;
  for (const auto& bytes :
       comm.gather_all(ByteWriter().put(std::vector<BadValues>{bad}).put(values).take())) {
    ByteReader in(bytes);
    all_bad.add(in.values<BadValues>().front());
    for (const Index n : in.values<Index>()) shape.add(blocks.rows_of(i++), n);
  }
  if (all_bad.any()) throw_bad_values(*data, all_bad);
  rows->set_shape(std::move(shape));
  return rows;
}

}  // namespace superstep
