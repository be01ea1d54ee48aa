// SPDX-License-Identifier: BSD-3-Clause
// Files made and read by h5py, so that our code is never checked against itself; and messages of
// errors.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <superstep/core/error.hpp>

namespace superstep::test {

/// Runs a script with numpy, h5py and os imported; returns what it prints. Fails the test when it
/// fails.
inline std::string python(const std::string& script) {
  static int count = 0;
  const std::string name =
      "script" + std::to_string(getpid()) + "_" + std::to_string(count++) + ".py";
  std::ofstream(name) << "import os\nimport h5py\nimport numpy as np\n" << script;
  std::string output;
  std::FILE* pipe = popen(("/usr/bin/python3 " + name + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    output.append(buffer, n);
  }
  const int status = pclose(pipe);
  std::remove(name.c_str());
  EXPECT_EQ(status, 0) << script << output;
  return output;
}

inline std::vector<char> bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// What numpy wrote with tofile().
template <class T>
std::vector<T> array_of(const std::string& path) {
  const std::vector<char> bytes = bytes_of(path);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

/// The message and the exit code of the Error that `f` throws; {"", done} when it throws none.
template <class F>
std::pair<std::string, ExitCode> error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return {e.what(), e.exit_code()};
  }
  return {"", ExitCode::done};
}

/// Expects an Error with this exit code whose one-line message has all of `parts` in it.
template <class F>
void expect_error(F&& f, ExitCode code, const std::vector<std::string>& parts) {
  const auto [message, found] = error_of(std::forward<F>(f));
  EXPECT_EQ(static_cast<int>(found), static_cast<int>(code)) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
  }
}

}  // namespace superstep::test
