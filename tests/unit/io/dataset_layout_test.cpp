// SPDX-License-Identifier: BSD-3-Clause
#include <sys/stat.h>

#include <superstep/io/dataset_layout.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>

#include <superstep/io/row_reader.hpp>
#include "io/guarded_child.hpp"
#include "unit/io/support.hpp"

namespace superstep {
namespace {

using test::bytes_of;
using test::error_of;
using test::expect_error;
using test::python;
using test::write_bytes;

TEST(Describe, FilesThatCannotBeOpened) {
  write_bytes("not_hdf5.h5", std::vector<char>(5000, 'x'));
  write_bytes("empty.h5", {});
  expect_error([] { describe("missing.h5", "X"); }, ExitCode::file,
               {"'missing.h5'", "No such file or directory"});
  expect_error([] { describe("/", "X"); }, ExitCode::file, {"is a directory"});
  expect_error([] { describe("/dev/null", "X"); }, ExitCode::file, {"not a regular file"});
  expect_error([] { describe("not_hdf5.h5", "X"); }, ExitCode::file,
               {"'not_hdf5.h5' is not an HDF5 file"});
  expect_error([] { describe("empty.h5", "X"); }, ExitCode::file, {"'empty.h5' is empty"});
  write_bytes("forbidden.h5", {});
  ASSERT_EQ(chmod("forbidden.h5", 0), 0);
  if (geteuid() != 0) {  // root may read anything
    expect_error([] { describe("forbidden.h5", "X"); }, ExitCode::file, {"Permission denied"});
  }
}

TEST(Describe, MissingDatasets) {
  python(
      "f = h5py.File('names.h5', 'w'); f['X_train'] = [1.]; f['group/y'] = [2.]\n"
      "h5py.File('nothing.h5', 'w')");
  expect_error([] { describe("names.h5", "/X", "--x"); }, ExitCode::bad_data,
               {"'names.h5' has no dataset /X", "/X_train", "/group/y", "--x "});
  expect_error([] { describe("names.h5", "X_tra1n", "--x"); }, ExitCode::bad_data,
               {"--x /X_train"});
  expect_error([] { describe("names.h5", "/X_trian"); }, ExitCode::bad_data,
               {"did you mean /X_train?"});
  expect_error([] { describe("nothing.h5", "/X"); }, ExitCode::bad_data, {"none at all"});
  expect_error([] { describe("names.h5", "/group"); }, ExitCode::bad_data,
               {"/group is a group", "/group/y"});
  EXPECT_FALSE(describe_if_present("names.h5", "/weight").has_value());
  EXPECT_TRUE(describe_if_present("names.h5", "group/y").has_value());
}

TEST(Describe, SeveralDatasetsAtOnce) {
  python("f = h5py.File('several.h5', 'w'); f['X'] = np.ones((4, 2)); f['y'] = [1, 2, 3]");
  const auto layouts = describe_all("several.h5", {{"/y"}, {"/weight", false}, {"X"}});
  ASSERT_EQ(layouts.size(), 3u);
  EXPECT_EQ(layouts[0], describe("several.h5", "/y"));
  EXPECT_FALSE(layouts[1]);
  EXPECT_EQ(layouts[2], describe("several.h5", "/X"));
  EXPECT_EQ(deserialize_layouts(serialize(layouts)), layouts);
  expect_error(
      [] {
        describe_all("several.h5", {{"/X"}, {"/Y", true, "--y"}, {"/Z"}});
      },
      ExitCode::bad_data, {"'several.h5' has no dataset /Y", "--y"});
  EXPECT_TRUE(describe_all("several.h5", {}).empty());
}

TEST(Describe, WhatIsRefusedAndWhy) {
  python(R"(
with h5py.File('other.h5', 'w') as f: f['X'] = np.ones((4, 2))
with h5py.File('refused.h5', 'w') as f:
    f['outside'] = h5py.ExternalLink('other.h5', '/X')
    f['through'] = h5py.SoftLink('/outside')
    f['inside'] = np.ones((4, 2))
    f['soft'] = h5py.SoftLink('/inside')
    f['dangling'] = h5py.SoftLink('/nowhere')
    f.create_dataset('raw', (4, 2), 'f8', external=[('raw.bin', 0, 64)])
    layout = h5py.VirtualLayout((4, 2), 'f8'); layout[:] = h5py.VirtualSource('other.h5', 'X', (4, 2))
    f.create_virtual_dataset('virtual', layout)
    f['compound'] = np.zeros(3, dtype=[('a', 'f8'), ('b', 'i4')])
    f['complex'] = np.zeros(3, dtype=complex)
    f.create_dataset('reference', (1,), h5py.ref_dtype)
    f.create_dataset('ragged', (2,), h5py.vlen_dtype('f8'))
    f.create_dataset('opaque', data=np.zeros(2, dtype='V8'))
    f['null'] = h5py.Empty('f8')
)");
  const auto refuse = [](const char* dataset, ExitCode code, const std::string& part) {
    expect_error([&] { describe("refused.h5", dataset); }, code, {"refused.h5:/", part});
  };
  refuse("outside", ExitCode::file, "link to another file");
  refuse("raw", ExitCode::file, "external storage");
  refuse("virtual", ExitCode::file, "virtual dataset");
  refuse("compound", ExitCode::bad_data, "compound values");
  refuse("complex", ExitCode::bad_data, "compound values");
  refuse("reference", ExitCode::bad_data, "references");
  refuse("ragged", ExitCode::bad_data, "lists of varying length");
  refuse("opaque", ExitCode::bad_data, "opaque bytes");
  refuse("null", ExitCode::bad_data, "no shape");
  EXPECT_NE(error_of([] { describe("refused.h5", "through"); }).first, "");
  EXPECT_NE(error_of([] { describe("refused.h5", "dangling"); }).first, "");
  EXPECT_EQ(describe("refused.h5", "soft").shape, (std::vector<Index>{4, 2}));

  const FileSummary summary = summarize("refused.h5");
  EXPECT_EQ(summary.datasets.size(), 9u);
  EXPECT_EQ(summary.datasets[0].dataset, "/complex");
  EXPECT_EQ(summary.datasets[0].type.kind, ElementKind::unsupported);
}

TEST(Describe, FiltersNobodyHasAreNamed) {
  python(R"(
f = h5py.File('unknown_filter.h5', 'w')
p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
p.set_chunk((4, 2)); p.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
d = h5py.h5d.create(f.id, b'X', h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((8, 2)), p)
d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones((8, 2)))
)");
  expect_error([] { describe("unknown_filter.h5", "X"); }, ExitCode::file,
               {"unknown_filter.h5:/X", "filter 32015", "h5repack"});
}

TEST(Describe, LayoutsTravel) {
  python(R"(
with h5py.File('travel.h5', 'w') as f:
    f.create_dataset('X', data=np.ones((100, 7)), chunks=(9, 4), compression='gzip', fletcher32=True, fillvalue=3.0)
    f['y'] = np.array([1, 0], dtype=h5py.enum_dtype({'no': 0, 'yes': 1}))
    f.attrs['title'] = 'a file'; f.attrs['count'] = 12; f.attrs['ratio'] = 0.5; f.attrs['list'] = [1, 2]
)");
  for (const char* dataset : {"/X", "/y"}) {
    const DatasetLayout layout = describe("travel.h5", dataset);
    EXPECT_EQ(deserialize_layout(serialize(layout)), layout);
    auto bytes = serialize(layout);
    bytes.pop_back();
    EXPECT_THROW(deserialize_layout(bytes), std::out_of_range);
  }
  const DatasetLayout layout = describe("travel.h5", "X");
  EXPECT_EQ(layout.dataset, "/X");
  EXPECT_EQ(layout.where(), "travel.h5:/X");
  EXPECT_EQ(layout.chunks.size(), 12u * 2);
  EXPECT_EQ(layout.summary(), "100 x 7 float64, chunks 9 x 4, deflate+fletcher32");
  const FileSummary summary = summarize("travel.h5");
  using Attributes = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(summary.attributes,
            (Attributes{
                {"count", "12"}, {"list", "(not shown)"}, {"ratio", "0.5"}, {"title", "a file"}}));
  ASSERT_EQ(summary.datasets.size(), 2u);
  EXPECT_EQ(summary.datasets[1].summary(), "2 enumeration");
}

// The work that may go wrong is a function, so it need not be found in a file.
TEST(GuardedChild, CrashesAndHangsBecomeErrors) {
  write_bytes("any", {'x'});
  const auto run = [](auto work) {
    return error_of([&] {
      in_guarded_child("any", [&]() -> std::vector<std::byte> {
        work();
        return {};
      });
    });
  };
  EXPECT_EQ(run([] {}).second, ExitCode::done);
  EXPECT_NE(run([] { std::raise(SIGSEGV); }).first.find("'any' is damaged: HDF5 crashed"),
            std::string::npos);
  EXPECT_NE(run([] { std::abort(); }).first.find("crashed"), std::string::npos);
  EXPECT_NE(run([] { _exit(0); }).first.find("crashed"), std::string::npos);
  EXPECT_NE(run([] {
              std::vector<std::unique_ptr<char[]>> hoard;  // address space, not memory
              while (true) {
                hoard.push_back(std::make_unique_for_overwrite<char[]>(std::size_t{1} << 28));
              }
            }).first.find("'any' is damaged"),
            std::string::npos);
  EXPECT_EQ(run([] { throw DataError("bad"); }),
            std::pair(std::string("'any': bad"), ExitCode::bad_data));

  const auto start = std::chrono::steady_clock::now();
  volatile bool endless = true;
  const auto hang = run([&] {
    while (endless) {
    }
  });
  EXPECT_NE(hang.first.find("came to no end"), std::string::npos) << hang.first;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(GuardedChild, LargeAnswersArrive) {
  write_bytes("any", {'x'});
  const auto answer = in_guarded_child("any", [] {
    std::vector<std::byte> bytes(10'000'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i % 251);
    return bytes;
  });
  ASSERT_EQ(answer.size(), 10'000'000u);
  EXPECT_EQ(answer[9'999'999], static_cast<std::byte>(9'999'999 % 251));
}

class Damage : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    python(R"(
X = np.random.default_rng(0).normal(size=(60, 5))
with h5py.File('whole_plain.h5', 'w') as f: f['X'] = X
with h5py.File('whole_gzip.h5', 'w') as f:
    f.create_dataset('X', data=X, chunks=(16, 5), compression='gzip', shuffle=True, fletcher32=True)
with h5py.File('whole_fletcher.h5', 'w', libver='latest') as f:
    f.create_dataset('X', data=X, chunks=(16, 3), fletcher32=True)
X.tofile('whole.f64')
)");
  }
};

// All values of a damaged file, or the error.
std::pair<std::string, ExitCode> try_to_read(const std::string& path, std::vector<double>& values) {
  return error_of([&] {
    const RowReader reader(describe(path, "X"));
    values.assign(static_cast<std::size_t>(reader.rows() * reader.columns()), 0);
    reader.read_rows(0, reader.rows(), values.data());
  });
}

std::string read_all(const std::string& path, std::vector<double>& values) {
  return try_to_read(path, values).first;
}

TEST_F(Damage, TruncatedFilesSayHowManyBytesTheyLack) {
  for (const std::string whole : {"whole_plain.h5", "whole_gzip.h5", "whole_fletcher.h5"}) {
    const std::vector<char> bytes = bytes_of(whole);
    std::vector<double> values;
    ASSERT_EQ(read_all(whole, values), "");
    for (const std::size_t size : {bytes.size() - 1, bytes.size() - 8, bytes.size() / 2,
                                   std::size_t{600}, std::size_t{100}, std::size_t{9}}) {
      write_bytes("truncated.h5", {bytes.begin(), bytes.begin() + static_cast<Index>(size)});
      const std::string message = read_all("truncated.h5", values);
      EXPECT_NE(message, "") << whole << " with " << size << " bytes";
      if (size < 600) continue;  // the superblock is needed to say more
      for (const std::string& part :
           {std::string("truncated"), std::to_string(bytes.size()), std::to_string(size)}) {
        EXPECT_NE(message.find(part), std::string::npos) << message;
      }
    }
  }
}

TEST_F(Damage, EveryFlippedBitUnderAChecksumIsNoticed) {
  const std::vector<double> expected = test::array_of<double>("whole.f64");
  for (const std::string whole : {"whole_gzip.h5", "whole_fletcher.h5"}) {
    const DatasetLayout layout = describe(whole, "X");
    std::vector<char> bytes = bytes_of(whole);
    DatasetLayout damaged = layout;
    damaged.file = "flipped.h5";
    int n_flips = 0;
    for (const StoredChunk& chunk : layout.chunks) {
      for (std::uint64_t at = chunk.address; at < chunk.address + chunk.bytes; at += 3) {
        const auto mask = static_cast<char>(1 << (at % 8));
        bytes[at] = static_cast<char>(bytes[at] ^ mask);
        write_bytes("flipped.h5", bytes);
        struct stat status {};
        ASSERT_EQ(::stat("flipped.h5", &status), 0);
        damaged.file_modified_ns =
            std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
        bytes[at] = static_cast<char>(bytes[at] ^ mask);
        std::vector<double> values(expected.size());
        expect_error([&] { RowReader(damaged).read_rows(0, 60, values.data()); }, ExitCode::file,
                     {"rows ", "flipped.h5:/X", "damaged"});
        ++n_flips;
      }
    }
    EXPECT_GT(n_flips, 500);
  }
}

// An error of ours, the values that were there, or, where a byte says what values mean or is one
// of them, those that h5py finds in the same file.
TEST_F(Damage, FlippedStructureNeverCrashesUs) {
  const std::vector<double> expected = test::array_of<double>("whole.f64");
  for (const std::string whole : {"whole_plain.h5", "whole_gzip.h5", "whole_fletcher.h5"}) {
    const std::vector<char> bytes = bytes_of(whole);
    int n_errors = 0, n_unharmed = 0;
    std::string others;
    for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 2000); at += 17) {
      std::vector<char> flipped = bytes;
      flipped[at] = static_cast<char>(~flipped[at]);
      write_bytes("structure.h5", flipped);
      std::vector<double> values;
      const auto [message, code] = try_to_read("structure.h5", values);
      if (code != ExitCode::done) {
        EXPECT_TRUE(code == ExitCode::file || code == ExitCode::bad_data) << at << message;
        EXPECT_NE(message.find("structure.h5"), std::string::npos) << at << message;
        ++n_errors;
      } else if (values == expected) {
        ++n_unharmed;
      } else {
        const std::string name = "other" + std::to_string(at);
        write_bytes(name + ".h5", flipped);
        std::ofstream(name + ".f64", std::ios::binary)
            .write(reinterpret_cast<const char*>(values.data()),
                   static_cast<std::streamsize>(values.size() * sizeof(double)));
        others += "'" + name + "',";
      }
    }
    EXPECT_GT(n_errors, 10) << whole;
    EXPECT_GT(n_unharmed, 10) << whole;
    test::python("for name in [" + others + R"(]:
    with h5py.File(name + '.h5') as f: X = f['X'][()].astype('f8').ravel()
    np.testing.assert_array_equal(np.fromfile(name + '.f64'), X, name)
    os.remove(name + '.h5'), os.remove(name + '.f64'))");
  }
}

}  // namespace
}  // namespace superstep
