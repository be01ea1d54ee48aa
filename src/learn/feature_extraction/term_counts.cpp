// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/term_counts.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

// Most counts are small, and most of few cells: seven bits a byte.
void put_number(ByteWriter& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out.put(static_cast<std::uint8_t>(value | 128));
  out.put(static_cast<std::uint8_t>(value));
}
std::uint64_t get_number(ByteReader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = in.get<std::uint8_t>();
    value |= std::uint64_t{byte & 127U} << shift;
    if (byte < 128) return value;
  }
  throw std::out_of_range("a number does not end");
}

void put_counts(ByteWriter& out, std::span<const Index> counts) {
  for (const Index count : counts) put_number(out, static_cast<std::uint64_t>(count));
}
void add_counts(ByteReader& in, std::span<Index> counts) {
  for (Index& count : counts) count += static_cast<Index>(get_number(in));
}

void put_text(ByteWriter& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text.data(), std::ssize(text));
}
void get_text(ByteReader& in, std::string& text) {
  const std::uint64_t size = get_number(in);
  if (size > static_cast<std::uint64_t>(in.left<char>())) {
    throw std::out_of_range("a term ends too early");
  }
  text.resize(size);
  in.copy(text.data(), static_cast<std::int64_t>(size));
}

}  // namespace

// ---- on one rank -------------------------------------------------------------------------------

TermCounts::TermCounts(const Cells& cells, Wanted wanted)
    : cells_(cells),
      wanted_(std::move(wanted)),
      texts_(static_cast<std::size_t>(cells.size()), 0) {}

void TermCounts::forget() {
  terms_ = TermTable();
  counts_.clear();
  std::ranges::fill(texts_, 0);
}

void TermCounts::require_room() const {
  const std::size_t bytes = terms_.bytes() + counts_.capacity() * sizeof(Index);
  if (bytes > wanted_.most_bytes) refuse(terms_.size());
}

void TermCounts::refuse(Index terms) const {
  throw MemoryError(
      fmt::format("{}: {} different terms take more than the {} that there are for them; "
                  "HashingVectorizer keeps "
                  "none, fewer are of a narrower ngram_range, or give more --memory",
                  wanted_.what_for, format_count(terms),
                  format_bytes(static_cast<std::int64_t>(wanted_.most_bytes))));
}

/// Where the term's counts begin.
std::size_t TermCounts::count_of(std::string_view term) {
  const std::size_t begin = static_cast<std::size_t>(terms_.add(term)) * width();
  if (begin == counts_.size()) counts_.resize(begin + width(), 0);
  return begin;
}

void TermCounts::add(const BlockTerms& terms, const Block& block, Workspace& workspace) {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> begin(static_cast<std::size_t>(terms.terms().size()));
  constexpr std::size_t unwanted = SIZE_MAX;
  for (std::size_t k = 0; k < begin.size(); ++k) {
    const std::string_view term = terms.terms()[static_cast<Index>(k)];
    const bool is_wanted = wanted_.only == nullptr || wanted_.only->find(term) >= 0;
    begin[k] = is_wanted ? count_of(term) : unwanted;
  }
  cells_.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
    const std::size_t place = 2 * static_cast<std::size_t>(cell);
    for_rows(block, rows, [&](Index i) {
      ++texts_[static_cast<std::size_t>(cell)];
      for (const BlockTerms::Entry& entry : terms.row(i)) {
        if (begin[entry.term] == unwanted) continue;
        Index* counts = counts_.data() + begin[entry.term] + place;
        counts[0] += 1;
        counts[1] += entry.count;
      }
    });
  });
  require_room();
}

// ---- over all ranks ----------------------------------------------------------------------------

/// A term's counts are added up by the rank that its hash names.
std::vector<std::vector<std::byte>> TermCounts::by_owner(const Communicator& comm) {
  std::vector<ByteWriter> out(static_cast<std::size_t>(comm.size()));
  for (Index k = 0; k < terms_.size(); ++k) {
    const std::string_view term = terms_[k];
    ByteWriter& to = out[hash_bytes(term.data(), term.size(), 1) % out.size()];
    put_text(to, term);
    put_counts(to, std::span(counts_).subspan(static_cast<std::size_t>(k) * width(), width()));
  }
  std::vector<std::vector<std::byte>> bytes;
  for (ByteWriter& one : out) bytes.push_back(one.take());
  terms_ = TermTable();
  counts_ = {};
  return bytes;
}

/// Of the terms that this rank owns, those that somebody may want.
std::vector<std::byte> TermCounts::owned(const std::vector<std::vector<std::byte>>& parts) {
  std::string term;
  for (const auto& bytes : parts) {
    for (ByteReader in(bytes); !in.at_end();) {
      get_text(in, term);
      const std::size_t begin = count_of(term);  // which may move all counts
      add_counts(in, std::span(counts_).subspan(begin, width()));
    }
    require_room();
  }
  ByteWriter out;
  for (Index k = 0; k < terms_.size(); ++k) {
    const auto counts = std::span(counts_).subspan(static_cast<std::size_t>(k) * width(), width());
    Index documents = 0;
    for (const Index cell : wanted_.whole) documents += counts[2 * static_cast<std::size_t>(cell)];
    if (documents < wanted_.least_documents) continue;
    put_text(out, terms_[k]);
    put_counts(out, counts);
  }
  return out.take();
}

std::vector<std::byte> TermCounts::exchange(const Communicator& comm) {
  std::vector<std::vector<std::byte>> parts;
  collectively(comm, [&] { parts = by_owner(comm); });
  parts = comm.exchange(parts);
  std::vector<std::byte> mine;
  Index terms = 0;
  collectively(comm, [&] {
    mine = owned(parts);
    terms = terms_.size();
  });
  // Each rank gets those of all.
  const Index bytes = comm.sum(static_cast<Index>(mine.size()));
  terms = comm.sum(terms);
  collectively(comm, [&] {
    if (static_cast<std::size_t>(bytes) > wanted_.most_bytes) refuse(terms);
  });
  parts = comm.gather_all(mine);
  comm.sum(texts_);
  std::vector<std::byte> all;
  collectively(comm, [&] { all = in_order(parts); });
  forget();
  return all;
}

/// The terms of all owners in one order, so that nobody can see who owned what.
std::vector<std::byte> TermCounts::in_order(
    const std::vector<std::vector<std::byte>>& parts) const {
  std::vector<std::pair<std::string_view, std::span<const std::byte>>> terms;
  for (const auto& bytes : parts) {
    ByteReader in(bytes);
    const auto at = [&] { return bytes.data() + bytes.size() - in.left<char>(); };
    std::string skipped;
    std::vector<Index> counts(width());
    while (!in.at_end()) {
      get_text(in, skipped);
      const std::byte* end = at();
      const std::string_view term(reinterpret_cast<const char*>(end) - skipped.size(),
                                  skipped.size());
      add_counts(in, counts);
      terms.emplace_back(term, std::span(end, at()));
    }
  }
  std::ranges::sort(terms, {}, &decltype(terms)::value_type::first);
  ByteWriter out;
  put_counts(out, texts_);
  put_number(out, terms.size());
  for (const auto& [term, counts] : terms) {
    put_text(out, term);
    out.append(counts.data(), std::ssize(counts));
  }
  return out.take();
}

// ---- what was found ----------------------------------------------------------------------------

CountedTerms::CountedTerms(std::span<const std::byte> bytes, Index cells)
    : cells_(cells), texts_(static_cast<std::size_t>(cells), 0) {
  ByteReader in(bytes);
  add_counts(in, texts_);
  std::string term;
  for (std::uint64_t left = get_number(in); left > 0; --left) {
    get_text(in, term);
    pool_ += term;
    ends_.push_back(pool_.size());
    counts_.resize(counts_.size() + 2 * static_cast<std::size_t>(cells), 0);
    add_counts(in, std::span(counts_).last(2 * static_cast<std::size_t>(cells)));
  }
}

std::string_view CountedTerms::operator[](Index term) const {
  const auto at = static_cast<std::size_t>(term);
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::string_view(pool_).substr(begin, ends_[at] - begin);
}

Index CountedTerms::texts(std::span<const Index> cells) const {
  Index sum = 0;
  for (const Index cell : cells) sum += texts_[static_cast<std::size_t>(cell)];
  return sum;
}

Index CountedTerms::sum_of(Index term, std::span<const Index> cells, Index which) const {
  Index sum = 0;
  for (const Index cell : cells) {
    sum += counts_[static_cast<std::size_t>(2 * (term * cells_ + cell) + which)];
  }
  return sum;
}

}  // namespace superstep
