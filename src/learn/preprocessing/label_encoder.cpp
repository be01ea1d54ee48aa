// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/preprocessing/label_encoder.hpp>

#include <stdexcept>

namespace superstep {

namespace {

class LabelEncoderModel final : public Model {
 public:
  LabelEncoderModel(Index columns, Labels classes)
      : columns_(columns), classes_(std::move(classes)) {
    report_.warnings.emplace_back(
        "LabelEncoder: no classifier needs it; all take targets that are text, and predict them");
  }
  Index features() const override { return columns_; }
  bool can(Method method) const override { return method == Method::transform; }
  bool transforms_targets() const override { return true; }
  Index width(Method) const override { return 1; }
  const Labels* classes() const override { return &classes_; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss&) const override { return MayMiss::everywhere(); }
  Schema columns_behind(const Schema&) const override { return Schema::of_numbers(1, {"y"}); }
  void apply(Method, math::ConstPanel, math::Panel) const override {
    throw std::logic_error("LabelEncoder makes nothing of a row");
  }
  void save(const AttributeWriter& out) const override {
    Length columns, classes;
    out.size("n_features_in_", columns, columns_);
    out("classes_", classes_, classes);
  }

 private:
  Index columns_;
  Labels classes_;
};

}  // namespace

const ParamTable<LabelEncoderParams>& LabelEncoder::param_table() {
  static const auto table = ParamTable<LabelEncoderParams>(
      "LabelEncoder", "The targets as numbers of their classes: transform writes those of /y.");
  return table;
}

std::vector<Trained> LabelEncoder::train(Engine& engine, const Table& table, Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  return std::vector<Trained>(
      batch.size(), Trained(std::make_shared<LabelEncoderModel>(table.columns(), classes)));
}

std::shared_ptr<Model> LabelEncoder::load_fitted(const AttributeReader& in) const {
  Length columns, count;
  in.size("n_features_in_", columns);
  Labels classes;
  in("classes_", classes, count);
  return std::make_shared<LabelEncoderModel>(columns.value, std::move(classes));
}

}  // namespace superstep
