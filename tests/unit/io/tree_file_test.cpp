// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/tree_file.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <thread>

#include "unit/io/support.hpp"

namespace superstep {
namespace {

using test::bytes_of;
using test::expect_error;
using test::python;

Tree example() {
  Tree tree;
  tree.set("format", std::string("superstep-model"));
  tree.set("version", std::int64_t{1});
  tree.set("tol", 1e-4);
  tree.add("/classes_", TreeArray<std::string>{{3}, {"a", "", "caf\u00e9"}});
  tree.add("/coef_", TreeArray<double>{{2, 3}, {1, -2, 3.5, 1e-300, 5, 0.1}});
  tree.add("/empty", TreeArray<double>{{0, 4}, {}});
  tree.add("/n_iter_", std::int64_t{-7});
  tree.add("/steps/scale/mean_",
           TreeArray<double>{{2}, {0.25, std::numeric_limits<double>::infinity()}});
  tree.add("/steps/scale/name", std::string("scale"));
  tree.add("/y", TreeArray<std::int64_t>{{2, 1}, {std::int64_t{1} << 62, -1}});
  return tree;
}

TEST(TreeFile, ComesBackAsItWas) {
  const Tree tree = example();
  write_tree("tree.h5", tree);
  Tree back = read_tree("tree.h5");
  // In the file attributes stand in alphabetical order.
  std::swap(back.attributes[1], back.attributes[2]);
  EXPECT_EQ(back.datasets, tree.datasets);
  EXPECT_EQ(back.attributes, tree.attributes);
  EXPECT_EQ(deserialize_tree(serialize(tree)), tree);
}

TEST(TreeFile, H5pyReadsNaturalTypes) {
  write_tree("natural.h5", example());
  python(R"(
f = h5py.File('natural.h5')
assert f.attrs['format'] == 'superstep-model' and type(f.attrs['format']) is str
assert f.attrs['version'] == 1 and f.attrs['version'].dtype == np.int64
assert f.attrs['tol'] == 1e-4 and f.attrs['tol'].dtype == np.float64
assert f['coef_'].dtype == np.float64 and f['coef_'].shape == (2, 3)
assert f['coef_'][()].tolist() == [[1, -2, 3.5], [1e-300, 5, 0.1]]
assert f['empty'].shape == (0, 4)
assert f['n_iter_'].dtype == np.int64 and f['n_iter_'].shape == () and f['n_iter_'][()] == -7
assert f['classes_'].asstr()[()].tolist() == ['a', '', 'caf\u00e9']
assert tuple(h5py.check_string_dtype(f['classes_'].dtype)) == ('utf-8', None)
assert f['steps/scale/mean_'][()].tolist() == [0.25, np.inf]
assert f['steps/scale/name'].asstr()[()] == 'scale'
assert f['y'][()].tolist() == [[2**62], [-1]]
)");
}

TEST(TreeFile, ReadsWhatH5pyWrites) {
  python(R"(
with h5py.File('from_h5py.h5', 'w') as f:
    f['single'] = np.float32([0.5, 2]); f['short'] = np.int16(-3); f['s'] = np.array([b'ab', b'c'])
    f.attrs['name'] = np.bytes_('x'); f.attrs['small'] = np.float32(0.5)
)");
  const Tree tree = read_tree("from_h5py.h5");
  EXPECT_EQ(tree.doubles("/single"), (TreeArray<double>{{2}, {0.5, 2}}));
  EXPECT_EQ(tree.integers("/short"), (TreeArray<std::int64_t>{{}, {-3}}));
  EXPECT_EQ(tree.strings("/s"), (TreeArray<std::string>{{2}, {"ab", "c"}}));
  EXPECT_EQ(std::get<std::string>(*tree.find_attribute("name")), "x");
  EXPECT_EQ(std::get<double>(*tree.find_attribute("small")), 0.5);
  EXPECT_EQ(tree.find_attribute("other"), nullptr);
}

TEST(TreeFile, TheSameTreeGivesTheSameBytes) {
  write_tree("first.h5", example());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // a time inside would differ now
  write_tree("second.h5", example());
  EXPECT_EQ(bytes_of("first.h5"), bytes_of("second.h5"));
}

TEST(TreeFile, ErrorsSayWhat) {
  write_tree("errors.h5", example());
  const Tree tree = read_tree("errors.h5");
  expect_error([&] { tree.doubles("/coeff_"); }, ExitCode::bad_data, {"/coeff_", "/coef_"});
  expect_error([&] { tree.doubles("/classes_"); }, ExitCode::bad_data, {"/classes_"});
  expect_error([] { read_tree("absent.h5"); }, ExitCode::file, {"'absent.h5'", "No such file"});
  expect_error([&] { write_tree("no/such/folder/m.h5", tree); }, ExitCode::file,
               {"no/such/folder/m.h5", "No such file or directory"});
  expect_error([] { read_tree("/etc/hostname"); }, ExitCode::file, {"not an HDF5 file"});
  python("f = h5py.File('odd.h5', 'w'); f['c'] = np.zeros(2, dtype=complex)");
  expect_error([] { read_tree("odd.h5"); }, ExitCode::bad_data, {"odd.h5:/c", "compound"});
  std::vector<char> bytes = bytes_of("errors.h5");
  bytes.resize(bytes.size() - 100);
  test::write_bytes("cut.h5", bytes);
  expect_error([] { read_tree("cut.h5"); }, ExitCode::file, {"'cut.h5' is truncated"});
  Tree wrong;
  wrong.add("/x", TreeArray<double>{{3}, {1, 2}});
  EXPECT_THROW(write_tree("wrong.h5", wrong), std::logic_error);
  Tree nul;
  nul.add("/x", std::string("a\0b", 3));
  expect_error([&] { write_tree("wrong.h5", nul); }, ExitCode::bad_data, {"NUL"});
  EXPECT_TRUE(bytes_of("wrong.h5").empty());
}

}  // namespace
}  // namespace superstep
