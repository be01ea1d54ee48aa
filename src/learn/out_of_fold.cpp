// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/out_of_fold.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/io/parallel_file.hpp>

#include "learn/features.hpp"
#include "learn/metrics/label_match.hpp"
#include "learn/metrics/route.hpp"
#include "learn/output_column.hpp"
#include "learn/row_table.hpp"

namespace superstep {

namespace {

constexpr Index panel_rows = 256;
enum Doubles : std::size_t { gathered, answers };
enum Integers : std::size_t { cells, chosen, times };

[[noreturn]] void throw_no_partition() {
  throw UsageError(
      "cross_val_predict only works for partitions: every row has to be in exactly one test fold; "
      "choose folds such as KFold or StratifiedKFold");
}

/// The models agree on what is written, and with the data; the table they all see.
Table common_table(std::span<const Judged> models, Method method,
                   const std::shared_ptr<Dataset>& data) {
  if (models.empty()) throw_no_partition();
  const Model& first = *models.front().model;
  Index rows = 0;
  Table table;
  MayMiss may_miss = MayMiss::everywhere();
  for (const Judged& m : models) {
    const Target target = data->has_y() ? target_of(kind_of(*m.model)) : Target::none;
    check_method(*m.model, method);
    table = table_for(*m.model, data, target);
    may_miss = may_miss & table.may_miss;
    rows += m.split ? m.split->rows(m.role) : data->rows();
    const Labels* labels = m.model->classes();
    const bool has_same_labels = labels == nullptr || first.classes() == nullptr
                                     ? labels == first.classes()
                                     : *labels == *first.classes();
    if (!has_same_labels || m.model->width(method) != first.width(method)) {
      throw UsageError(
          fmt::format("the models of the folds do not give the same for {}: they have other "
                      "classes, or other numbers of columns",
                      method_name(method)));
    }
  }
  if (rows != data->rows()) throw_no_partition();
  table.may_miss = may_miss;
  return table;
}

/// What every model says of its rows of a block.
class OutOfFold {
 public:
  OutOfFold(std::span<const Judged> models, Method method)
      : models_(models), method_(method), width_(models.front().model->width(method)) {
    for (const Judged& m : models) of_sparse_.push_back(joined(route_of(m.model)));
  }

  /// Doubles of a thread for sparse rows.
  Index sparse_scratch() const {
    Index most = 0;
    for (const ModelPtr& model : of_sparse_) {
      most = std::max(most, model->sparse_scratch(method_));
    }
    return most;
  }

  void operator()(const Block& block, double* out, Workspace& workspace) const {
    std::int32_t* seen = workspace.integers(times, block.rows);
    std::fill_n(seen, block.rows, 0);
    for (std::size_t k = 0; k < models_.size(); ++k) {
      const Judged& m = models_[k];
      std::int32_t* rows = workspace.integers(chosen, block.rows);
      Index n = block.rows;
      if (m.split) {
        n = rows_with_role(*m.split, m.role, block, workspace.integers(cells, block.rows), rows);
      } else {
        for (Index i = 0; i < n; ++i) rows[i] = static_cast<std::int32_t>(i);
      }
      for (Index i = 0; i < n; ++i) ++seen[rows[i]];
      for (Index i = 0; i < n; i += panel_rows) {
        const std::span some(rows + i, static_cast<std::size_t>(std::min(panel_rows, n - i)));
        answer(k, block, some, out, workspace);
      }
    }
    if (!std::all_of(seen, seen + block.rows, [](std::int32_t n) { return n == 1; })) {
      throw_no_partition();
    }
  }

 private:
  void answer(std::size_t model, const Block& block, std::span<const std::int32_t> rows,
              double* out, Workspace& workspace) const {
    const Index n = std::ssize(rows);
    if (const SparseRows* all = block.x.sparse()) {
      Index begin[panel_rows], end[panel_rows];
      const math::Panel to(workspace.doubles(answers, panel_rows * width_), n, width_);
      of_sparse_[model]->apply_sparse(method_, chosen_rows(*all, rows, begin, end), n, to);
      for (Index i = 0; i < n; ++i) {
        std::copy_n(to.row(i), width_, out + Index{rows[static_cast<std::size_t>(i)]} * width_);
      }
      return;
    }
    double* x = workspace.doubles(gathered, panel_rows * block.columns);
    double* values = workspace.doubles(answers, panel_rows * width_);
    double* to = x;
    for (const std::int32_t row : rows) {
      to = std::copy_n(block.x.doubles() + Index{row} * block.columns, block.columns, to);
    }
    models_[model].model->apply(method_, {x, n, block.columns}, {values, n, width_});
    for (const std::int32_t row : rows) {
      std::copy_n(values, width_, out + Index{row} * width_);
      values += width_;
    }
  }

  std::span<const Judged> models_;
  std::vector<ModelPtr> of_sparse_{};
  Method method_;
  Index width_;
};

}  // namespace

Written write_out_of_fold(Engine& engine, std::span<const Judged> models, Method method,
                          const std::shared_ptr<Dataset>& data, const std::string& path) {
  const Communicator& comm = engine.comm();
  Table table;
  collectively(comm, [&] { table = common_table(models, method, data); });
  if (table.target == Target::classes) data->classes(comm);
  engine.set_task(std::string(method_name(method)));
  OutputColumn column(*models.front().model, method);
  const OutOfFold out_of_fold(models, method);
  // As in write_output(), and a panel of rows with what is said of them.
  const Index gathered_columns = data->is_sparse() ? 0 : data->columns();
  const Footprint need{.row_doubles = 4 * column.width() + 3,
                       .thread_doubles = panel_rows * (gathered_columns + column.width()) +
                                         (data->is_sparse() ? out_of_fold.sparse_scratch() : 0)};
  engine.make_room(table, need, need);

  const auto apply = [&](const Engine::RowsSink& sink) {
    engine.rows(
        table, column.width(),
        [&](const Block& block, double* out, Workspace& workspace) {
          out_of_fold(block, out, workspace);
        },
        sink);
  };
  if (output_format(path) != OutputFormat::hdf5) {
    RowTable file(comm, path, *models.front().model, method, {}, data->rows());
    apply([&](Index first, Index rows, const double* values) { file.write(first, rows, values); });
    file.commit();
    return {"", data->rows(), column.width()};
  }
  const std::string dataset = "/" + std::string(method_name(method));
  ParallelFile file = ParallelFile::create(comm, path);
  column.create_in(file, dataset, data->rows(), method == Method::predict_proba);
  apply([&](Index first, Index rows, const double* values) {
    column.write(file, first, rows, values);
  });
  file.commit();
  return {dataset, data->rows(), column.width()};
}

}  // namespace superstep
