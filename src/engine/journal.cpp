// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/journal.hpp>

#include <string>
#include <utility>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>

namespace superstep {

void refuse_journal() {
  throw DataError(
      "the journal of a training does not belong to it, or is damaged; begin the training anew");
}

namespace {

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
    if (entry.kind != kind) refuse_journal();
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
  if (entry.kind != Kind::works || entry.works.size() != count) refuse_journal();
  return entry.works;
}

void Journal::tell(std::function<void()> told) {
  told_ = std::make_shared<const std::function<void()>>(std::move(told));
  for (Entry& entry : entries_) {
    for (Journal& work : entry.works) work.told_ = told_;
  }
}

// A journal's bytes begin with their hash.

std::vector<std::byte> Journal::bytes() const {
  ByteWriter out;
  for (const Entry& entry : entries_) {
    out.put(entry.kind);
    if (entry.kind == Kind::state) out.put(entry.answers);
    if (entry.kind != Kind::works) {
      out.put(entry.bytes);
      continue;
    }
    out.put(std::uint64_t{entry.works.size()});
    for (const Journal& work : entry.works) out.put(work.bytes());
  }
  const std::vector<std::byte> entries = out.take();
  return ByteWriter().put(hash_bytes(entries.data(), entries.size())).put(entries).take();
}

Journal::Journal(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  try {
    ByteReader whole(bytes);
    const auto hash = whole.get<std::uint64_t>();
    const auto entries = whole.values<std::byte>();
    if (!whole.at_end() || hash != hash_bytes(entries.data(), entries.size())) refuse_journal();
    for (ByteReader in(entries); !in.at_end();) {
      Entry entry{in.get<Kind>()};
      if (entry.kind > Kind::tally) refuse_journal();
      if (entry.kind == Kind::state) entry.answers = in.get<Index>();
      if (entry.answers < 0) refuse_journal();
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
    refuse_journal();
  }
}

// States.

std::size_t Journal::Entry::size() const {
  std::size_t sum = bytes.size();
  for (const Journal& work : works) {
    for (const Entry& entry : work.entries_) sum += entry.size();
  }
  return sum;
}

std::optional<std::vector<std::byte>> Journal::kept() {
  if (next_ == entries_.size() || entries_[next_].kind != Kind::state) return std::nullopt;
  return entries_[next_++].bytes;
}

// What was told again since the beginning is what was told at first, so the same is dropped.
void Journal::keep(std::size_t begin, std::vector<std::byte> state) {
  const std::span<const Entry> told = std::span(entries_).first(next_).subspan(begin);
  std::size_t length = 0;
  for (const Entry& entry : told) length += entry.size();
  if (told.empty() || state.size() > length) return;
  Entry entry{Kind::state, std::move(state)};
  entry.answers = answers_of(told);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begin);
  *first = std::move(entry);
  entries_.erase(first + 1, entries_.begin() + static_cast<std::ptrdiff_t>(next_));
  next_ = begin + 1;
}

Index Journal::answers_of(std::span<const Entry> entries) {
  Index sum = 0;
  for (const Entry& entry : entries) {
    if (entry.kind == Kind::state) sum += entry.answers;
    if (entry.kind != Kind::state && entry.kind != Kind::works) ++sum;
    for (const Journal& work : entry.works) sum += work.answers();
  }
  return sum;
}

Index Journal::answers() const { return answers_of(entries_); }

}  // namespace superstep
