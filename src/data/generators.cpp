// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/generators.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

// Philox streams, one for each use.
constexpr std::uint32_t feature_purpose = 0x67656e01;
constexpr std::uint32_t target_purpose = 0x67656e02;
constexpr std::uint32_t corner_purpose = 0x67656e03;
constexpr std::uint32_t coefficient_purpose = 0x67656e04;
constexpr std::uint32_t center_purpose = 0x67656e05;

constexpr Index most_rows = Index{1} << 48;
constexpr Index most_columns = 1'000'000;
constexpr Index most_targets = 1'000;
constexpr Index most_groups = 100'000;
// Beyond it a Poisson variable is told from a normal one by nobody, and takes long to draw.
constexpr double most_log_mean = 15.0;

RowRandom random_row(std::uint64_t seed, std::uint32_t purpose, Index row) {
  return RowRandom(Philox(seed, purpose), static_cast<std::uint64_t>(row));
}

/// What a value becomes on its way into the file: targets are computed from what users will read.
double as_stored(double value, bool is_float32) {
  return is_float32 ? static_cast<double>(static_cast<float>(value)) : value;
}

TreeArray<double> row_of(std::vector<double> values) {
  const auto n = static_cast<Index>(values.size());
  return {{n}, std::move(values)};
}

using Truth = std::vector<std::pair<std::string, TreeArray<double>>>;

// Classification.

class Classification final : public Generator {
 public:
  struct Params {
    Index informative, classes, centers;
    double separation, noise;
    std::uint64_t seed;
  };
  Classification(RowFormat format, std::string expression, const Params& params)
      : Generator(std::move(format), std::move(expression)), p_(params) {
    draw_corners();
  }

  void read(Index first, Index count, const RowSpan& out) const override {
    const Index columns = format().columns;
    const auto classes = static_cast<std::uint64_t>(p_.classes);
    for (Index i = 0; i < count; ++i) {
      RowRandom labels = random_row(p_.seed, target_purpose, first + i);
      auto label = labels.below(classes);
      const auto corner = static_cast<Index>(label * static_cast<std::uint64_t>(p_.centers) +
                                             labels.below(static_cast<std::uint64_t>(p_.centers)));
      if (labels.uniform() < p_.noise) label = (label + 1 + labels.below(classes - 1)) % classes;
      RowRandom features = random_row(p_.seed, feature_purpose, first + i);
      double* x = out.x + i * columns;
      for (Index j = 0; j < columns; ++j) x[j] = features.normal();
      const double* c = corners_.data() + corner * p_.informative;
      for (Index j = 0; j < p_.informative; ++j) x[j] += c[j];
      out.y[i] = static_cast<double>(label);
    }
  }

  Truth truth() const override {
    return {{"/true_centers", {{p_.classes * p_.centers, p_.informative}, corners_}}};
  }

 private:
  /// Distinct corners, by drawing again what was drawn before.
  void draw_corners() {
    std::set<std::vector<bool>> taken;
    for (Index group = 0; group < p_.classes * p_.centers; ++group) {
      RowRandom random = random_row(p_.seed, corner_purpose, group);
      std::vector<bool> corner(static_cast<std::size_t>(p_.informative));
      do {
        for (std::size_t j = 0; j < corner.size(); ++j) corner[j] = random.below(2) == 1;
      } while (!taken.insert(corner).second);
      for (const bool up : corner) corners_.push_back(up ? p_.separation : -p_.separation);
    }
  }

  Params p_;
  std::vector<double> corners_;  // groups x informative
};

// Linear models.

struct LinearParams {
  Index informative;
  double noise;
  std::uint64_t seed;
};

/// Draws features and computes intercept + X coef + noise * normal for each target; what becomes of
/// it is the subclass's.
class LinearGenerator : public Generator {
 public:
  void read(Index first, Index count, const RowSpan& out) const final {
    const Index columns = format().columns;
    for (Index i = 0; i < count; ++i) {
      RowRandom features = random_row(params_.seed, feature_purpose, first + i);
      double* x = out.x + i * columns;
      for (Index j = 0; j < columns; ++j) {
        x[j] = as_stored(features.normal(), format().is_float32);
      }
      RowRandom random = random_row(params_.seed, target_purpose, first + i);
      for (Index t = 0; t < targets(); ++t) {
        const double* coef = coef_.data() + t * columns;
        double sum = intercepts_[static_cast<std::size_t>(t)];
        for (Index j = 0; j < params_.informative; ++j) sum += x[j] * coef[j];
        out.y[i * targets() + t] = target(sum + params_.noise * random.normal(), random);
      }
    }
  }

  Truth truth() const final {
    TreeArray<double> coef = row_of(coef_);
    if (targets() > 1) coef.shape = {targets(), format().columns};
    return {{"/true_coef", std::move(coef)}, {"/true_intercept", row_of(intercepts_)}};
  }

 protected:
  LinearGenerator(RowFormat format, std::string expression, const LinearParams& params)
      : Generator(std::move(format), std::move(expression)), params_(params) {}
  virtual double target(double linear, RowRandom& random) const = 0;
  const LinearParams& params() const { return params_; }
  Index targets() const { return format().target.columns; }
  /// Of the next target.
  void add(std::vector<double> coef, double intercept) {
    coef.resize(static_cast<std::size_t>(format().columns), 0.0);
    coef_.insert(coef_.end(), coef.begin(), coef.end());
    intercepts_.push_back(intercept);
  }

 private:
  LinearParams params_;
  std::vector<double> coef_;  // targets x columns
  std::vector<double> intercepts_;
};

class Regression final : public LinearGenerator {
 public:
  Regression(RowFormat format, std::string expression, const LinearParams& params)
      : LinearGenerator(std::move(format), std::move(expression), params) {
    for (Index t = 0; t < targets(); ++t) {
      RowRandom random = random_row(params.seed, coefficient_purpose, t);
      std::vector<double> coef;
      for (Index j = 0; j < params.informative; ++j) coef.push_back(100.0 * random.uniform());
      add(std::move(coef), 10.0 * random.normal());
    }
  }

 private:
  double target(double linear, RowRandom&) const override { return linear; }
};

class Counts final : public LinearGenerator {
 public:
  Counts(RowFormat format, std::string expression, const LinearParams& params)
      : LinearGenerator(std::move(format), std::move(expression), params) {
    // Coefficients of length 0.7 and an intercept of 1: counts of 3.5 on average, seldom above 50.
    RowRandom random = random_row(params.seed, coefficient_purpose, 0);
    std::vector<double> coef;
    double square = 0.0;
    for (Index j = 0; j < params.informative; ++j) {
      coef.push_back(random.normal());
      square += coef.back() * coef.back();
    }
    for (double& c : coef) c *= 0.7 / std::sqrt(square);
    add(std::move(coef), 1.0);
  }

 private:
  double target(double linear, RowRandom& random) const override {
    return static_cast<double>(random.poisson(std::exp(std::min(linear, most_log_mean))));
  }
};

// Blobs.

class Blobs final : public Generator {
 public:
  Blobs(RowFormat format, std::string expression, Index n_centers, double noise, std::uint64_t seed)
      : Generator(std::move(format), std::move(expression)),
        n_centers_(n_centers),
        noise_(noise),
        seed_(seed) {
    for (Index k = 0; k < n_centers; ++k) {
      RowRandom random = random_row(seed, center_purpose, k);
      for (Index j = 0; j < this->format().columns; ++j) {
        centers_.push_back(20.0 * random.uniform() - 10.0);
      }
    }
  }

  void read(Index first, Index count, const RowSpan& out) const override {
    const Index columns = format().columns;
    for (Index i = 0; i < count; ++i) {
      const auto k = static_cast<Index>(random_row(seed_, target_purpose, first + i)
                                            .below(static_cast<std::uint64_t>(n_centers_)));
      RowRandom features = random_row(seed_, feature_purpose, first + i);
      double* x = out.x + i * columns;
      const double* c = centers_.data() + k * columns;
      for (Index j = 0; j < columns; ++j) x[j] = c[j] + noise_ * features.normal();
      out.y[i] = static_cast<double>(k);
    }
  }

  Truth truth() const override {
    return {{"/true_centers", {{n_centers_, format().columns}, centers_}}};
  }

 private:
  Index n_centers_;
  double noise_;
  std::uint64_t seed_;
  std::vector<double> centers_;  // centres x columns
};

// From options to a generator.

void require_range(const char* option, Index value, Index low, Index high) {
  if (value >= low && value <= high) return;
  throw UsageError(fmt::format("--{} must be between {} and {}, got {}", option, format_count(low),
                               format_count(high), value));
}

void require_range(const char* option, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw UsageError(fmt::format("--{} must be between {} and {}, got {}", option, format_double(low),
                               format_double(high), format_double(value)));
}

/// An option that the kind does not know would be ignored: refused.
template <class T>
void refuse(const GeneratorOptions& options, const char* name, const std::optional<T>& value,
            const char* others) {
  if (!value) return;
  throw UsageError(fmt::format("make {} has no --{}, which is for {}; leave it out", options.kind,
                               name, others));
}

/// Whether `groups` differ from each other as corners of a cube.
void require_corners(Index groups, Index informative) {
  if (informative >= 40 || groups <= Index{1} << informative) return;
  throw UsageError(fmt::format(
      "--classes times --centers must be at most {} with {} informative column{}, got {}; "
      "give more with --informative",
      Index{1} << informative, informative, informative == 1 ? "" : "s", groups));
}

/// Remembers the parameters in the order of their use.
class Chosen {
 public:
  explicit Chosen(const GeneratorOptions& options)
      : text_(fmt::format("make_{}(rows={}, columns={}", options.kind, options.rows,
                          options.columns)) {}
  Index take(const char* name, const std::optional<Index>& given, Index fallback, Index low,
             Index high) {
    const Index value = given.value_or(fallback);
    require_range(name, value, low, high);
    text_ += fmt::format(", {}={}", name, value);
    return value;
  }
  double take(const char* name, const std::optional<double>& given, double fallback, double high) {
    const double value = given.value_or(fallback);
    require_range(name, value, 0.0, high);
    text_ += fmt::format(", {}={}", name, format_double(value));
    return value;
  }
  std::string end(const GeneratorOptions& options) const {
    return text_ + fmt::format(", dtype='{}', seed={})", options.dtype, options.seed);
  }

 private:
  std::string text_;
};

}  // namespace

const std::vector<std::string>& generator_kinds() {
  static const std::vector<std::string> kinds = {"classification", "regression", "blobs", "counts"};
  return kinds;
}

std::unique_ptr<Generator> make_generator(const GeneratorOptions& o) {
  if (std::ranges::find(generator_kinds(), o.kind) == generator_kinds().end()) {
    throw UsageError(
        fmt::format("make has no kind '{}'; {}", o.kind, did_you_mean(o.kind, generator_kinds())));
  }
  require_range("rows", o.rows, 1, most_rows);
  require_range("columns", o.columns, 1, most_columns);
  if (o.dtype != "float64" && o.dtype != "float32") {
    throw UsageError(fmt::format("--dtype must be float64 or float32, got '{}'", o.dtype));
  }
  RowFormat format;
  format.rows = o.rows;
  format.columns = o.columns;
  format.is_float32 = o.dtype == "float32";
  for (Index j = 0; o.has_names && j < o.columns; ++j)
    format.feature_names.push_back(fmt::format("x{}", j));
  format.target.kind =
      o.kind == "regression" ? TargetFormat::Kind::real : TargetFormat::Kind::integer;

  if (o.kind != "regression") refuse(o, "targets", o.targets, "regression");
  if (o.kind != "classification") {
    refuse(o, "classes", o.classes, "classification");
    refuse(o, "separation", o.separation, "classification");
    if (o.kind != "blobs") refuse(o, "centers", o.centers, "classification and blobs");
  }
  Chosen chosen(o);
  constexpr double far = 1e6;
  if (o.kind == "blobs") {
    refuse(o, "informative", o.informative, "the other kinds");
    const Index centers = chosen.take("centers", o.centers, 3, 1, most_groups);
    const double noise = chosen.take("noise", o.noise, 1.0, far);
    return std::make_unique<Blobs>(format, chosen.end(o), centers, noise, o.seed);
  }
  const Index informative =
      chosen.take("informative", o.informative, (o.columns + 1) / 2, 1, o.columns);
  if (o.kind == "regression") {
    const double noise = chosen.take("noise", o.noise, 1.0, far);
    if (o.targets) format.target.columns = chosen.take("targets", o.targets, 1, 1, most_targets);
    return std::make_unique<Regression>(format, chosen.end(o),
                                        LinearParams{informative, noise, o.seed});
  }
  if (o.kind == "counts") {
    const double noise = chosen.take("noise", o.noise, 0.0, 10.0);
    return std::make_unique<Counts>(format, chosen.end(o),
                                    LinearParams{informative, noise, o.seed});
  }
  const Index classes = chosen.take("classes", o.classes, 2, 2, most_groups);
  const Index centers = chosen.take("centers", o.centers, 1, 1, most_groups);
  require_corners(classes * centers, informative);
  require_range("classes times --centers", classes * centers, 2, most_groups);
  const double separation = chosen.take("separation", o.separation, 1.0, far);
  const double noise = chosen.take("noise", o.noise, 0.01, 1.0);
  return std::make_unique<Classification>(
      format, chosen.end(o),
      Classification::Params{informative, classes, centers, separation, noise, o.seed});
}

}  // namespace superstep
