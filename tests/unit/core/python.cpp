// SPDX-License-Identifier: BSD-3-Clause
// A pipe from the oracle; the script and its input travel through files of this process.
#include "unit/core/python.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace superstep::testing {

std::vector<std::string> run_python(std::string_view script,
                                    const std::vector<std::string>& input) {
  const std::string stem = fmt::format("oracle_{}", getpid());
  std::ofstream lines(stem + ".txt", std::ios::binary);
  for (const std::string& line : input) lines << line << '\n';
  lines.close();
  std::ofstream program(stem + ".py", std::ios::binary);
  program << "import sys\n"
             "sys.stdout.reconfigure(encoding='utf-8', newline='\\n')\n"
          << "lines = open('" << stem << ".txt', encoding='utf-8', errors='surrogateescape',"
          << " newline='\\n').read().split('\\n')[:-1]\n"
          << script;
  program.close();

  const char* python = std::getenv("SUPERSTEP_PYTHON");
  const std::string command =
      fmt::format("{} -W ignore {}.py", python ? python : "/usr/bin/python3", stem);
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  if (status != 0)
    throw std::runtime_error(fmt::format("{} ended with status {}", command, status));
  std::remove((stem + ".txt").c_str());
  std::remove((stem + ".py").c_str());

  std::vector<std::string> printed;
  for (std::size_t start = 0; start < output.size();) {
    const std::size_t end = output.find('\n', start);
    printed.push_back(output.substr(start, end - start));
    start = end + 1;
  }
  return printed;
}

}  // namespace superstep::testing
