// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/term_training.hpp"

#include <algorithm>
#include <memory>
#include <ranges>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>

#include "learn/cells.hpp"
#include "learn/feature_extraction/term_counts.hpp"

namespace superstep {

namespace {

using Group = std::vector<std::size_t>;

/// Requests that look at the texts, those with one analyser together.
std::vector<Group> by_analyser(const std::vector<TermRequest>& requests) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!requests[i].looks()) continue;
    const auto found = std::ranges::find_if(groups, [&](const Group& group) {
      return requests[group.front()].analyser == requests[i].analyser;
    });
    if (found == groups.end()) {
      groups.push_back({i});
    } else {
      found->push_back(i);
    }
  }
  return groups;
}

constexpr Index doubles_at_least = Index{1} << 19;  // 4 MiB
/// Of each term while terms are sent, put in order and read.
constexpr Index copies = 4;

/// Bytes of the terms if all that the texts hold were different, counted in so many cells.
Index most_bytes_of_terms(const Table& table, const AnalyserOptions& analyser, Index cells) {
  const bool are_words = analyser.analyzer == "word";
  const Index text = table.data->values();  // in bytes
  const Index terms = (are_words ? text / 2 : text) * (analyser.most_n - analyser.least_n + 1);
  const Index length = (are_words ? 8 : 1) * analyser.most_n;
  const Index in_tables = 40;  // where it ends, and up to four slots that find it
  return terms * (length + in_tables + 16 * cells) + (Index{1} << 16);
}

/// Bytes that a rank's terms may take: of all that the texts may hold, if there is room, else of
/// half of the budget or what of that can be had. **Collective.**
std::size_t room_for_terms(Engine& engine, const Table& table, const AnalyserOptions& analyser,
                           Index cells) {
  const auto half = static_cast<Index>(engine.budget().for_work() / 2);
  const Index wish = std::min(copies * most_bytes_of_terms(table, analyser, cells), half);
  Footprint need = least_for_terms(1);
  const Index least = need.replicated;
  for (need.replicated = std::max(least, wish / 8); need.replicated > least;
       need.replicated = std::max(least, need.replicated / 2)) {
    if (engine.least_memory(table, need) <= engine.budget().bytes) break;
  }
  if (!engine.has_room(table, need)) engine.reserve(table, need);
  return static_cast<std::size_t>(need.replicated) * sizeof(double) / copies;
}

/// The given terms of some requests; nothing where one of them takes what the texts hold.
std::unique_ptr<TermTable> given_terms(const std::vector<TermRequest>& requests,
                                       const Group& group) {
  auto terms = std::make_unique<TermTable>();
  for (const std::size_t i : group) {
    if (requests[i].vocabulary.empty()) return nullptr;
    for (const std::string& term : requests[i].vocabulary) terms->add(term);
  }
  return terms;
}

/// The terms of given ones, numbered by the order of all; -1 where no text holds it.
std::vector<Index> places_of(const std::vector<std::string>& vocabulary, const CountedTerms& all) {
  std::vector<Index> places;
  const auto numbers = std::views::iota(Index{0}, all.size());
  for (const std::string& term : vocabulary) {
    const auto at = std::ranges::lower_bound(numbers, std::string_view(term), {},
                                             [&](Index k) { return all[k]; });
    places.push_back(at != numbers.end() && all[*at] == term ? *at : -1);
  }
  return places;
}

std::vector<double> frequencies(const TermRequest& r, const CountedTerms& all,
                                const std::vector<Index>& places, std::span<const Index> cells) {
  const Index texts = all.texts(cells);
  std::vector<double> idf;
  for (std::size_t k = 0; k < places.size(); ++k) {
    const Index documents = places[k] >= 0 ? all.documents(places[k], cells) : 0;
    if (documents == 0 && !r.smooth_idf) {
      throw DataError(
          fmt::format("{}: no text holds the term '{}' of its vocabulary, which would "
                      "count for infinitely much; smooth_idf=True mends it",
                      r.estimator, r.vocabulary[k]));
    }
    idf.push_back(inverse_frequency(texts, documents, r.smooth_idf));
  }
  return idf;
}

std::shared_ptr<Model> model_of(const TermRequest& r, std::vector<std::string> vocabulary,
                                std::vector<double> idf) {
  TermWeights weights = r.weights;
  weights.idf = std::move(idf);
  return std::make_shared<TermModel>(r.analyser, vocabulary, r.limits.binary, std::move(weights));
}

std::shared_ptr<Model> fitted(const TermRequest& r, const CountedTerms& all,
                              std::span<const Index> cells) {
  std::vector<std::string> vocabulary = r.vocabulary;
  std::vector<Index> places;
  if (vocabulary.empty()) {
    places = choose_terms(all, cells, r.limits, r.estimator);
    for (const Index k : places) vocabulary.emplace_back(all[k]);
  } else {
    places = places_of(vocabulary, all);
  }
  if (!r.use_idf) return model_of(r, std::move(vocabulary), {});
  return model_of(r, std::move(vocabulary), frequencies(r, all, places, cells));
}

}  // namespace

Footprint least_for_terms(std::size_t candidates) {
  // What is kept of a block's terms is of the order of its texts.
  constexpr Index usual = 128;
  return {.row_doubles = usual,
          .replicated = doubles_at_least * static_cast<Index>(1 + candidates / 8)};
}

std::vector<Trained> train_terms(Engine& engine, const Table& table,
                                 const std::vector<TermRequest>& requests) {
  std::vector<Trained> models(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!requests[i].looks()) models[i] = model_of(requests[i], requests[i].vocabulary, {});
  }
  for (const Group& group : by_analyser(requests)) {
    std::vector<SplitPtr> splits;
    TermCounts::Wanted wanted{.least_documents = table.rows()};
    for (const std::size_t i : group) {
      const TermRequest& r = requests[i];
      splits.push_back(r.split);
      const Index least = r.vocabulary.empty() ? least_documents(r.limits) : 1;
      wanted.least_documents = std::min(wanted.least_documents, least);
    }
    const Cells cells(splits);
    wanted.whole = cells.of_partition(splits.front());
    wanted.most_bytes =
        room_for_terms(engine, table, requests[group.front()].analyser, cells.size());
    const std::unique_ptr<TermTable> given = given_terms(requests, group);
    wanted.only = given.get();
    wanted.what_for = requests[group.front()].estimator;
    const Analyser analyser(requests[group.front()].analyser);
    const BlockTermsPool pool;
    TermCounts counts(cells, std::move(wanted));
    const std::vector<std::byte> bytes = engine.look(
        table,
        [&](const Block& block, Workspace& workspace) {
          const SparseRows& texts = *block.x.sparse();
          pool.with([&](BlockTerms& terms) {
            terms.read(analyser, block.rows, [&](Index i) { return texts.text(i); });
            counts.add(terms, block, workspace);
          });
        },
        counts);
    const CountedTerms all(bytes, cells.size());
    for (const std::size_t i : group) {
      models[i] = attempt([&] {
        std::shared_ptr<Model> model;
        const auto trained = cells.with_role(requests[i].split, Role::train);
        collectively(engine.comm(), [&] { model = fitted(requests[i], all, trained); });
        return Trained(std::move(model));
      });
    }
  }
  return models;
}

}  // namespace superstep
