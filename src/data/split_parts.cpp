// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/split_parts.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include <superstep/comm/collectively.hpp>
#include "data/table_rows.hpp"
#include "data/target_format.hpp"

namespace superstep {

namespace {

/// The rows of a block with a role.
struct ChosenRows {
  std::vector<std::int32_t> cells;
  std::vector<std::int32_t> rows;

  Index choose(const Split& split, Role role, const Block& block) {
    cells.resize(static_cast<std::size_t>(block.rows));
    rows.resize(static_cast<std::size_t>(block.rows));
    return rows_with_role(split, role, block, cells.data(), rows.data());
  }
};

class PartSource final : public RowSource {
 public:
  PartSource(RowFormat format, std::shared_ptr<const Dataset> data, SplitPtr split, Role role,
             std::vector<Index> before, std::vector<double> group_numbers,
             std::shared_ptr<const TableRows> table)
      : format_(std::move(format)),
        data_(std::move(data)),
        split_(std::move(split)),
        role_(role),
        before_(std::move(before)),
        group_numbers_(std::move(group_numbers)),
        table_(std::move(table)) {
    if (data_->has_y()) target_ = data_->y_is_text() ? Target::classes : Target::numbers;
  }

  const RowFormat& format() const override { return format_; }

  void require_unchanged() const override { data_->require_unchanged(); }
  void read(Index first, Index count, const RowSpan& out) const override {
    StoredBlock stored;
    ChosenRows chosen;
    const auto found = std::ranges::upper_bound(before_, first) - 1;
    Index done = 0;
    for (Index i = found - before_.begin(); done < count; ++i) {
      const Index begin = before_[static_cast<std::size_t>(i)];
      if (before_[static_cast<std::size_t>(i) + 1] == begin) continue;
      data_->read(i, target_, stored);
      const Index n = chosen.choose(*split_, role_, bare_block(data_->blocks(), i));
      const Index skipped = first + done - begin;
      const Index take = std::min(count - done, n - skipped);
      const auto rows =
          std::span<const std::int32_t>(chosen.rows)
              .subspan(static_cast<std::size_t>(skipped), static_cast<std::size_t>(take));
      for (Index k = 0; k < take; ++k)
        put(stored, rows[static_cast<std::size_t>(k)], done + k, out);
      if (table_) put_texts(i, rows, out);
      done += take;
    }
  }

 private:
  void put(const StoredBlock& from, Index row, Index to, const RowSpan& out) const {
    const Index columns = format_.columns;
    if (table_) {
      table_->put(from, row, to, out.table);
    } else if (format_.sparse) {
      put_sparse(from, row, *out.sparse);
    } else if (format_.is_float32) {
      std::copy_n(from.x32.data() + row * columns, columns, out.x + to * columns);
    } else {
      std::copy_n(from.x64.data() + row * columns, columns, out.x + to * columns);
    }
    if (target_ != Target::none) {
      const Index targets = data_->targets();
      std::copy_n(from.y.data() + row * targets, targets, out.y + to * targets);
    }
    if (format_.has_weight) out.weight[to] = from.weight.data()[row];
    if (format_.others.empty()) return;
    const double code = from.group.data()[row];
    const bool is_number = !group_numbers_.empty() && std::isfinite(code);
    out.others.front()[to] = is_number ? group_numbers_[static_cast<std::size_t>(code)] : code;
  }

  void put_sparse(const StoredBlock& from, Index row, SparsePart& out) const {
    const Index begin = from.begin.data()[row], end = from.begin.data()[row + 1];
    out.sizes.push_back(end - begin);
    out.columns.insert(out.columns.end(), from.columns.data() + begin, from.columns.data() + end);
    if (format_.is_float32) {
      out.values.insert(out.values.end(), from.x32.data() + begin, from.x32.data() + end);
    } else {
      out.values.insert(out.values.end(), from.x64.data() + begin, from.x64.data() + end);
    }
  }

  void put_texts(Index block, std::span<const std::int32_t> rows, const RowSpan& out) const {
    std::vector<TextRows> texts;
    table_->read_texts(block, rows, texts);
    auto text = texts.begin();
    for (const ColumnSpan& column : out.table) {
      if (column.texts == nullptr) continue;
      column.texts->bytes += text->bytes;
      column.texts->sizes.insert(column.texts->sizes.end(), text->sizes.begin(), text->sizes.end());
      ++text;
    }
  }

  RowFormat format_;
  std::shared_ptr<const Dataset> data_;
  SplitPtr split_;
  Role role_;
  std::vector<Index> before_;
  std::vector<double> group_numbers_;
  std::shared_ptr<const TableRows> table_;  ///< of a table
  Target target_ = Target::none;
};

TargetFormat format_of_groups(const Labels& groups) {
  if (groups.is_text()) return {TargetFormat::Kind::names, groups.texts(), true};
  return {groups.is_integer() ? TargetFormat::Kind::integer : TargetFormat::Kind::real};
}

}  // namespace

TargetFormat format_of_targets(const Communicator& comm, Dataset& data) {
  if (!data.has_y()) return {};
  const std::string type = data.y_type();
  if (data.y_is_text()) {
    return {TargetFormat::Kind::names, data.classes(comm).texts(), type != "enumeration"};
  }
  const bool is_integer = type.starts_with("int") || type.starts_with("uint") || type == "bool";
  return {.kind = is_integer ? TargetFormat::Kind::integer : TargetFormat::Kind::real,
          .columns = data.targets()};
}

SplitParts::SplitParts(const Communicator& comm, std::shared_ptr<Dataset> data, SplitPtr split,
                       const ParallelFor& parallel_for)
    : data_(std::move(data)), split_(std::move(split)) {
  if (data_->is_table()) table_ = std::make_shared<const TableRows>(comm, *data_);
  format_.columns = data_->columns();
  format_.is_float32 = data_->is_float32();
  format_.has_weight = data_->has_weight();
  if (table_) {
    format_.table = table_->columns();
  } else {
    format_.feature_names = data_->feature_names();
  }
  format_.target = format_of_targets(comm, *data_);
  if (data_->has_groups()) {
    const Labels& groups = data_->groups(comm);
    format_.others.push_back({data_->options().groups, format_of_groups(groups)});
    if (!groups.is_text()) group_numbers_ = groups.numbers();
  }
  count_rows(comm, parallel_for);
}

void SplitParts::count_rows(const Communicator& comm, const ParallelFor& parallel_for) {
  const BlockPlan& blocks = data_->blocks();
  const Share share = share_of(blocks.size(), comm.rank(), comm.size());
  const Index texts = table_ ? table_->texts() : 0;
  // Of each block, of the part that trains and the one that is tested: its rows, the values of
  // sparse ones, the bytes of its texts.
  const Index of_part = 2 + texts;
  std::vector<Index> counts(static_cast<std::size_t>(2 * of_part * share.size()));
  collectively(comm, [&] {
    parallel_for(share.size(), [&](Index task) {
      ChosenRows chosen;
      std::vector<TextRows> found;
      StoredBlock stored;
      if (keeps_sparse()) data_->read(share.begin + task, Target::none, stored);
      const Block block = bare_block(blocks, share.begin + task);
      auto* count = counts.data() + 2 * of_part * task;
      for (const Role role : {Role::train, Role::test}) {
        const Index rows = chosen.choose(*split_, role, block);
        *count++ = rows;
        *count = 0;
        for (Index k = 0; keeps_sparse() && k < rows; ++k) {
          const Index* begin = stored.begin.data() + chosen.rows[static_cast<std::size_t>(k)];
          *count += begin[1] - begin[0];
        }
        ++count;
        if (texts == 0) continue;
        table_->read_texts(share.begin + task,
                           std::span(chosen.rows).first(static_cast<std::size_t>(rows)), found);
        for (const TextRows& text : found) *count++ = std::ssize(text.bytes);
      }
    });
  });
  train_before_.push_back(0);
  test_before_.push_back(0);
  train_text_bytes_.assign(static_cast<std::size_t>(texts), 0);
  test_text_bytes_ = train_text_bytes_;
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span<const Index>(counts)))) {
    std::vector<Index> theirs(bytes.size() / sizeof(Index));
    if (!bytes.empty()) std::memcpy(theirs.data(), bytes.data(), bytes.size());
    for (auto count = theirs.begin(); count != theirs.end();) {
      train_before_.push_back(train_before_.back() + count[0]);
      train_shape_.add(count[0], count[1]);
      count += 2;
      for (Index& sum : train_text_bytes_) sum += *count++;
      test_before_.push_back(test_before_.back() + count[0]);
      test_shape_.add(count[0], count[1]);
      count += 2;
      for (Index& sum : test_text_bytes_) sum += *count++;
    }
  }
}

std::unique_ptr<RowSource> SplitParts::source(Role role) const {
  RowFormat format = format_;
  format.rows = rows(role);
  if (keeps_sparse()) format.sparse = role == Role::train ? train_shape_ : test_shape_;
  auto bytes = (role == Role::train ? train_text_bytes_ : test_text_bytes_).begin();
  for (TableColumn& column : format.table) {
    if (column.kind == StoredKind::text) column.text_bytes = *bytes++;
  }
  return std::make_unique<PartSource>(std::move(format), data_, split_, role, before(role),
                                      group_numbers_, table_);
}

}  // namespace superstep
