// SPDX-License-Identifier: BSD-3-Clause
// The smallest program: train on one file, score on another, on any number of ranks.
// usage: mpirun -n 4 fit_and_score train.h5 test.h5
#include <superstep/superstep.hpp>

int main(int argc, char** argv) {
  superstep::Session session(argc, argv);
  const auto train = session.open(argv[1]);
  const auto model = superstep::LogisticRegression({.C = 0.1}).fit(train);
  session.print("accuracy {:.4f}\n", model.score(session.open(argv[2])));
}
