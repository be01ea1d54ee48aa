// SPDX-License-Identifier: BSD-3-Clause
// Work on files nobody vouches for, in a process that may die in our place.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace superstep {

/// Runs `work`, which looks into `file` with HDF5, in a short-lived child process with limits on
/// processor time and memory, and returns the bytes it returns. What `work` throws is thrown here
/// as an Error with the same exit code; when it crashes or runs for too long, a FileError says so.
/// `work` must not communicate and must not rely on threads.
std::vector<std::byte> in_guarded_child(const std::string& file,
                                        const std::function<std::vector<std::byte>()>& work);

/// To be called inside `work`: it is not hanging, there is just much to do.
void allow_more_time(double seconds);

}  // namespace superstep
