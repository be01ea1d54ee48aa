// SPDX-License-Identifier: BSD-3-Clause
// A pipeline, one of its parameters changed by name, and a look at what was fitted.
// usage: mpirun -n 4 pipeline train.h5 model.h5
#include <superstep/superstep.hpp>

int main(int argc, char** argv) {
  superstep::Session session(argc, argv);
  auto pipeline = superstep::make_pipeline(superstep::StandardScaler(),
                                           superstep::LogisticRegression({.max_iter = 200}));
  pipeline.set("logisticregression__C", 0.5);

  const auto model = pipeline.fit(session.open(argv[1]));
  for (const auto& warning : model.report().warnings) session.print("warning: {}\n", warning);
  const auto coef = model.attribute("steps/logisticregression/coef_");
  session.print("{} iterations, {} x {} coefficients, the first {:.6f}\n", model.report().n_iter,
                coef.rows(), coef.cols(), coef(0, 0));
  model.save(argv[2]);
}
