// SPDX-License-Identifier: BSD-3-Clause
// Everything a program of one's own needs: the session, the estimators, the pipeline.
#pragma once

#include <superstep/learn/cluster/kmeans.hpp>
#include <superstep/learn/decomposition/pca.hpp>
#include <superstep/learn/decomposition/truncated_svd.hpp>
#include <superstep/learn/linear_model/elastic_net.hpp>
#include <superstep/learn/linear_model/lasso.hpp>
#include <superstep/learn/linear_model/linear_regression.hpp>
#include <superstep/learn/linear_model/logistic_regression.hpp>
#include <superstep/learn/linear_model/poisson_regressor.hpp>
#include <superstep/learn/linear_model/ridge.hpp>
#include <superstep/learn/naive_bayes/bernoulli_nb.hpp>
#include <superstep/learn/naive_bayes/categorical_nb.hpp>
#include <superstep/learn/naive_bayes/complement_nb.hpp>
#include <superstep/learn/naive_bayes/gaussian_nb.hpp>
#include <superstep/learn/naive_bayes/multinomial_nb.hpp>
#include <superstep/learn/pipeline.hpp>
#include <superstep/learn/preprocessing/max_abs_scaler.hpp>
#include <superstep/learn/preprocessing/min_max_scaler.hpp>
#include <superstep/learn/preprocessing/standard_scaler.hpp>
#include <superstep/learn/registry.hpp>
#include <superstep/learn/session.hpp>
#include <superstep/select/group_splits.hpp>
#include <superstep/select/k_fold.hpp>
#include <superstep/select/leave_out.hpp>
#include <superstep/select/shuffle_split.hpp>
#include <superstep/select/splitter.hpp>
#include <superstep/select/time_series_split.hpp>
