// SPDX-License-Identifier: BSD-3-Clause
// What can go wrong and the exit code it ends with. An Error is something the user can mend; a
// broken invariant is an assert or std::logic_error and ends with ExitCode::defect.
#pragma once

#include <stdexcept>
#include <string>

namespace superstep {

/// The exit codes users' scripts rely on.
enum class ExitCode : int {
  done = 0,
  failure = 1,
  usage = 2,
  bad_data = 3,
  file = 4,
  memory = 5,
  rank_lost = 6,
  defect = 70,
  checkpointed = 75,
};

/// A failure with one message for the user: what, where, why, what to try.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode exit_code() const { return code_; }

 private:
  ExitCode code_;
};

/// A wrong command line, estimator expression or parameter.
struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};

/// Data that cannot be learned from: wrong shape, NaN, one class only.
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ExitCode::bad_data, message) {}
};

/// A file that cannot be read or written.
struct FileError : Error {
  explicit FileError(const std::string& message) : Error(ExitCode::file, message) {}
};

/// A budget too small for the work, said before the work starts.
struct MemoryError : Error {
  explicit MemoryError(const std::string& message) : Error(ExitCode::memory, message) {}
};

/// An error that every rank knows of and throws at the same place, so that one message is printed
/// and the program may end in order. Thrown by comm/collectively.hpp.
struct AgreedError : Error {
  using Error::Error;
};

/// The data hold NaN, infinity or a negative weight where none may be: nobody's fault but the
/// file's, so a search does not look for a candidate to blame.
struct BadValuesError : AgreedError {
  explicit BadValuesError(const std::string& message) : AgreedError(ExitCode::bad_data, message) {}
};

}  // namespace superstep
