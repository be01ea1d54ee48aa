// SPDX-License-Identifier: BSD-3-Clause
// Prints the terms of texts, for test_text.py: texts and terms as their length in four bytes and
// their bytes, before the terms of each text how many they are. usage: analyse_texts NAME=VALUE...
// < TEXTS, with scikit-learn's names; ngram_range=1,2; stop_words=one,two; `time=1` prints
// megabytes a second of processor time for counting terms instead
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>

#include <superstep/core/bytes.hpp>

#include "learn/feature_extraction/block_terms.hpp"

namespace {

using superstep::AnalyserOptions;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ',') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

void set(AnalyserOptions& o, const std::string& name, const std::string& value) {
  if (name == "decode_error") o.decode_error = value;
  if (name == "strip_accents") o.strip_accents = value;
  if (name == "lowercase") o.lowercase = value == "1";
  if (name == "token_pattern") o.token_pattern = value;
  if (name == "analyzer") o.analyzer = value;
  if (name == "stop_words")
    o.stop_words = value == "english" ? superstep::english_stop_words() : split(value);
  if (name == "ngram_range") {
    o.least_n = std::stoll(split(value).at(0));
    o.most_n = std::stoll(split(value).at(1));
  }
}

std::vector<std::string> read_texts() {
  const std::string all((std::istreambuf_iterator<char>(std::cin)), {});
  std::vector<std::string> texts;
  for (std::size_t at = 0; at + 4 <= all.size();) {
    std::uint32_t size;
    std::memcpy(&size, all.data() + at, 4);
    texts.push_back(all.substr(at + 4, size));
    at += 4 + size;
  }
  return texts;
}

void print_terms(const superstep::Analyser& analyser, const std::vector<std::string>& texts) {
  superstep::Analyser::Scratch scratch;
  superstep::ByteWriter out;
  for (const std::string& text : texts) {
    std::vector<std::string> terms;
    analyser.terms(text, scratch, [&](std::string_view term) { terms.emplace_back(term); });
    out.put(static_cast<std::uint32_t>(terms.size()));
    for (const std::string& term : terms) {
      out.put(static_cast<std::uint32_t>(term.size()));
      out.append(term.data(), std::ssize(term));
    }
  }
  const std::vector<std::byte> bytes = out.take();
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

void print_speed(const superstep::Analyser& analyser, const std::vector<std::string>& texts) {
  constexpr std::size_t rows = 4096;
  superstep::BlockTerms block;
  superstep::TermTable terms;
  std::vector<std::int64_t> counts;
  std::size_t bytes = 0;
  const auto begin = std::clock();
  for (std::size_t first = 0; first < texts.size(); first += rows) {
    const std::size_t count = std::min(rows, texts.size() - first);
    block.read(analyser, static_cast<superstep::Index>(count), [&](superstep::Index i) {
      const std::string& text = texts[first + static_cast<std::size_t>(i)];
      bytes += text.size();
      return std::string_view(text);
    });
    std::vector<std::size_t> number;
    for (superstep::Index k = 0; k < block.terms().size(); ++k) {
      number.push_back(static_cast<std::size_t>(terms.add(block.terms()[k])));
    }
    counts.resize(static_cast<std::size_t>(terms.size()));
    for (superstep::Index i = 0; i < block.rows(); ++i) {
      for (const auto& entry : block.row(i)) counts[number[entry.term]] += entry.count;
    }
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%.1f MB/s, %lld terms\n", static_cast<double>(bytes) / seconds / 1e6,
              static_cast<long long>(terms.size()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    AnalyserOptions options;
    bool is_timed = false;
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      const std::size_t equals = argument.find('=');
      if (argument.starts_with("time")) is_timed = true;
      set(options, argument.substr(0, equals), argument.substr(equals + 1));
    }
    const superstep::Analyser analyser(options);
    (is_timed ? print_speed : print_terms)(analyser, read_texts());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
