// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/tfidf_transformer.hpp>

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/feature_extraction/term_model.hpp"
#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

namespace {

constexpr const char* itself = "TfidfTransformer";

/// In how many rows of each cell a column holds something, and how many rows there are: whole
/// numbers, so nobody can see who counted what.
class RowCounts final : public Engine::Keeper {
 public:
  RowCounts(const Cells& cells, Index columns)
      : cells_(cells),
        columns_(columns),
        counts_(static_cast<std::size_t>(cells.size() * (columns + 1)), 0) {}

  void add(const Block& block, Workspace& workspace) {
    const std::lock_guard lock(mutex_);
    cells_.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
      Index* counts = counts_.data() + cell * (columns_ + 1);
      for_rows(block, rows, [&](Index i) {
        ++counts[columns_];
        add_row(block, i, counts);
      });
    });
  }
  void forget() override { std::ranges::fill(counts_, 0); }
  std::vector<std::byte> exchange(const Communicator& comm) override {
    comm.sum(counts_);
    ByteWriter out;
    out.put(counts_);
    return out.take();
  }

 private:
  // What is stored counts, a zero, too, as in scikit-learn.
  void add_row(const Block& block, Index i, Index* counts) const {
    if (const SparseRows* sparse = block.x.sparse()) {
      for (Index k = sparse->begin[i]; k < sparse->end[i]; ++k) ++counts[sparse->columns[k]];
      return;
    }
    const double* row = block.x.doubles() + i * columns_;
    for (Index c = 0; c < columns_; ++c) counts[c] += row[c] != 0.0 ? 1 : 0;
  }

  const Cells& cells_;
  Index columns_;
  std::mutex mutex_;
  std::vector<Index> counts_;  ///< of each cell its columns, then its rows
};

class TfidfModel final : public Model {
 public:
  TfidfModel(Index columns, TermWeights weights)
      : columns_(columns), weights_(std::move(weights)) {}

  Index features() const override { return columns_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return columns_; }
  Schema columns_behind(const Schema& in) const override {
    return Schema::of_numbers(in.size(), in.names());
  }
  bool keeps_sparse() const override { return true; }
  void apply(Method, math::ConstPanel x, math::Panel out) const override;
  void transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override;
  void save(const AttributeWriter& out) const override;

 private:
  void weigh(RowValues& row) const {
    for (auto& [column, value] : row) value = weights_.of(value, column);
    normalise(row, weights_.norm);
  }

  Index columns_;
  TermWeights weights_;
};

void TfidfModel::apply(Method, math::ConstPanel x, math::Panel out) const {
  RowValues row;
  for (Index i = 0; i < x.rows; ++i) {
    row.clear();
    for (Index c = 0; c < columns_; ++c) {
      if (x.row(i)[c] != 0.0) row.emplace_back(static_cast<std::int32_t>(c), x.row(i)[c]);
    }
    weigh(row);
    std::fill_n(out.row(i), columns_, 0.0);
    for (const auto& [column, value] : row) out.row(i)[column] = value;
  }
}

void TfidfModel::transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const {
  RowValues row;
  for (Index i = 0; i < rows; ++i) {
    row.clear();
    for (Index k = in.begin[i]; k < in.end[i]; ++k) row.emplace_back(in.columns[k], in.value(k));
    weigh(row);
    for (const auto& [column, value] : row) out.put(column, value);
    out.end_row();
  }
}

void TfidfModel::save(const AttributeWriter& out) const {
  Length columns;
  out.size("n_features_in_", columns, columns_);
  if (!weights_.idf.empty()) {
    out("idf_", Vector(VectorView(weights_.idf.data(), columns_)), columns);
  }
}

TermWeights weights_of(const TfidfTransformerParams& p) {
  return {.norm = p.norm.value_or(""), .sublinear = p.sublinear_tf};
}

std::vector<double> frequencies(const TfidfTransformerParams& p, Index columns,
                                const std::vector<Index>& counts, std::span<const Index> cells) {
  const auto sum = [&](Index column) {
    Index of_all = 0;
    for (const Index cell : cells) {
      of_all += counts[static_cast<std::size_t>(cell * (columns + 1) + column)];
    }
    return of_all;
  };
  const Index rows = sum(columns);
  std::vector<double> idf;
  for (Index c = 0; c < columns; ++c) {
    const Index documents = sum(c);
    if (documents == 0 && !p.smooth_idf) {
      throw DataError(
          fmt::format("{}: no row holds anything in column {}, which would count for "
                      "infinitely much; smooth_idf=True mends it",
                      itself, c));
    }
    idf.push_back(inverse_frequency(rows, documents, p.smooth_idf));
  }
  return idf;
}

}  // namespace

const ParamTable<TfidfTransformerParams>& TfidfTransformer::param_table() {
  static const auto table = with_tfidf_params(ParamTable<TfidfTransformerParams>(
      itself, "Counts of terms weighed by how few rows hold them."));
  return table;
}

Footprint TfidfTransformer::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  return {.replicated = (2 * cells_of(batch) + std::ssize(batch)) * (columns + 1)};
}

std::vector<Trained> TfidfTransformer::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) splits.push_back(c.split);
  const Cells cells(splits);
  const Index columns = table.columns();
  std::vector<Index> counts;
  if (std::ranges::any_of(batch, [](const auto& c) { return c.params.use_idf; })) {
    RowCounts keeper(cells, columns);
    const auto bytes = engine.look(
        table, [&](const Block& block, Workspace& workspace) { keeper.add(block, workspace); },
        keeper);
    counts = ByteReader(bytes).values<Index>();
  }
  std::vector<Trained> models;
  for (const auto& c : batch) {
    models.push_back(attempt([&] {
      TermWeights weights = weights_of(c.params);
      collectively(engine.comm(), [&] {
        if (!c.params.use_idf) return;
        weights.idf = frequencies(c.params, columns, counts, cells.with_role(c.split, Role::train));
      });
      return Trained(std::make_shared<TfidfModel>(columns, std::move(weights)));
    }));
  }
  return models;
}

std::shared_ptr<Model> TfidfTransformer::load_fitted(const AttributeReader& in) const {
  Length columns;
  in.size("n_features_in_", columns);
  TermWeights weights = weights_of(params());
  if (params().use_idf) {
    Vector idf;
    in("idf_", idf, columns, allowed::positive);
    weights.idf.assign(idf.data(), idf.data() + idf.size());
  }
  return std::make_shared<TfidfModel>(columns.value, std::move(weights));
}

}  // namespace superstep
