// SPDX-License-Identifier: BSD-3-Clause
// K-means for a list of cluster numbers as one batch: seconds, and the inertia and iterations of
// each model. bench/peers/kmeans_list.py runs it in turn with scikit-learn.
// usage: mpirun -n 2 kmeans_list DATA FIRST LAST RESTARTS
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include <superstep/learn/cluster/kmeans.hpp>
#include <superstep/learn/session.hpp>

using namespace superstep;

int main(int argc, char** argv) {
  Session session(argc, argv);
  if (argc != 5) {
    session.print("usage: kmeans_list DATA FIRST LAST RESTARTS\n");
    return 2;
  }
  const Data data = session.open(argv[1]);
  std::vector<KMeans> estimators;
  for (Index k = std::atol(argv[2]); k <= std::atol(argv[3]); ++k) {
    estimators.push_back(KMeans(
        {.n_clusters = k, .n_init = static_cast<Index>(std::atol(argv[4])), .random_state = 0}));
  }
  std::vector<Candidate> batch;
  for (const KMeans& e : estimators) batch.push_back({&e});
  Table table;
  table.data = data.dataset();
  Engine& engine = session.engine();
  engine.reserve(table, estimators.front().footprint(data.columns(), 0, batch));
  engine.maximum(table, 1, [](const Block&, std::span<double>, Workspace&) {});  // reads the file
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Trained> trained = estimators.front().fit_batch(engine, table, batch);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  session.print("{{\"seconds\": {:.4f}, \"passes\": {}, \"reduce\": {:.4f}, \"models\": [",
                seconds.count(), engine.counters().passes - 1, engine.counters().seconds_reduce);
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const Fitted model(session, trained[i].model);
    session.print("{}[{}, {:.17g}, {}]", i == 0 ? "" : ", ", estimators[i].params().n_clusters,
                  model.attribute("inertia_")(0, 0), model.report().n_iter);
  }
  session.print("]}}\n");
  return 0;
}
