// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/row_reader.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <thread>

#include "unit/io/support.hpp"

namespace superstep {
namespace {

using test::array_of;
using test::expect_error;
using test::python;

constexpr const char* file = "row_reader.h5";

// Every dataset NAME of numbers comes with its values as float64 in NAME.f64.
const char* const make_files = R"(
rng = np.random.default_rng(7)
names = []
with h5py.File('row_reader.h5', 'w') as f:
    def add(name, values, **storage):
        f.create_dataset(name, data=values, **storage)
        np.asarray(values).astype('f8').tofile(name + '.f64')
        names.append(name)
    X = rng.normal(size=(1000, 13))
    add('f8', X)
    add('f4', X.astype('f4'))
    add('big_f8', X.astype('>f8'))
    add('big_f4', X.astype('>f4'), chunks=(64, 5), compression='gzip')
    for t in ['i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', '>i2', '>i4', '>u8']:
        low = 0 if 'u' in t else -100
        add('int_' + t.replace('>', 'big_'), rng.integers(low, 100, (333, 4)).astype(t))
    add('bool', rng.integers(0, 2, 500).astype(bool))
    add('bool_gzip', rng.integers(0, 2, 500).astype(bool), chunks=(77,), compression='gzip')
    add('f2', X[:50].astype('f2'))
    add('long_double', X[:50].astype('longdouble'))
    add('chunked', X, chunks=(100, 13))
    add('odd_chunks', X, chunks=(37, 5))
    add('tall_chunk', X, chunks=(1000, 13))
    add('gzip', X, chunks=(128, 13), compression='gzip')
    add('gzip_f4', X.astype('f4'), chunks=(128, 13), compression='gzip', shuffle=True)
    add('gzip_shuffle', X, chunks=(128, 13), compression='gzip', shuffle=True)
    add('gzip_shuffle_split', X, chunks=(90, 4), compression='gzip', shuffle=True)
    add('gzip_fletcher', X, chunks=(128, 3), compression='gzip', fletcher32=True)
    add('all_filters', X, chunks=(333, 7), compression='gzip', shuffle=True, fletcher32=True)
    add('fletcher', X, chunks=(128, 13), fletcher32=True)
    add('fletcher_odd_bytes', rng.integers(0, 99, 701).astype('i1'), chunks=(33,), fletcher32=True)
    add('shuffle_only', X, chunks=(128, 13), shuffle=True)
    add('shuffle_i2', rng.integers(0, 99, (701, 3)).astype('i2'), chunks=(33, 2), shuffle=True)
    add('tall_gzip', X, chunks=(1000, 13), compression='gzip')
    add('guessed', X, compression='gzip')
    add('lzf', X, compression='lzf')
    add('lzf_runs', np.repeat(rng.integers(0, 3, (40, 2)), 300, axis=0), compression='lzf', shuffle=True)
    add('szip', X, chunks=(100, 8), compression='szip')
    add('scaleoffset', rng.integers(0, 1000, (500, 3)), chunks=(64, 3), scaleoffset=0)
    add('growing', X, chunks=(64, 13), maxshape=(None, 13), compression='gzip')
    add('one_row', X[:1])
    add('one_row_gzip', X[:1], compression='gzip')
    add('one_column', X[:, :1])
    add('one_dimension', X[:, 0])
    add('one_dimension_gzip', X[:, 0], chunks=(99,), compression='gzip')
    add('one_value', X[:1, :1])
    add('no_rows', X[:0])
    add('no_rows_gzip', X[:0], chunks=(4, 13), maxshape=(None, 13), compression='gzip')
    # Holes: what was never written reads as the fill value.
    holes = f.create_dataset('holes', (1000, 6), 'f8', chunks=(64, 4), compression='gzip', fillvalue=2.5)
    holes[200:300, 1:5] = 7.0
    holes[()].tofile('holes.f64')
    plain_holes = f.create_dataset('plain_holes', (1000, 6), '>i4', chunks=(64, 4), fillvalue=-3)
    plain_holes[200:300, 1:5] = 7
    plain_holes[()].astype('f8').tofile('plain_holes.f64')
    f.create_dataset('never', (50, 3), 'f4', fillvalue=1.5)[()].astype('f8').tofile('never.f64')
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    values = X[:20]
    space = h5py.h5s.create_simple(values.shape)
    h5py.h5d.create(f.id, b'compact', h5py.h5t.NATIVE_DOUBLE, space, compact).write(
        h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(values))
    values.astype('f8').tofile('compact.f64')
    names += ['holes', 'plain_holes', 'never', 'compact']
    # Text and what has no float64.
    words = ['', 'a', 'caf\u00e9', 'x' * 40, 'last'] * 50
    f.create_dataset('text', data=words, dtype=h5py.string_dtype())
    f.create_dataset('text_gzip', data=words, dtype=h5py.string_dtype(), chunks=(16,), compression='gzip')
    fixed = np.array([w.encode() for w in words], dtype='S41')
    f.create_dataset('fixed', data=fixed)
    f.create_dataset('fixed_gzip', data=fixed, chunks=(16,), compression='gzip', shuffle=True)
    blank = h5py.h5t.C_S1.copy(); blank.set_size(41); blank.set_strpad(h5py.h5t.STR_SPACEPAD)
    d = h5py.h5d.create(f.id, b'blanks', blank, h5py.h5s.create_simple((len(words),)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.char.ljust(fixed, 41), mtype=blank)
    open('words.txt', 'w').write(''.join(w + '\n' for w in words))
    f['large'] = np.array([[1, 2], [3, 2**53 + 1]])
    f['large_u8'] = np.array([2**64 - 1], dtype='u8')
    f['large_even'] = np.array([2**53 + 2, -2**63, 2**62])
    f['colours'] = np.array([0, 7, 0], dtype=h5py.enum_dtype({'red': 0, 'blue': 7}, basetype='i2'))
    f['cube'] = np.zeros((2, 3, 4))
    f['scalar'] = 1.0
# The other chunk indexes: fixed array, extensible array, B-tree 2, single chunk, implicit.
with h5py.File('row_reader_latest.h5', 'w', libver='latest') as f:
    def add(name, values, **storage):
        f.create_dataset(name, data=values, **storage)
        np.asarray(values).astype('f8').tofile('latest_' + name + '.f64')
    add('fixed_array', X, chunks=(30, 13), compression='gzip')
    add('fixed_array_plain', X, chunks=(30, 4))
    add('extensible', X, chunks=(30, 13), maxshape=(None, 13), compression='gzip', fletcher32=True)
    add('btree2', X, chunks=(30, 5), maxshape=(None, None), compression='gzip')
    add('single', X, chunks=(1000, 13), compression='gzip', shuffle=True)
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((30, 5)); early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    h5py.h5d.create(f.id, b'implicit', h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple(X.shape), early).write(
        h5py.h5s.ALL, h5py.h5s.ALL, X)
    X.tofile('latest_implicit.f64')
# HDF5 data that does not begin at the first byte.
with h5py.File('row_reader_block.h5', 'w', userblock_size=1024) as f:
    f.create_dataset('plain', data=X); f.create_dataset('gzip', data=X, chunks=(99, 6), compression='gzip')
X.tofile('block_plain.f64'); X.tofile('block_gzip.f64')
print(' '.join(names))
)";

class RowReaderFiles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name;
    for (const char c : python(make_files)) {
      if (c == ' ' || c == '\n') {
        names_.push_back(std::move(name));
        name.clear();
      } else {
        name += c;
      }
    }
  }
  static std::vector<std::string> names_;
};
std::vector<std::string> RowReaderFiles::names_;

// Rows read in portions of `portion`, each value compared bit for bit.
void expect_portions(const RowReader& reader, const std::vector<double>& expected, Index portion) {
  const Index columns = reader.columns();
  std::vector<double> got(static_cast<std::size_t>(portion * columns));
  for (Index first = 0; first < reader.rows(); first += portion) {
    const Index n = std::min(portion, reader.rows() - first);
    std::fill(got.begin(), got.end(), -1e300);
    reader.read_rows(first, n, got.data());
    ASSERT_TRUE(
        std::equal(got.begin(), got.begin() + n * columns, expected.begin() + first * columns))
        << reader.layout().where() << " from row " << first << ", " << portion << " at a time";
  }
}

void expect_values(const std::string& path, const std::string& dataset, const std::string& values) {
  const DatasetLayout layout = describe(path, dataset);
  const std::vector<double> expected = array_of<double>(values);
  ASSERT_EQ(static_cast<std::size_t>(layout.rows() * layout.columns()), expected.size()) << dataset;
  for (const Index portion : {Index{1000}, Index{1}, Index{7}, Index{64}, Index{250}}) {
    expect_portions(RowReader(layout), expected, portion);
  }
}

TEST_F(RowReaderFiles, EveryKindOfStorageGivesWhatH5pyWrote) {
  ASSERT_GT(names_.size(), 40u);
  for (const std::string& name : names_) expect_values(file, name, name + ".f64");
}

TEST_F(RowReaderFiles, NewerFileFormats) {
  for (const std::string name :
       {"fixed_array", "fixed_array_plain", "extensible", "btree2", "single", "implicit"}) {
    expect_values("row_reader_latest.h5", name, "latest_" + name + ".f64");
  }
}

TEST_F(RowReaderFiles, UserBlock) {
  expect_values("row_reader_block.h5", "plain", "block_plain.f64");
  expect_values("row_reader_block.h5", "gzip", "block_gzip.f64");
}

TEST_F(RowReaderFiles, OurOwnCodeReadsTheUsualLayouts) {
  for (const std::string name :
       {"f8", "f4", "big_f8", "int_i8", "bool_gzip", "all_filters", "lzf", "fletcher", "odd_chunks",
        "holes", "compact", "never", "fixed_gzip"}) {
    EXPECT_FALSE(describe(file, name).needs_hdf5) << name;
  }
  for (const std::string name : {"szip", "scaleoffset", "f2", "long_double", "text"}) {
    EXPECT_TRUE(describe(file, name).needs_hdf5) << name;
  }
}

TEST_F(RowReaderFiles, FloatsWhereTheyAreExact) {
  for (const std::string name : {"f4", "big_f4", "gzip_f4", "int_i1", "int_u2", "int_big_i2",
                                 "bool", "bool_gzip", "shuffle_i2"}) {
    const RowReader reader(describe(file, name));
    ASSERT_TRUE(reader.layout().type.is_exact_in_float()) << name;
    const std::vector<double> expected = array_of<double>(name + ".f64");
    std::vector<float> got(expected.size());
    reader.read_rows(0, reader.rows(), got.data());
    EXPECT_TRUE(std::equal(got.begin(), got.end(), expected.begin())) << name;
  }
  for (const std::string name : {"f8", "int_i4", "f2"}) {
    const RowReader reader(describe(file, name));
    EXPECT_FALSE(reader.layout().type.is_exact_in_float()) << name;
    float value = 0;
    EXPECT_THROW(reader.read_rows(0, 1, &value), std::logic_error) << name;
  }
}

TEST_F(RowReaderFiles, PassesDecodeEachChunkOnce) {
  for (const std::string name : {"gzip", "gzip_shuffle_split", "tall_gzip", "guessed", "lzf"}) {
    for (const Index portion : {Index{1}, Index{50}, Index{300}}) {
      const DatasetLayout layout = describe(file, name);
      const RowReader reader(layout);
      expect_portions(reader, array_of<double>(name + ".f64"), portion);
      EXPECT_EQ(reader.chunks_decoded(), layout.chunks.size()) << name << " by " << portion;
      EXPECT_GT(reader.cache_bytes(), 0u);
    }
  }
}

TEST_F(RowReaderFiles, WithoutACacheTheValuesAreTheSame) {
  const DatasetLayout layout = describe(file, "gzip_shuffle_split");
  const RowReader reader(layout, 0);
  expect_portions(reader, array_of<double>("gzip_shuffle_split.f64"), 50);
  EXPECT_GT(reader.chunks_decoded(), layout.chunks.size());
}

// They keep pace, as threads with equal work do: the cache is made for blocks that follow each
// other, and one that the scheduler holds up for long loses its chunk.
TEST_F(RowReaderFiles, ThreadsTakingBlocksInTurn) {
  constexpr int n_threads = 4;
  constexpr Index block = 50;
  for (const std::string name :
       {"f8", "big_f8", "odd_chunks", "all_filters", "tall_gzip", "lzf", "szip"}) {
    const DatasetLayout layout = describe(file, name);
    const RowReader reader(layout, RowReader::pass_cache_bytes(layout, n_threads, block));
    const std::vector<double> expected = array_of<double>(name + ".f64");
    std::vector<double> got(expected.size(), -1e300);
    std::atomic<Index> next{0};
    std::barrier round(n_threads);
    std::vector<std::thread> threads;
    for (int t = 0; t < n_threads; ++t) {
      threads.emplace_back([&] {
        for (Index first = 0; (first = next.fetch_add(block)) < reader.rows();) {
          const Index n = std::min(block, reader.rows() - first);
          reader.read_rows(first, n, got.data() + first * reader.columns());
          round.arrive_and_wait();
        }
        round.arrive_and_drop();
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(got, expected) << name;
    EXPECT_LE(reader.chunks_decoded(), layout.chunks.size()) << name;
  }
}

TEST_F(RowReaderFiles, CacheIsOnlyAskedForWhereItHelps) {
  EXPECT_EQ(RowReader::pass_cache_bytes(describe(file, "f8"), 8, 100), 0u);
  EXPECT_EQ(RowReader::pass_cache_bytes(describe(file, "odd_chunks"), 8, 100), 0u);
  const DatasetLayout gzip = describe(file, "gzip");  // chunks of 128 rows
  constexpr std::size_t chunk = 128 * 13 * 8;
  EXPECT_EQ(RowReader::pass_cache_bytes(gzip, 8, 256), 0u);
  EXPECT_EQ(RowReader::pass_cache_bytes(gzip, 1, 100), 2 * chunk);
  EXPECT_EQ(RowReader::pass_cache_bytes(gzip, 3, 200), 4 * chunk);
  EXPECT_EQ(RowReader::pass_cache_bytes(gzip, 100, 200), 8 * chunk);  // there are no more
}

TEST_F(RowReaderFiles, Texts) {
  std::ifstream in("words.txt");
  std::vector<std::string> words;
  for (std::string line; std::getline(in, line);) words.push_back(line);
  ASSERT_EQ(words.size(), 250u);
  for (const std::string name : {"text", "text_gzip", "fixed", "fixed_gzip", "blanks"}) {
    const RowReader reader(describe(file, name));
    EXPECT_EQ(reader.read_strings(0, 250), words) << name;
    EXPECT_EQ(reader.read_strings(17, 3),
              (std::vector<std::string>{words[17], words[18], words[19]}))
        << name;
    EXPECT_TRUE(reader.read_strings(250, 0).empty()) << name;
    double value = 0;
    expect_error([&] { reader.read_rows(0, 1, &value); }, ExitCode::bad_data,
                 {"row_reader.h5:/", name, "holds text"});
  }
  expect_error([] { RowReader(describe(file, "f8")).read_strings(0, 1); }, ExitCode::bad_data,
               {"row_reader.h5:/f8", "holds numbers"});
}

TEST_F(RowReaderFiles, IntegersThatNoDoubleEquals) {
  double values[4];
  expect_error([&] { RowReader(describe(file, "large")).read_rows(0, 2, values); },
               ExitCode::bad_data, {"row_reader.h5:/large", "row 1", "float64"});
  expect_error([&] { RowReader(describe(file, "large_u8")).read_rows(0, 1, values); },
               ExitCode::bad_data, {"row 0"});
  RowReader(describe(file, "large_even")).read_rows(0, 3, values);
  EXPECT_EQ(values[0], 0x1p53 + 2);
  EXPECT_EQ(values[1], -0x1p63);
  EXPECT_EQ(values[2], 0x1p62);
}

TEST_F(RowReaderFiles, EnumerationsKeepTheirNames) {
  const RowReader reader(describe(file, "colours"));
  using Members = std::vector<std::pair<std::string, std::int64_t>>;
  EXPECT_EQ(reader.layout().type.members, (Members{{"red", 0}, {"blue", 7}}));
  double values[3];
  reader.read_rows(0, 3, values);
  EXPECT_EQ(values[1], 7.0);
}

TEST_F(RowReaderFiles, OtherNumbersOfDimensionsAreRefused) {
  expect_error([] { RowReader(describe(file, "cube")); }, ExitCode::bad_data,
               {"/cube has 3 dimensions"});
  expect_error([] { RowReader(describe(file, "scalar")); }, ExitCode::bad_data,
               {"/scalar has 0 dimensions"});
}

TEST_F(RowReaderFiles, RowsBeyondTheEndAreADefect) {
  const RowReader reader(describe(file, "f8"));
  double value = 0;
  EXPECT_THROW(reader.read_rows(1000, 1, &value), std::logic_error);
  EXPECT_THROW(reader.read_rows(-1, 1, &value), std::logic_error);
}

TEST_F(RowReaderFiles, BytesReadAreCounted) {
  const RowReader reader(describe(file, "f8"));
  std::vector<double> values(13 * 10);
  reader.read_rows(5, 10, values.data());
  EXPECT_EQ(reader.bytes_read(), 13u * 10 * 8);
}

TEST_F(RowReaderFiles, AFileThatShrinksWhileItIsReadIsNoticed) {
  test::write_bytes("shrinking.h5", test::bytes_of(file));
  const DatasetLayout layout = describe("shrinking.h5", "f8");
  const RowReader reader(layout);
  ASSERT_EQ(truncate("shrinking.h5", static_cast<off_t>(layout.offset + 13 * 8 * 500 + 4)), 0);
  std::vector<double> values(13 * 1000);
  reader.read_rows(0, 500, values.data());
  expect_error([&] { reader.read_rows(400, 200, values.data()); }, ExitCode::file,
               {"rows 400 to 599 of shrinking.h5:/f8", "too early"});
  expect_error([&] { RowReader{layout}; }, ExitCode::file, {"'shrinking.h5'", "bytes"});
}

}  // namespace
}  // namespace superstep
