// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/atomic_file.hpp>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "unit/io/support.hpp"

namespace superstep {
namespace {

namespace fs = std::filesystem;
using test::expect_error;

int n_files(const std::string& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), {}));
}

// An empty folder of the test's own.
std::string fresh(const std::string& name) {
  fs::remove_all(name);
  fs::create_directory(name);
  return name;
}

TEST(AtomicFile, AppearsAtCommit) {
  const std::string folder = fresh("appears");
  AtomicFile file(folder + "/a.csv");
  file.write("one,");
  file.write("two\n");
  EXPECT_FALSE(fs::exists(folder + "/a.csv"));
  file.commit();
  EXPECT_EQ(read_file(folder + "/a.csv"), "one,two\n");
  EXPECT_EQ(n_files(folder), 1);
}

TEST(AtomicFile, AnOldFileStaysUntilThen) {
  const std::string folder = fresh("stays");
  write_file(folder + "/a", "old");
  ASSERT_EQ(chmod((folder + "/a").c_str(), 0640), 0);
  {
    AtomicFile file(folder + "/a");
    file.write("new");
  }
  EXPECT_EQ(read_file(folder + "/a"), "old");
  EXPECT_EQ(n_files(folder), 1);
  write_file(folder + "/a", "new");
  EXPECT_EQ(read_file(folder + "/a"), "new");
  EXPECT_EQ(fs::status(folder + "/a").permissions(), static_cast<fs::perms>(0640));
}

TEST(AtomicFile, ErrorsNameThePathAndTheReason) {
  expect_error([] { write_file("no/such/a", "x"); }, ExitCode::file,
               {"cannot write 'no/such/a'", "No such file or directory"});
  expect_error([] { write_file("/", "x"); }, ExitCode::file, {"is a directory"});
  expect_error([] { write_file("/dev/full", "x"); }, ExitCode::file,
               {"'/dev/full'", "No space left on device", "free some space"});
  expect_error([] { read_file("no/such/a"); }, ExitCode::file, {"'no/such/a'"});
  EXPECT_NO_THROW(write_file("/dev/null", "x"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(AtomicFile, AFullDiskLeavesTheOldFile) {
  const std::string folder = fresh("full");
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "no small disk to fill: mount tmpfs: " << std::strerror(errno);
  }
  write_file(folder + "/a", "old");
  expect_error([&] { write_file(folder + "/a", std::string(1000000, 'x')); }, ExitCode::file,
               {"full/a", "No space left on device"});
  EXPECT_EQ(read_file(folder + "/a"), "old");
  EXPECT_EQ(n_files(folder), 1);
  umount(folder.c_str());
}

}  // namespace
}  // namespace superstep
