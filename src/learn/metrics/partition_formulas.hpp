// SPDX-License-Identifier: BSD-3-Clause
// How alike two partitions of the rows are: classes and answers, or classes and clusters. As
// scikit-learn's metrics for clusterings: every row of positive weight counts as one.
#pragma once

#include <superstep/learn/metrics/statistics.hpp>

namespace superstep::formulas {

double rand_score(const MetricStatistics& s);
double adjusted_rand_score(const MetricStatistics& s);
double fowlkes_mallows_score(const MetricStatistics& s);
double mutual_info_score(const MetricStatistics& s);
double adjusted_mutual_info_score(const MetricStatistics& s);
double normalized_mutual_info_score(const MetricStatistics& s);
double homogeneity_score(const MetricStatistics& s);
double completeness_score(const MetricStatistics& s);
double v_measure_score(const MetricStatistics& s);

}  // namespace superstep::formulas
