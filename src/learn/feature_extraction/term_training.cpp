// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/term_training.hpp"

#include <algorithm>

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

constexpr Index doubles_at_least = Index{1} << 19;  // 4 MiB: fifty thousand short terms

/// Bytes that a rank's terms may take, of as many as the texts have if there is room for so many:
/// they are sent, put in order and read, so that there are up to four of each for a while.
std::size_t room_for_terms(Engine& engine, const Table& table, const AnalyserOptions& analyser) {
  const Index of_each = analyser.analyzer == "word" ? 1 : 4;
  const Index text = table.data->values() / static_cast<Index>(sizeof(double));
  const Index more = text * of_each * (analyser.most_n - analyser.least_n + 1);
  const Footprint room = engine.make_room(table, {.replicated = doubles_at_least + 1},
                                          {.replicated = doubles_at_least + 1 + more});
  return static_cast<std::size_t>(room.replicated) * sizeof(double) / 4;
}

/// The terms of given ones, numbered by the order of all; -1 where no text holds it.
std::vector<Index> places_of(const std::vector<std::string>& vocabulary, const CountedTerms& all) {
  std::vector<Index> places;
  for (const std::string& term : vocabulary) {
    Index low = 0, high = all.size();
    while (low < high) {
      const Index middle = (low + high) / 2;
      (all[middle] < term ? low : high) = all[middle] < term ? middle + 1 : middle;
    }
    places.push_back(low < all.size() && all[low] == term ? low : -1);
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
    wanted.most_bytes = room_for_terms(engine, table, requests[group.front()].analyser);
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
