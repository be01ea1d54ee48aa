// SPDX-License-Identifier: BSD-3-Clause
// CSV files cut into pieces of a few bytes, so that pieces and ranks begin inside of quotes, line
// ends and names: what is read must be what a parser that begins at the beginning reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/data/import.hpp>

namespace superstep {
namespace {

void serially(Index n, const std::function<void(Index)>& task) {
  for (Index i = 0; i < n; ++i) task(i);
}

/// The same file for every rank; ranks meet before and after it is written.
std::string write(const Communicator& comm, const std::string& text) {
  const std::string path = "import_" + std::to_string(comm.size()) + ".csv";
  comm.barrier();
  if (comm.is_root()) std::ofstream(path, std::ios::binary) << text;
  comm.barrier();
  return path;
}

/// A table, the text of it, and what must be found again.
struct Table {
  std::vector<std::vector<double>> x;
  std::vector<std::string> names;
  std::string csv;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

/// Everything that may stand between quotes, written in every way a number can be.
Table random_table(std::mt19937& random) {
  const std::vector<std::string> names = {"a",  "b,c",        "d\"e", "f\ng", "\r\n",
                                          "\"", ",\"\n\"\",", "NA",   "é"};
  const auto below = [&](std::size_t n) { return random() % n; };
  const std::string line_end = below(2) == 0 ? "\n" : "\r\n";
  Table table;
  table.csv =
      (below(4) == 0 ? "\xef\xbb\xbf" : "") + std::string("u,") + quoted("v\nw\"") + ",label";
  const std::size_t rows = 1 + below(30);
  for (std::size_t i = 0; i < rows; ++i) {
    table.csv += line_end;
    if (below(5) == 0) table.csv += below(2) == 0 ? line_end : "  " + line_end;
    std::vector<double> x;
    for (int j = 0; j < 2; ++j) {
      const double value = static_cast<double>(below(2000)) / 8.0 - 100.0;
      const std::string digits = std::to_string(value);
      switch (below(5)) {
        case 0:
          table.csv += " " + digits + "  ";
          break;
        case 1:
          table.csv += quoted(digits);
          break;
        case 2:
          table.csv += value >= 0 ? "+" + digits : digits;
          break;
        case 3:
          table.csv += below(2) == 0 ? "" : "NaN";
          break;
        default:
          table.csv += digits;
          break;
      }
      const char last = table.csv.back();
      x.push_back(last == ',' || last == 'N' || last == '\n' ? NAN : value);
      table.csv += ',';
    }
    const std::string& name = names[below(names.size())];
    const bool is_plain = name == "a" || name == "é";
    table.csv += is_plain && below(2) == 0 ? name : quoted(name);
    table.x.push_back(x);
    table.names.push_back(name);
  }
  if (below(2) == 0) table.csv += line_end;
  return table;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST(Import, FindsTheSameRowsFromAnyPiece) {
  const Communicator comm = Communicator::world();
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const Table table = random_table(random);
    const std::string path = write(comm, table.csv);
    CsvOptions options;
    options.target = "label";
    options.piece_bytes = 1 + random() % 40;
    const ImportedSource imported = open_csv(comm, {path}, options, serially);
    const RowFormat& format = imported.rows->format();
    EXPECT_EQ(format.feature_names, (std::vector<std::string>{"u", "v\nw\""}));
    EXPECT_TRUE(std::ranges::is_sorted(format.target.names));
    EXPECT_EQ(format.rows, std::ssize(table.x)) << table.csv;
    if (format.rows != std::ssize(table.x)) continue;
    for (Index first = 0; first < format.rows; ++first) {
      const Index count = 1 + static_cast<Index>(random()) % (format.rows - first);
      std::vector<double> x(static_cast<std::size_t>(2 * count));
      std::vector<double> y(static_cast<std::size_t>(count));
      imported.rows->read(first, count, {x.data(), y.data(), nullptr});
      for (Index i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(first + i);
        const auto at = static_cast<std::size_t>(i);
        EXPECT_TRUE(same(x[2 * at], table.x[row][0]) && same(x[2 * at + 1], table.x[row][1]))
            << "row " << row << " of\n"
            << table.csv;
        EXPECT_EQ(format.target.names[static_cast<std::size_t>(y[at])], table.names[row])
            << table.csv;
      }
    }
  }
}

std::string message_of(const Communicator& comm, const std::string& csv,
                       std::uint64_t piece_bytes) {
  const std::string path = write(comm, csv);
  CsvOptions options;
  options.piece_bytes = piece_bytes;
  try {
    open_csv(comm, {path}, options, serially);
  } catch (const AgreedError& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::bad_data);
    const std::string text = e.what();
    EXPECT_TRUE(text.starts_with(path)) << text;
    return text.substr(path.size());
  }
  return "no error";
}

TEST(Import, NamesTheFirstBadLineFromAnyPiece) {
  const Communicator comm = Communicator::world();
  struct Case {
    std::string csv;
    std::string message;
  };
  const std::string good = "\"1\n\",2\n\n";
  const std::vector<Case> cases = {
      {"a,b\n" + good + good + "3\n" + good + "1,2,3\n",
       " line 8 has 1 field, but the header has 2; every line needs "
       "the same number"},
      {"a,b\n" + good + "1,2,3\n" + good + "\"",
       " line 5 has 3 fields, but the header has 2; every line needs the "
       "same number"},
      {"a,b\n" + good + good + "1,2\"3\"\n4,5\n\"6\",7\n1,1\n",
       " line 8 has a quote inside the unquoted field 2; quote the whole field and double the "
       "quotes in it"},
      {"a,b\n" + good + "\"1\"2\",3\"\n" + good,
       " line 5 has text behind the closing quote of field 1; double the "
       "quotes inside a quoted field"},
      {"a,b\n" + good + "1,2\n1,2\"\n3,4\n\"5\",6\n",
       " line 6 has a quote that is never closed; a field that holds quotes must be quoted itself, "
       "with the quotes in "
       "it doubled"},
  };
  for (const Case& c : cases) {
    for (const std::uint64_t piece_bytes : {0, 1, 2, 3, 5, 8, 13, 21}) {
      EXPECT_EQ(message_of(comm, c.csv, piece_bytes), c.message)
          << c.csv << "pieces of " << piece_bytes;
    }
  }
}

}  // namespace
}  // namespace superstep
