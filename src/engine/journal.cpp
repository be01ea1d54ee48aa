// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/journal.hpp>

#include <string>
#include <utility>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>

namespace superstep {

namespace {

[[noreturn]] void refuse() {
  throw DataError(
      "the journal of a training does not belong to it, or is damaged; begin the training anew");
}

std::vector<std::byte> bytes_of(const AgreedError& e) {
  const bool is_of_values = dynamic_cast<const BadValuesError*>(&e) != nullptr;
  return ByteWriter().put(is_of_values).put(e.exit_code()).put(std::string_view(e.what())).take();
}

[[noreturn]] void throw_again(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  const bool is_of_values = in.get<bool>();
  const auto code = in.get<ExitCode>();
  const std::string what = in.text();
  if (is_of_values) throw BadValuesError(what);
  throw AgreedError(code, what);
}

}  // namespace

std::vector<std::byte> Journal::answer(Kind kind,
                                       const std::function<std::vector<std::byte>()>& ask) {
  if (next_ < entries_.size()) {
    const Entry& entry = entries_[next_++];
    if (entry.kind == Kind::failure) throw_again(entry.bytes);
    if (entry.kind != kind) refuse();
    return entry.bytes;
  }
  Entry entry{kind};
  std::exception_ptr failure;
  try {
    entry.bytes = ask();
  } catch (const AgreedError& e) {
    entry = {Kind::failure, bytes_of(e)};
    failure = std::current_exception();
  }
  entries_.push_back(std::move(entry));
  ++next_;
  if (told_ != nullptr && *told_) (*told_)();
  if (failure) std::rethrow_exception(failure);
  return entries_.back().bytes;
}

std::span<Journal> Journal::works(std::size_t count) {
  if (next_ == entries_.size()) {
    entries_.push_back({Kind::works});
    entries_.back().works.resize(count);
    for (Journal& work : entries_.back().works) work.told_ = told_;
  }
  Entry& entry = entries_[next_++];
  if (entry.kind != Kind::works || entry.works.size() != count) refuse();
  return entry.works;
}

void Journal::tell(std::function<void()> told) {
  told_ = std::make_shared<const std::function<void()>>(std::move(told));
  for (Entry& entry : entries_) {
    for (Journal& work : entry.works) work.told_ = told_;
  }
}

Index Journal::answers() const {
  Index sum = 0;
  for (const Entry& entry : entries_) {
    if (entry.kind != Kind::works) ++sum;
    for (const Journal& work : entry.works) sum += work.answers();
  }
  return sum;
}

std::vector<std::byte> Journal::bytes() const {
  ByteWriter out;
  for (const Entry& entry : entries_) {
    out.put(entry.kind);
    if (entry.kind != Kind::works) {
      out.put(entry.bytes);
      continue;
    }
    out.put(std::uint64_t{entry.works.size()});
    for (const Journal& work : entry.works) out.put(work.bytes());
  }
  return out.take();
}

Journal::Journal(std::span<const std::byte> bytes) {
  try {
    for (ByteReader in(bytes); !in.at_end();) {
      Entry entry{in.get<Kind>()};
      if (entry.kind > Kind::works) refuse();
      if (entry.kind != Kind::works) {
        entry.bytes = in.values<std::byte>();
      } else {
        for (auto left = in.get<std::uint64_t>(); left > 0; --left) {
          entry.works.emplace_back(in.values<std::byte>());
        }
      }
      entries_.push_back(std::move(entry));
    }
  } catch (const std::out_of_range&) {
    refuse();
  }
}

}  // namespace superstep
