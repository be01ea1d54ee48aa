// SPDX-License-Identifier: BSD-3-Clause
// The deposit of a block's result into exact sums, and what decodes a chunk of a file.
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/exact_sum.hpp>

#include "io/filters.hpp"

#include "kernels/kernels.hpp"

namespace superstep::bench {

namespace {

// Doubles of partials per second; the limit is memory, which sees a double read and two integers
// read and written.
void deposit(benchmark::State& state, Index entries, Index partials) {
  SumShape shape;
  shape.add(entries, 10);
  const int window = ExactSum::window(1000);
  const std::vector<double> scales = ExactSum::scales(shape, window);
  const std::vector<double> values = random_values(entries * partials);
  ExactSum sum(shape, window, 0);
  const double best = fastest(state, [&] {
    for (Index i = 0; i < partials; ++i) {
      sum.deposit(shape, values.data() + i * entries, scales.data());
    }
    benchmark::ClobberMemory();
  });
  const double count = size_of(entries, partials);
  state.counters["ns/entry"] = best / count * 1e9;
  report_bytes(state, (8 + 8 + 32) * count, best);  // with the scales
}

std::vector<std::byte> chunk_bytes(Index elements) {
  const std::vector<double> values = random_values(elements);
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// A chunk of random numbers, the worst there is, after shuffle and deflate (level 0: a checksum
// only).
void decode(benchmark::State& state, int level, bool checksum) {
  const std::vector<std::byte> plain = chunk_bytes(Index{4096} * 50);
  std::vector<Filter> filters;
  if (level > 0) filters = {{2, "shuffle", {8}}, {1, "deflate", {6}}};
  if (checksum) filters.push_back({3, "fletcher32", {}});
  const std::vector<std::byte> stored = ChunkEncoder(level, checksum, 8).encode(plain);
  ChunkDecoder decoder;
  std::vector<std::byte> out(plain.size());
  const double best = fastest(state, [&] {
    std::memcpy(decoder.stored(stored.size()).data(), stored.data(), stored.size());
    decoder.decode(filters, 0, out);
    benchmark::DoNotOptimize(out.data());
  });
  state.counters["GB/s"] = static_cast<double>(plain.size()) / best * 1e-9;
  state.counters["of_file"] = static_cast<double>(plain.size()) / best * 1e-9 / limits().file_gbs;
}

void unshuffle_only(benchmark::State& state) {
  const std::vector<std::byte> plain = chunk_bytes(Index{4096} * 50);
  std::vector<std::byte> out(plain.size());
  const double best = fastest(state, [&] {
    unshuffle(plain, 8, out.data());
    benchmark::DoNotOptimize(out.data());
  });
  state.counters["GB/s"] = static_cast<double>(plain.size()) / best * 1e-9;
  state.counters["of_file"] = static_cast<double>(plain.size()) / best * 1e-9 / limits().file_gbs;
}

}  // namespace

void register_sums_and_files() {
  for (const Index entries : {100, 10'000, 4'000'000}) {
    add(fmt::format("deposit/{}", entries),
        [=](auto& st) { deposit(st, entries, std::max<Index>(1, 100'000 / entries)); });
  }
  for (const int level : {1, 4, 9}) {
    add(fmt::format("decode/gzip{}", level), [=](auto& st) { decode(st, level, false); });
  }
  add("decode/fletcher32", [](auto& st) { decode(st, 0, true); });
  add("decode/unshuffle", [](auto& st) { unshuffle_only(st); });
}

}  // namespace superstep::bench
