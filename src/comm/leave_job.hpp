// SPDX-License-Identifier: BSD-3-Clause
// The way out of a job that cannot go on.
#pragma once

namespace superstep {

/// Ends all ranks of this job; this one with that exit code.
[[noreturn]] void leave_job(int code);

}  // namespace superstep
