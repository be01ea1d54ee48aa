// SPDX-License-Identifier: BSD-3-Clause
// Everything a program of one's own needs: the session, the estimators, the pipeline.
#pragma once

#include <superstep/learn/estimators.hpp>
#include <superstep/learn/pipeline.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/learn/session.hpp>
#include <superstep/select/group_splits.hpp>
#include <superstep/select/k_fold.hpp>
#include <superstep/select/leave_out.hpp>
#include <superstep/select/shuffle_split.hpp>
#include <superstep/select/splitter.hpp>
#include <superstep/select/time_series_split.hpp>
