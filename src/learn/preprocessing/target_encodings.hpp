// SPDX-License-Identifier: BSD-3-Clause
// The encodings of TargetEncoder: equations 3 to 6 of Micci-Barreca, "A preprocessing scheme for
// high-cardinality categorical attributes in classification and prediction problems", SIGKDD
// Explorations 3, 2001.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/model.hpp>

#include "learn/preprocessing/target_sums.hpp"

namespace superstep {

/// Of some rows.
struct TargetEncodings {
  std::vector<double> mean{};  ///< of the targets, by output: for values without a category
  std::vector<std::vector<double>> of{};  ///< by column and output side by side, by category
};

/// Which categories the slots of the columns belong to, and which targets are outputs.
struct EncodedValues {
  static constexpr Index none = -1;  ///< the class that no row has
  std::vector<Index> category_of{};  ///< by slot
  std::vector<Index> categories{};   ///< how many each column has
  /// Of several classes those that are encoded; none: targets are numbers.
  std::vector<Index> outputs{};
};

/// `smooth`: how many rows with the mean of all each category is joined by; not given: as many as
/// the variances say.
TargetEncodings encodings_of(const TargetSums& sums, const ValueSlots& slots, Index outputs_summed,
                             const EncodedValues& values, const std::optional<double>& smooth);

/// What a TargetEncoder has learnt.
struct FittedTargetEncoder {
  std::vector<CategoriesFound> categories{};
  std::string target_type{};
  Labels classes{};  ///< none of targets that are numbers
  TargetEncodings all{};
  /// What rows see that it has learnt from: those of the inner folds in which they do not lie. Not
  /// kept in files.
  std::shared_ptr<const Partition> inner{};
  std::vector<TargetEncodings> without{};  ///< by inner fold

  Index outputs() const { return std::ssize(all.mean); }
};

std::shared_ptr<Model> target_encoder_model(FittedTargetEncoder fitted,
                                            std::vector<std::string> warnings);
/// The model that `save` wrote.
std::shared_ptr<Model> load_target_encoder(const AttributeReader& in);

}  // namespace superstep
