// SPDX-License-Identifier: BSD-3-Clause
// Superstep from a program of one's own: a session, its data, and models that can be asked.
//
//   int main(int argc, char** argv) {
//     superstep::Session session(argc, argv);
//     const auto train = session.open("train.h5");
//     const auto model = superstep::LogisticRegression({.C = 0.1}).fit(train);
//     session.print("accuracy {}\n", model.score(session.open("test.h5")));
//   }
#pragma once

#include <fmt/core.h>

#include <memory>
#include <string>
#include <utility>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/model.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

class Session;

/// A dataset opened in a session.
class Data {
 public:
  Data(Session& session, std::shared_ptr<Dataset> dataset)
      : session_(&session), dataset_(std::move(dataset)) {}
  Session& session() const { return *session_; }
  const std::shared_ptr<Dataset>& dataset() const { return dataset_; }
  Index rows() const { return dataset_->rows(); }
  Index columns() const { return dataset_->columns(); }

 private:
  Session* session_;
  std::shared_ptr<Dataset> dataset_;
};

/// A model trained or loaded in a session.
class Fitted {
 public:
  Fitted(Session& session, std::shared_ptr<const Model> model)
      : session_(&session), model_(std::move(model)) {}
  const Model& model() const { return *model_; }
  const std::shared_ptr<const Model>& shared_model() const { return model_; }
  const FitReport& report() const { return model_->report(); }
  /// A fitted attribute by its scikit-learn name ("coef_"); one row for vectors, 1 x 1 for numbers.
  Matrix attribute(const std::string& name) const;
  /// Accuracy of a classifier, R^2 of a regressor. **Collective.**
  double score(const Data& data) const;
  /// Any metric by its scikit-learn name: "roc_auc", "neg_mean_squared_error", ... **Collective.**
  double score(const Data& data, const std::string& metric) const;
  /// Writes what `method` gives for every row into an HDF5 file. **Collective.**
  void write(Method method, const Data& data, const std::string& path) const;
  /// Writes the model file. **Collective.**
  void save(const std::string& path) const;

 private:
  /// DataError where the names of the columns are not those the model was trained on.
  std::shared_ptr<const Model> model_for(const Data& data) const;

  Session* session_;
  std::shared_ptr<const Model> model_;
};

/// MPI, the ranks and the engine. One per program; made first, so that it is destroyed last.
/// A program that nobody launched with ranks has one, and MPI is not started for it.
///
/// An exception that nobody catches ends the program as it ends the command line: one message, the
/// exit code of the error, and no rank left waiting.
class Session {
 public:
  /// Starts MPI where there may be other ranks (Environment). **Collective.**
  Session(int& argc, char**& argv, const EngineOptions& options = {});
  /// Uses ranks that exist already. **Collective.**
  Session(const Communicator& comm, const EngineOptions& options);
  ~Session();

  const Communicator& comm() const { return *comm_; }
  Engine& engine() { return *engine_; }
  /// **Collective.**
  Data open(const std::string& path, const DataOptions& options = {});
  /// **Collective.**
  Fitted load(const std::string& path);
  /// Prints on the root only.
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) const {
    if (comm_->is_root()) fmt::print(format, std::forward<Args>(args)...);
  }

 private:
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<Communicator> own_comm_;
  const Communicator* comm_;
  std::unique_ptr<Engine> engine_;
};

/// Prints the exception in flight as one message and ends the program on every rank: in order when
/// all ranks know of it, by aborting the job when only this one does. Call inside a catch block.
[[noreturn]] void end_with_current_exception(const Communicator& comm);

}  // namespace superstep
