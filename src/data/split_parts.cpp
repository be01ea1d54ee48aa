// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/split_parts.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include <superstep/comm/collectively.hpp>

namespace superstep {

namespace {

/// What a partition wants to know of a block: its place alone, it reads targets and groups itself.
Block block_at(const BlockPlan& blocks, Index i) {
  Block block;
  block.index = blocks.id(i);
  block.position = i;
  block.first_row = blocks.first_row(i);
  block.first_place = i * blocks.rows_per_block();
  block.rows = blocks.rows_of(i);
  return block;
}

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
             std::vector<Index> before, std::vector<double> group_numbers)
      : format_(std::move(format)),
        data_(std::move(data)),
        split_(std::move(split)),
        role_(role),
        before_(std::move(before)),
        group_numbers_(std::move(group_numbers)) {
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
      const Index n = chosen.choose(*split_, role_, block_at(data_->blocks(), i));
      const Index skipped = first + done - begin;
      const Index take = std::min(count - done, n - skipped);
      for (Index k = 0; k < take; ++k) {
        put(stored, chosen.rows[static_cast<std::size_t>(skipped + k)], done + k, out);
      }
      done += take;
    }
  }

 private:
  void put(const StoredBlock& from, Index row, Index to, const RowSpan& out) const {
    const Index columns = format_.columns;
    if (format_.is_float32) {
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

  RowFormat format_;
  std::shared_ptr<const Dataset> data_;
  SplitPtr split_;
  Role role_;
  std::vector<Index> before_;
  std::vector<double> group_numbers_;
  Target target_ = Target::none;
};

/// Whole numbers stay so; text stays text, and an enumeration one.
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

TargetFormat format_of_groups(const Labels& groups) {
  if (groups.is_text()) return {TargetFormat::Kind::names, groups.texts(), true};
  return {groups.is_integer() ? TargetFormat::Kind::integer : TargetFormat::Kind::real};
}

}  // namespace

SplitParts::SplitParts(const Communicator& comm, std::shared_ptr<Dataset> data, SplitPtr split,
                       const ParallelFor& parallel_for)
    : data_(std::move(data)), split_(std::move(split)) {
  format_.columns = data_->columns();
  format_.is_float32 = data_->is_float32();
  format_.has_weight = data_->has_weight();
  format_.feature_names = data_->feature_names();
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
  std::vector<Index> counts(static_cast<std::size_t>(2 * share.size()));
  collectively(comm, [&] {
    parallel_for(share.size(), [&](Index task) {
      ChosenRows chosen;
      const Block block = block_at(blocks, share.begin + task);
      auto* count = counts.data() + 2 * task;
      count[0] = chosen.choose(*split_, Role::train, block);
      count[1] = 0;
      for (const std::int32_t cell : chosen.cells) {
        count[1] += split_->role_of(cell) == Role::test ? 1 : 0;
      }
    });
  });
  train_before_.push_back(0);
  test_before_.push_back(0);
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span<const Index>(counts)))) {
    std::vector<Index> theirs(bytes.size() / sizeof(Index));
    if (!bytes.empty()) std::memcpy(theirs.data(), bytes.data(), bytes.size());
    for (std::size_t i = 0; i < theirs.size(); i += 2) {
      train_before_.push_back(train_before_.back() + theirs[i]);
      test_before_.push_back(test_before_.back() + theirs[i + 1]);
    }
  }
}

std::unique_ptr<RowSource> SplitParts::source(Role role) const {
  RowFormat format = format_;
  format.rows = rows(role);
  return std::make_unique<PartSource>(std::move(format), data_, split_, role, before(role),
                                      group_numbers_);
}

}  // namespace superstep
