// SPDX-License-Identifier: BSD-3-Clause
// Synthetic datasets. Each value is a function of the seed, the global row and the parameters, so
// any rank can make any row.
//
// Features of every kind but blobs are independent and standard normal (the first `informative`
// ones matter);
//   classification  the informative columns are moved to a corner of the cube [-separation,
//   separation]^informative,
//                   another one for each class and centre; `noise` is the fraction of labels that
//                   are wrong
//   regression      y = intercept + X coef + noise * normal, with coefficients of its own for each
//                   of several targets
//   counts          y ~ Poisson(exp(intercept + X coef + noise * normal))
//   blobs           X = a centre, uniform in [-10, 10]^columns, + noise * normal; y is the centre's
//   number
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <superstep/data/row_source.hpp>
#include <superstep/io/tree_file.hpp>

namespace superstep {

/// What can be chosen. What is left out takes the default of the kind; what the kind does not know
/// is refused.
struct GeneratorOptions {
  std::string kind;
  Index rows = 10'000;
  Index columns = 20;
  std::optional<Index> informative;  ///< not blobs; default: half of the columns
  std::optional<Index> classes;      ///< classification; default 2
  std::optional<Index> targets;      ///< regression; default 1
  std::optional<Index> centers;      ///< classification: of each class, default 1; blobs: default 3
  std::optional<double> separation;  ///< classification; default 1
  std::optional<double> noise;       ///< default 0.01 for classification, 0 for counts, else 1
  std::string dtype = "float64";
  bool has_names = false;  ///< columns are called x0, x1, ...
  std::uint64_t seed = 0;
};

class Generator : public RowSource {
 public:
  const RowFormat& format() const override { return format_; }
  /// The parameters the rows were made with, as datasets: "/true_coef", "/true_intercept",
  /// "/true_centers".
  virtual std::vector<std::pair<std::string, TreeArray<double>>> truth() const = 0;
  /// All parameters in words: "make_regression(rows=100, ...)".
  const std::string& expression() const { return expression_; }

 protected:
  Generator(RowFormat format, std::string expression)
      : format_(std::move(format)), expression_(std::move(expression)) {}

 private:
  RowFormat format_;
  std::string expression_;
};

/// The kinds there are.
const std::vector<std::string>& generator_kinds();

/// UsageError names the option and its range.
std::unique_ptr<Generator> make_generator(const GeneratorOptions& options);

}  // namespace superstep
