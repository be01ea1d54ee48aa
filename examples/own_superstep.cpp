// SPDX-License-Identifier: BSD-3-Clause
// The engine below the estimators: one superstep of one's own. It sums the squared length of every
// row: each rank maps its blocks, the sums are exact, and every rank gets the same bits however
// many ranks there are. usage: mpirun -n 4 own_superstep data.h5
#include <superstep/superstep.hpp>

int main(int argc, char** argv) {
  superstep::Session session(argc, argv);
  superstep::Table table;
  table.data = session.open(argv[1]).dataset();

  superstep::SumShape shape;
  const auto squares =
      shape.add(1, 40);  // one entry, below 2^40 in any block; a guess that may be wrong
  const auto totals = session.engine().superstep(
      table, shape,
      [&](const superstep::Block& block, superstep::Partial& sum, superstep::Workspace&) {
        const double* x = block.x.doubles();
        for (superstep::Index i = 0; i < block.rows * block.columns; ++i) {
          sum[squares][0] += x[i] * x[i];
        }
      });
  session.print("sum of squares {:a}\n", totals.value(squares));
}
