// SPDX-License-Identifier: BSD-3-Clause
// Every kernel on one block, one of them on three: instructions.py counts what the two more cost.
//   kernel_rows KERNEL     none: each once
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <superstep/engine/exact_sum.hpp>
#include <superstep/math/assignment.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/distances.hpp>
#include <superstep/math/links.hpp>
#include <superstep/math/products.hpp>

namespace {

using superstep::Index;
using superstep::math::ConstPanel;
using superstep::math::Panel;
namespace math = superstep::math;

constexpr Index rows = 1152;
constexpr Index columns = 50;
constexpr Index panel = 192;  // rows that stay near the core, as in the estimators

/// Numbers between -1 and 1 that nobody needs to like.
std::vector<double> values(Index count) {
  std::vector<double> all(static_cast<std::size_t>(count));
  std::uint64_t state = 1;
  for (double& v : all) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    v = static_cast<double>(static_cast<std::int64_t>(state) >> 11) * 0x1p-52;
  }
  return all;
}

/// Column 0 .. k-1 of each row.
std::vector<std::int32_t> numbers(Index k) {
  std::vector<std::int32_t> all;
  for (Index i = 0; i < rows; ++i) all.push_back(static_cast<std::int32_t>(i * 7919 % k));
  return all;
}

const std::vector<double> x_values = values(rows * columns);
const ConstPanel x(x_values.data(), rows, columns);

void gram(Index blocks) {
  const std::vector<double> y = values(rows), shift = values(columns);
  const math::ExtraColumn extra[] = {{y.data(), 1, 0.5}, {}};
  math::GramInput input{.x = x, .shift = shift.data(), .extra = extra};
  std::vector<double> sum(static_cast<std::size_t>(input.width() * input.width()));
  for (Index b = 0; b < blocks; ++b) math::gram_add(input, sum.data());
}

/// Forward product, residuals, backward product.
void logistic(Index blocks, Index models) {
  const std::vector<double> w = values(columns * models), start = values(models);
  std::vector<double> z(static_cast<std::size_t>(panel * models));
  std::vector<double> gradient(static_cast<std::size_t>(columns * models));
  std::vector<double> loss(static_cast<std::size_t>(models)), y(rows);
  for (Index i = 0; i < rows; ++i) y[static_cast<std::size_t>(i)] = static_cast<double>(i % 2);
  for (Index b = 0; b < blocks; ++b) {
    for (Index row = 0; row < rows; row += panel) {
      const ConstPanel part = x.middle_rows(row, std::min(panel, rows - row));
      const Panel margins(z.data(), part.rows, models);
      math::multiply(part, ConstPanel(w.data(), columns, models), start.data(), margins);
      math::logistic(margins, y.data() + row, {}, margins, loss.data());
      math::multiply_transposed_add(part, margins, Panel(gradient.data(), columns, models));
    }
  }
}

void kmeans(Index blocks) {
  constexpr Index k = 50, wide = math::padded(columns);
  const std::vector<double> centres = values(k * columns), origin(columns);
  const math::PackedCenters packed(ConstPanel(centres.data(), k, columns));
  const std::vector<double> wide_centres = values(k * wide);
  std::vector<double> lanes(static_cast<std::size_t>(math::packed_rows_size(panel, columns)));
  std::vector<double> centred(static_cast<std::size_t>(panel * wide)), weights(k);
  std::vector<double> sums(static_cast<std::size_t>(k * wide));
  std::vector<std::int32_t> index(panel);
  for (Index b = 0; b < blocks; ++b) {
    for (Index row = 0; row < rows; row += panel) {
      const ConstPanel part = x.middle_rows(row, std::min(panel, rows - row));
      const Panel to(centred.data(), part.rows, wide);
      math::centre_rows(part, nullptr, origin.data(), to);
      math::nearest(math::pack_rows(part, lanes.data()), packed, index.data(), nullptr);
      math::add_assigned(to, index.data(), nullptr, ConstPanel(wide_centres.data(), k, wide),
                         {Panel(sums.data(), k, wide), weights.data()});
    }
  }
}

void naive_bayes(Index blocks) {
  constexpr Index classes = 5;
  std::vector<double> sums(classes * columns), squares = sums, total(classes), codes;
  const std::vector<double> shift = values(columns);
  for (const std::int32_t code : numbers(classes)) codes.push_back(code);
  for (Index b = 0; b < blocks; ++b) {
    math::class_moments_add(x, codes.data(), nullptr, shift.data(),
                            {Panel(sums.data(), classes, columns),
                             Panel(squares.data(), classes, columns), total.data()});
  }
}

void finite(Index blocks) {
  for (Index b = 0; b < blocks; ++b) {
    if (!math::all_finite(x.data, x_values.size())) std::abort();
  }
}

/// A "row" is an entry here.
void deposit(Index blocks) {
  superstep::SumShape shape;
  shape.add(rows, 1);
  const int window = superstep::ExactSum::window(1000);
  superstep::ExactSum sum(shape, window, 0);
  const std::vector<double> scales = superstep::ExactSum::scales(shape, window);
  for (Index b = 0; b < blocks; ++b) sum.deposit(shape, x.data, scales.data());
  if (sum.violations(0) != 0) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void(Index)>> kernels = {
      {"gram", gram},
      {"logistic_1", [](Index blocks) { logistic(blocks, 1); }},
      {"logistic_50", [](Index blocks) { logistic(blocks, 50); }},
      {"kmeans_50", kmeans},
      {"naive_bayes", naive_bayes},
      {"all_finite", finite},
      {"deposit", deposit}};
  const std::string chosen = argc == 2 ? argv[1] : "";
  for (const auto& [name, kernel] : kernels) kernel(name == chosen ? 3 : 1);
  return chosen == "none" || kernels.contains(chosen) ? 0 : 2;
}
