// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/apply.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/io/parallel_file.hpp>
#include <superstep/learn/feature_names.hpp>
#include <superstep/learn/metrics/metric.hpp>

#include "learn/carry.hpp"
#include "learn/categories_out.hpp"
#include "learn/metrics/label_match.hpp"
#include "learn/metrics/route.hpp"
#include "learn/output_column.hpp"
#include "learn/row_table.hpp"

namespace superstep {

Table table_for(const Model& model, const std::shared_ptr<Dataset>& data, Target target) {
  if (data->columns() != model.features()) {
    throw DataError(
        fmt::format("{} has {} columns, the model expects {}; use the data the model was "
                    "made for",
                    data->x_name(), data->columns(), model.features()));
  }
  Table table;
  table.data = data;
  table.target = target;
  table.may_miss = model.may_miss();
  return table;
}

void check_method(const Model& model, Method method) {
  if (model.can(method)) return;
  std::vector<std::string> able;
  for (const Method m : {Method::predict, Method::predict_proba, Method::decision_function,
                         Method::score_samples, Method::transform}) {
    if (model.can(m)) able.emplace_back(method_name(m));
  }
  throw UsageError(fmt::format("{} does not have {}; it has {}", estimator_name(model),
                               method_name(method), join(able, "and")));
}

namespace {

/// A small dataset of texts, written by the root.
class NameList {
 public:
  explicit NameList(std::vector<std::string> names) : names_(std::move(names)) {}
  /// **Collective.**
  void create_in(ParallelFile& file) {
    if (names_.empty()) return;
    std::size_t longest = 1;
    for (const std::string& name : names_) longest = std::max(longest, name.size());
    dataset_ =
        file.create_dataset("/feature_names", fixed_string_type(longest), {std::ssize(names_)});
  }
  void write_to(ParallelFile& file) const {
    if (dataset_) file.write_rows(*dataset_, 0, std::ssize(names_), names_);
  }

 private:
  std::vector<std::string> names_;
  std::optional<ParallelFile::Dataset> dataset_;
};

/// What `transform` makes of the columns; an array of NumPy's holds numbers alone.
Schema columns_of(const Model& model, const Dataset& data, const std::string& path) {
  const bool is_named_by_model = !data.schema().has_names() && model.columns().has_names();
  Schema behind = model.columns_behind(is_named_by_model ? model.columns() : data.schema());
  require_no_texts(behind);
  if (!behind.are_numbers() && output_format(path) == OutputFormat::npy) {
    throw UsageError(
        fmt::format("{} holds numbers, but there are categories among what the model "
                    "makes; write .h5 or .csv",
                    path));
  }
  return behind;
}

const std::vector<double> none;

/// The model's code of each class of the data. AgreedError where it does not know one.
/// **Collective.**
std::vector<double> codes_of_targets(const Communicator& comm, const Model& model, Dataset& data) {
  collectively(comm, [&] { check_targets(data, model, Target::classes); });
  LabelMatch match = match_labels(data.classes(comm), *model.classes());
  if (match.unknown.empty()) return std::move(match.codes);
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: y contains previously unseen labels: {}; the model knows those "
                  "of the data it was fitted to",
                  data.y_name(), join(match.unknown, "and")));
}

void put_codes(const Block& block, const std::vector<double>& codes, double* out) {
  for (Index i = 0; i < block.rows; ++i) out[i] = codes[static_cast<std::size_t>(block.y[i])];
}

}  // namespace

Written write_output(Engine& engine, const Model& model, Method method,
                     const std::shared_ptr<Dataset>& data, const std::string& path) {
  const Communicator& comm = engine.comm();
  const bool transforms = method == Method::transform;
  Table table;
  Schema behind;
  collectively(comm, [&] {
    check_method(model, method);
    table = table_for(model, data, Target::none);
    if (transforms) behind = columns_of(model, *data, path);
  });
  const std::vector<double> codes =
      transforms && model.transforms_targets() ? codes_of_targets(comm, model, *data) : none;
  if (!codes.empty()) table.target = Target::classes;
  engine.set_task(std::string(method_name(method)));
  OutputColumn column(model, method);
  const ModelPtr whole(ModelPtr(), &model);
  const bool is_sparse = data->is_sparse();
  const ModelPtr of_sparse = is_sparse && !transforms ? joined(route_of(whole)) : whole;
  // Of each worker's blocks, three may be finished and not yet written.
  engine.reserve(table, {.row_doubles = (behind.are_numbers() ? 4 : 5) * column.width(),
                         .thread_doubles = is_sparse ? of_sparse->sparse_scratch(method) : 0});

  const auto apply = [&](const Engine::RowsSink& sink) {
    engine.rows(
        table, column.width(),
        [&](const Block& block, double* out, Workspace&) {
          if (!codes.empty()) return put_codes(block, codes, out);
          const math::Panel to(out, block.rows, column.width());
          if (const SparseRows* rows = block.x.sparse()) {
            return of_sparse->apply_sparse(method, *rows, block.rows, to);
          }
          model.apply(method, {block.x.doubles(), block.rows, block.columns}, to);
        },
        sink);
  };
  if (output_format(path) != OutputFormat::hdf5) {
    RowTable file(comm, path, model, method, behind, data->rows());
    apply([&](Index first, Index rows, const double* values) {
      require_known_levels(behind, first, rows, values);
      file.write(first, rows, values);
    });
    file.commit();
    return {"", data->rows(), column.width()};
  }

  std::vector<std::unique_ptr<CarriedColumn>> carried;
  if (transforms && data->has_y()) {
    carried.push_back(std::make_unique<CarriedColumn>(comm, data, data->options().y, "/y"));
  }
  if (transforms && data->has_weight()) {
    carried.push_back(
        std::make_unique<CarriedColumn>(comm, data, data->options().weight, "/weight"));
  }
  std::optional<CategoriesOut> categories;
  if (!behind.are_numbers()) categories.emplace(path, behind, data->rows());
  NameList name_list(categories ? std::vector<std::string>() : behind.names());

  const std::string dataset = categories   ? "/table"
                              : transforms ? "/X"
                                           : "/" + std::string(method_name(method));
  ParallelFile file = ParallelFile::create(comm, path);
  if (categories) {
    categories->create_in(file);
  } else {
    column.create_in(file, dataset, data->rows(), transforms || method == Method::predict_proba);
  }
  for (const auto& c : carried) c->create_in(file);
  name_list.create_in(file);
  apply([&](Index first, Index rows, const double* values) {
    if (!categories) return column.write(file, first, rows, values);
    require_known_levels(behind, first, rows, values);
    categories->write(file, first, rows, values);
  });
  collectively(comm, [&] {
    for (const auto& c : carried) c->write_to(file);
    if (!comm.is_root()) return;
    if (categories) categories->write_levels(file);
    name_list.write_to(file);
  });
  file.commit();
  return {dataset, data->rows(), column.width()};
}

}  // namespace superstep
