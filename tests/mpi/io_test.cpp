// SPDX-License-Identifier: BSD-3-Clause
// Files written by all ranks together: read back by h5py and h5dump, on any number of ranks; and
// what happens when the disk is full.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <superstep/comm/collectively.hpp>
#include <superstep/comm/communicator.hpp>
#include <superstep/core/error.hpp>
#include <superstep/io/parallel_file.hpp>

namespace superstep {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A value of row i, column j that a script can compute too.
double value(Index i, Index j) {
  return static_cast<double>(i) * 100 + static_cast<double>(j) + 0.25;
}

template <class T>
std::vector<T> rows_of(Index first, Index count, Index columns) {
  std::vector<T> rows;
  for (Index i = first; i < first + count; ++i) {
    for (Index j = 0; j < columns; ++j) rows.push_back(static_cast<T>(value(i, j)));
  }
  return rows;
}

// Noise no compressor shortens much.
std::vector<double> noise(Index first, Index count, Index columns) {
  std::vector<double> rows;
  for (Index i = first * columns; i < (first + count) * columns; ++i) {
    rows.push_back(std::fmod(std::sin(static_cast<double>(i) * 12.9898) * 43758.5453, 1.0));
  }
  return rows;
}

struct Range {
  Index first;
  Index count;
};

// An even part of n rows; some ranks have none when there are few.
Range share(const Communicator& comm, Index n) {
  const Index first = n * comm.rank() / comm.size();
  return {first, n * (comm.rank() + 1) / comm.size() - first};
}

template <class T>
void write_plain(const Communicator& comm, ParallelFile& file, ParallelFile::Dataset dataset,
                 Index n, Index columns) {
  const Range mine = share(comm, n);
  file.write_rows(dataset, mine.first, mine.count,
                  rows_of<T>(mine.first, mine.count, columns).data());
}

// Rounds in which rank r has the r-th next chunk; `generate(first, count)` makes its rows.
template <class Generate>
void write_rounds(const Communicator& comm, ParallelFile& file, ParallelFile::Dataset dataset,
                  Index n, const Generate& generate) {
  const Index height = file.chunk_rows(dataset);
  for (Index base = 0; base < n; base += height * comm.size()) {
    const Index first = std::min(n, base + height * comm.rank());
    const Index count = std::min(height, n - first);
    file.write_rows(dataset, first, count, generate(first, count).data());
  }
}

// Runs a command on rank 0; its exit status on all.
int run_on_root(const Communicator& comm, const std::string& command) {
  return static_cast<int>(comm.max(Index{comm.is_root() ? std::system(command.c_str()) : 0}));
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// An empty folder the ranks share.
std::string fresh(const Communicator& comm, const std::string& name) {
  if (comm.is_root()) {
    fs::remove_all(name);
    fs::create_directory(name);
  }
  comm.barrier();
  return name;
}

Index n_files(const Communicator& comm, const std::string& folder) {
  comm.barrier();
  return std::distance(fs::directory_iterator(folder), {});
}

// The AgreedError that every rank must get from f, with the same words within 10 seconds.
template <class F>
std::string agreed_error(const Communicator& comm, ExitCode code, F&& f) {
  const auto start = Clock::now();
  std::string message = "no error";
  try {
    f();
  } catch (const AgreedError& e) {
    message = e.what();
    EXPECT_EQ(static_cast<int>(e.exit_code()), static_cast<int>(code)) << message;
  }
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(comm.broadcast(message), message);
  return message;
}

TEST(ParallelFile, WhatAllRanksWriteH5pyReads) {
  const Communicator comm = Communicator::world();
  constexpr Index n = 103;
  if (comm.is_root()) fs::remove("written.h5");
  comm.barrier();
  {
    ParallelFile file = ParallelFile::create(comm, "written.h5");
    const auto X = file.create_dataset("/X", float64_type(), {n, 7});
    const auto chunked =
        file.create_dataset("/chunked", float32_type(), {n, 5}, {.chunk_rows = 10});
    const auto small = file.create_dataset("/i", int32_type(), {n});
    const auto large = file.create_dataset("/group/l", int64_type(), {n, 2});
    const auto names = file.create_dataset("/names", fixed_string_type(9), {n});
    const auto classes = file.create_dataset("/classes", enumeration_type({"no", "yes"}), {n});
    const auto gzip = file.create_dataset("/group/sub/gzip", float64_type(), {n, 7},
                                          {.chunk_rows = 16, .deflate = 4, .fletcher32 = true});
    const auto sums = file.create_dataset("/sums", float32_type(), {n},
                                          {.chunk_rows = 10, .deflate = 0, .fletcher32 = true});
    const auto texts = file.create_dataset("/texts", fixed_string_type(5), {n, 2},
                                           {.chunk_rows = 40, .deflate = 1});
    const auto few = file.create_dataset("/few", float64_type(), {2, 3});
    const auto last = file.create_dataset("/last", float64_type(), {n, 7});
    file.create_dataset("/none", float64_type(), {0, 3});
    file.create_dataset("/none_gzip", float64_type(), {0, 3}, {.chunk_rows = 8, .deflate = 3});
    file.set_attribute("/", "title", "caf\u00e9");
    file.set_attribute("/", "count", 12);
    file.set_attribute("/X", "unit", "m");

    EXPECT_FALSE(file.is_collective(X));
    EXPECT_FALSE(file.is_collective(chunked));
    EXPECT_TRUE(file.is_collective(gzip));
    EXPECT_EQ(file.chunk_rows(gzip), 16);
    write_plain<double>(comm, file, X, n, 7);
    write_plain<float>(comm, file, chunked, n, 5);
    write_plain<std::int32_t>(comm, file, small, n, 1);
    write_plain<std::int64_t>(comm, file, large, n, 2);
    write_plain<double>(comm, file, few, 2, 3);
    const Range mine = share(comm, n);
    std::vector<std::string> words;
    std::vector<std::int32_t> codes;
    for (Index i = mine.first; i < mine.first + mine.count; ++i) {
      words.push_back("w\u00f6rt" + std::to_string(i));
      codes.push_back(static_cast<std::int32_t>(i % 2));
    }
    file.write_rows(names, mine.first, mine.count, words);
    file.write_rows(classes, mine.first, mine.count, codes.data());
    write_rounds(comm, file, gzip, n,
                 [](Index first, Index count) { return rows_of<double>(first, count, 7); });
    // All of it by the last rank, in two rounds.
    const bool is_last = comm.rank() == comm.size() - 1;
    for (const Range part : {Range{0, 50}, Range{50, n - 50}}) {
      const auto rows = rows_of<float>(part.first, part.count, 1);
      file.write_rows(sums, is_last ? part.first : 0, is_last ? part.count : 0, rows.data());
    }
    if (is_last) file.write_rows(last, 0, n, rows_of<double>(0, n, 7).data());
    for (Index base = 0; base < n; base += 40 * comm.size()) {
      const Index first = std::min(n, base + 40 * comm.rank());
      const Index count = std::min(Index{40}, n - first);
      std::vector<std::string> pairs;
      for (Index i = first; i < first + count; ++i) {
        pairs.push_back(std::to_string(i));
        pairs.push_back("same");
      }
      file.write_rows(texts, first, count, pairs);
    }
    EXPECT_FALSE(fs::exists("written.h5"));
    comm.barrier();
    file.commit();
  }
  const char* script = R"(import h5py, numpy as np
f = h5py.File('written.h5')
def v(n, k, t): return (np.arange(n)[:, None] * 100 + np.arange(k) + 0.25).astype(t)
def same(name, expected):
    d = f[name]
    assert d.dtype == expected.dtype and d.shape == expected.shape, (name, d.dtype, d.shape)
    assert (d[()] == expected).all(), name
same('X', v(103, 7, 'f8')); same('chunked', v(103, 5, 'f4')); same('i', v(103, 1, 'i4')[:, 0])
same('group/l', v(103, 2, 'i8')); same('group/sub/gzip', v(103, 7, 'f8')); same('last', v(103, 7, 'f8'))
same('sums', v(103, 1, 'f4')[:, 0]); same('few', v(2, 3, 'f8')); same('none', np.zeros((0, 3)))
assert f['names'][()].tolist() == ['w\u00f6rt%d' % i for i in range(103)] or \
    [s.decode() for s in f['names'][()]] == ['w\u00f6rt%d' % i for i in range(103)]
assert (f['classes'][()] == np.arange(103) % 2).all()
assert h5py.check_enum_dtype(f['classes'].dtype) == {'no': 0, 'yes': 1}
assert [s.decode() for s in f['texts'][:, 0]] == [str(i) for i in range(103)]
assert f['group/sub/gzip'].compression == 'gzip' and f['group/sub/gzip'].fletcher32
assert f['group/sub/gzip'].shuffle and f['group/sub/gzip'].chunks == (16, 7)
assert f['sums'].fletcher32 and f['sums'].compression is None
assert f['chunked'].chunks == (10, 5) and f['X'].chunks is None
assert f.attrs['title'] == 'caf\u00e9' and f.attrs['count'] == 12 and f['X'].attrs['unit'] == 'm'
)";
  if (comm.is_root()) std::ofstream("check.py") << script;
  EXPECT_EQ(run_on_root(comm, "/usr/bin/python3 check.py"), 0);
  EXPECT_EQ(run_on_root(comm, "h5dump -m %.2f written.h5 > dump.txt && grep -q 10200.25 dump.txt"),
            0);
  EXPECT_EQ(run_on_root(comm, "test -z \"$(ls | grep written.h5.tmp)\""), 0);
}

TEST(ParallelFile, WithoutCommitNothingHappens) {
  const Communicator comm = Communicator::world();
  const std::string folder = fresh(comm, "uncommitted");
  const std::string path = folder + "/a.h5";
  if (comm.is_root()) std::ofstream(path) << "old";
  {
    ParallelFile file = ParallelFile::create(comm, path);
    const auto X = file.create_dataset("/X", float64_type(), {40, 3});
    write_plain<double>(comm, file, X, 40, 3);
    EXPECT_EQ(n_files(comm, folder), 2);
    comm.barrier();
  }
  EXPECT_EQ(n_files(comm, folder), 1);
  EXPECT_TRUE(text_of(path) == "old");
}

// The file is left open then, and closed by MPI_Finalize: this program must end.
TEST(ParallelFile, AFailureElsewhereLeavesNoFileAndNoHang) {
  const Communicator comm = Communicator::world();
  const std::string folder = fresh(comm, "unwound");
  const std::string message = agreed_error(comm, ExitCode::bad_data, [&] {
    ParallelFile file = ParallelFile::create(comm, folder + "/a.h5");
    const auto X = file.create_dataset("/X", float64_type(), {40, 3});
    const auto Z =
        file.create_dataset("/Z", float64_type(), {40, 3}, {.chunk_rows = 8, .deflate = 1});
    write_plain<double>(comm, file, X, 40, 3);
    write_rounds(comm, file, Z, 8 * comm.size() > 40 ? 40 : 8 * comm.size(),
                 [](Index first, Index count) { return rows_of<double>(first, count, 3); });
    collectively(comm, [&] {
      if (comm.rank() == comm.size() - 1) throw DataError("a row is bad");
    });
    file.commit();
  });
  EXPECT_EQ(message.find("a row is bad"), 0u) << message;
  EXPECT_EQ(n_files(comm, folder), 0);
}

TEST(ParallelFile, PlacesThatCannotBeWritten) {
  const Communicator comm = Communicator::world();
  const std::string folder = fresh(comm, "places");
  std::string message = agreed_error(comm, ExitCode::file,
                                     [&] { ParallelFile::create(comm, folder + "/no/such/a.h5"); });
  EXPECT_NE(message.find("places/no/such/a.h5': No such file or directory"), std::string::npos)
      << message;
  message = agreed_error(comm, ExitCode::file, [&] { ParallelFile::create(comm, folder); });
  EXPECT_NE(message.find("is a directory"), std::string::npos) << message;
  message = agreed_error(comm, ExitCode::usage, [&] {
    ParallelFile file = ParallelFile::create(comm, folder + "/a.h5");
    file.create_dataset("/X", float64_type(), {1 << 20, 1 << 20},
                        {.chunk_rows = 1 << 10, .deflate = 1});
  });
  EXPECT_NE(message.find("--chunk-rows"), std::string::npos) << message;
  EXPECT_EQ(n_files(comm, folder), 0);
}

TEST(ParallelFile, MisuseIsNoticedByAllRanks) {
  const Communicator comm = Communicator::world();
  const std::string folder = fresh(comm, "misuse");
  const std::vector<double> rows(300);
  {
    ParallelFile file = ParallelFile::create(comm, folder + "/a.h5");
    const auto X = file.create_dataset("/X", float64_type(), {10, 3});
    const std::vector<float> floats(30);
    EXPECT_THROW(file.write_rows(X, 0, 1, floats.data()), std::logic_error);
    EXPECT_THROW(file.write_rows(X, 10, 1, rows.data()), std::logic_error);
    if (comm.is_root()) file.write_rows(X, 0, 9, rows.data());
    EXPECT_THROW(file.commit(), std::logic_error);
  }
  {
    ParallelFile file = ParallelFile::create(comm, folder + "/a.h5");
    const auto Z =
        file.create_dataset("/Z", float64_type(), {90, 3}, {.chunk_rows = 8, .deflate = 1});
    // Half a chunk; a chunk that is not the next.
    EXPECT_THROW(file.write_rows(Z, 0, comm.is_root() ? 4 : 0, rows.data()), std::logic_error);
    EXPECT_THROW(file.write_rows(Z, 8, comm.is_root() ? 8 : 0, rows.data()), std::logic_error);
  }
  EXPECT_EQ(n_files(comm, folder), 0);
}

// A disk of 2 MiB with an older file on it; files of that name must survive what the test does.
class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    fresh(comm, folder);
    int failed = 0;
    if (comm.is_root()) {
      failed = mount("none", folder.c_str(), "tmpfs", 0, "size=2m") != 0 ? errno : 0;
      if (failed == 0) std::ofstream(path) << "old";
    }
    failed = static_cast<int>(comm.max(Index{failed}));
    is_mounted = failed == 0;
    if (!is_mounted) {
      GTEST_SKIP() << "no small disk to fill: mount tmpfs: " << std::strerror(failed);
    }
  }

  void TearDown() override {
    if (!is_mounted) return;
    EXPECT_EQ(n_files(comm, folder), 1);
    EXPECT_TRUE(text_of(path) == "old");
    comm.barrier();
    EXPECT_EQ(comm.is_root() ? umount2(folder.c_str(), MNT_DETACH) : 0, 0);
    comm.barrier();
  }

  // Compressed noise, until it is too much.
  void write_noise(Index n, Index columns) {
    ParallelFile file = ParallelFile::create(comm, path);
    const auto Z = file.create_dataset("/Z", float64_type(), {n, columns},
                                       {.chunk_rows = 100, .deflate = 1, .fletcher32 = true});
    write_rounds(comm, file, Z, n,
                 [&](Index first, Index count) { return noise(first, count, columns); });
    file.commit();
  }

  const Communicator comm = Communicator::world();
  const std::string folder = "full";
  const std::string path = "full/a.h5";
  bool is_mounted = false;
};

TEST_F(FullDisk, IsToldBeforeRowsAreWritten) {
  const std::string message = agreed_error(comm, ExitCode::file, [&] {
    ParallelFile file = ParallelFile::create(comm, path);
    file.create_dataset("/X", float64_type(), {100'000, 10});
  });
  // 8,000,000 bytes and what HDF5 adds, less what the temporary file holds already.
  EXPECT_NE(message.find("cannot write 'full/a.h5': it needs 7."), std::string::npos) << message;
  EXPECT_NE(message.find("are free there"), std::string::npos) << message;
  EXPECT_NE(message.find("free some space"), std::string::npos) << message;
}

TEST_F(FullDisk, IsToldBeforeChunksWithChecksumsAreMade) {
  const std::string message = agreed_error(comm, ExitCode::file, [&] {
    ParallelFile file = ParallelFile::create(comm, path);
    file.create_dataset("/X", float64_type(), {100'000, 10},
                        {.chunk_rows = 1000, .deflate = 0, .fletcher32 = true});
  });
  EXPECT_NE(message.find("cannot write 'full/a.h5': it needs 7."), std::string::npos) << message;
}

TEST_F(FullDisk, IsToldInTheRoundThatDoesNotFit) {
  const std::string message = agreed_error(comm, ExitCode::file, [&] { write_noise(10'000, 100); });
  EXPECT_NE(message.find("cannot write 'full/a.h5': it needs"), std::string::npos) << message;
}

TEST_F(FullDisk, IsToldWhenTheAttributesDoNotFit) {
  const std::string message = agreed_error(comm, ExitCode::file, [&] {
    ParallelFile file = ParallelFile::create(comm, path);
    const auto X = file.create_dataset("/X", float64_type(), {20'000, 10});
    write_plain<double>(comm, file, X, 20'000, 10);
    file.set_attribute("/", "a", std::string(1'000'000, 'a'));
    if (comm.is_root()) {
      std::ofstream filler(folder + "/filler");  // takes all that is left, then makes a little room
      while (filler << std::string(4096, 'x') << std::flush) {
      }
    }
    comm.barrier();
    file.commit();
  });
  if (comm.is_root()) fs::remove(folder + "/filler");
  EXPECT_NE(message.find("cannot write the attributes of 'full/a.h5'"), std::string::npos)
      << message;
  EXPECT_NE(message.find("No space left on device"), std::string::npos) << message;
}

TEST_F(FullDisk, WhatFitsIsWritten) {
  write_noise(1000, 100);
  EXPECT_GT(fs::file_size(path), 500'000u);
  comm.barrier();
  {  // with checksums more than half of the disk, which is needed once
    ParallelFile file = ParallelFile::create(comm, "full/b.h5");
    const auto Z = file.create_dataset("/Z", float64_type(), {1400, 100},
                                       {.chunk_rows = 100, .deflate = 0, .fletcher32 = true});
    if (comm.is_root()) fs::remove(path);
    write_rounds(comm, file, Z, 1400,
                 [](Index first, Index count) { return noise(first, count, 100); });
    file.commit();
  }
  comm.barrier();
  if (comm.is_root()) fs::remove("full/b.h5");
  if (comm.is_root()) std::ofstream(path) << "old";
}

// With a disk that promises room it has not (tests/mpi/io_lying_disk.sh): Open MPI's collective
// writes then lose data without a word.
TEST_F(FullDisk, DISABLED_AndLyingIsFoundOutByReadingBack) {
  const std::string message = agreed_error(comm, ExitCode::file, [&] { write_noise(10'000, 100); });
  EXPECT_NE(message, "no error");
  if (comm.is_root()) std::fprintf(stderr, "found out: %s\n", message.c_str());
}

TEST_F(FullDisk, DISABLED_AndLyingIsReportedByPlainWrites) {
  const std::string message = agreed_error(comm, ExitCode::file, [&] {
    ParallelFile file = ParallelFile::create(comm, path);
    const auto X = file.create_dataset("/X", float64_type(), {100'000, 10});
    collectively(comm, [&] { write_plain<double>(comm, file, X, 100'000, 10); });
    file.commit();
  });
  EXPECT_NE(message.find("of full/a.h5:/X"), std::string::npos) << message;
}

}  // namespace
}  // namespace superstep
