// SPDX-License-Identifier: BSD-3-Clause
// Bodies of links.hpp as templates on the pack. A panel of rows is taken as one flat run of items
// (row by row, in each row model by model), so that packs are full whatever the number of models.
// Eight rows of m models are 8 m items, and item t of such a group adds to accumulator t: these are
// the eight lanes.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <math/aligned_buffer.hpp>
#include <math/functions_kernels.hpp>
#include <math/products_kernels.hpp>
#include <math/twin_pack.hpp>
#include <superstep/math/links.hpp>

namespace superstep::math {

inline constexpr Index lane_rows = simd::sum_lanes;

/// Rows of a panel: whole groups of eight, about a thousand values.
inline Index link_panel_rows(Index values_per_row) {
  return std::max<Index>(1, 1024 / (lane_rows * std::max<Index>(1, values_per_row))) * lane_rows;
}

/// Targets and weights of each item of a panel. Packs may read a little past the end.
template <class P>
class Items {
 public:
  Items(const double* y, const RowWeights& rows, Index models)
      : y_(y), rows_(rows), models_(models) {
    const Index room = link_panel_rows(models) * models + 2 * w;
    thread_local AlignedBuffer target_buffer, weight_buffer;
    thread_local std::vector<Run> run_buffer;
    target_ = target_buffer.reserve(room);
    weight_ = weight_buffer.reserve(room);
    run_buffer.clear();
    for (Index j = 0; j < models; ++j) {
      const Index column = rows.column == nullptr ? 0 : rows.column[j];
      if (j == 0 || column != run_buffer.back().column) run_buffer.push_back({j, j, column});
      run_buffer.back().end = j + 1;
    }
    runs_ = run_buffer;
  }

  void expand(Index first_row, Index n_rows) {
    if (models_ == 1) {
      std::copy_n(y_ + first_row, n_rows, target_);
      for (Index i = 0; i < n_rows; ++i) weight_[i] = weight_of(first_row + i, runs_.front());
    } else {
      for (Index i = 0; i < n_rows; ++i) expand_row(first_row + i, i * models_);
    }
    const Index items = n_rows * models_;
    for (double* values : {target_, weight_}) std::fill_n(values + items, w, 0.0);
  }

  const double* target() const { return target_; }
  const double* weight() const { return weight_; }

 private:
  static constexpr int w = P::width;
  /// Models with the same column of weights.
  struct Run {
    Index begin, end, column;
  };

  double weight_of(Index row, const Run& run) const {
    return rows_.weights == nullptr ? 1.0 : rows_.weights[row * rows_.columns + run.column];
  }

  /// A run's items in whole packs: what reaches beyond them is overwritten by the next run or row.
  void expand_row(Index row, Index item) const {
    const P target = P::broadcast(y_[row]);
    for (const Run& run : runs_) {
      const P weight = P::broadcast(weight_of(row, run));
      for (Index j = run.begin; j < run.end; j += w) {
        target.store(target_ + item + j);
        weight.store(weight_ + item + j);
      }
    }
  }

  const double* y_;
  const RowWeights& rows_;
  Index models_;
  std::span<const Run> runs_;
  double* target_ = nullptr;
  double* weight_ = nullptr;
};

/// weight * value, and exactly zero where the weight is zero, even if the value has overflowed.
template <bool is_bounded, class P>
SUPERSTEP_INLINE P weighted(P weight, P value) {
  if constexpr (is_bounded) return weight * value;
  const P zero = P::broadcast(0);
  return select(equal(weight, zero), zero, weight * value);
}

/// The eight lanes of each model's loss sums.
template <class P>
class LossLanes {
 public:
  LossLanes(double* loss, Index models) : loss_(loss), models_(models) {
    if (loss == nullptr) return;
    thread_local AlignedBuffer buffer;
    const Index room = lane_rows * models + P::width;
    lanes_ = buffer.reserve(room);
    std::fill_n(lanes_, room, 0.0);
  }
  bool wanted() const { return lanes_ != nullptr; }
  /// Adds the losses of `item`, ..., to accumulators `t`, ...
  template <bool is_bounded, class Q>
  SUPERSTEP_INLINE void add(Q loss, Q weight, Index t) const {
    (Q::load(lanes_ + t) + weighted<is_bounded>(weight, loss)).store(lanes_ + t);
  }
  void finish() const {
    if (lanes_ == nullptr) return;
    for (Index j = 0; j < models_; ++j) {
      double lanes[lane_rows];
      for (Index l = 0; l < lane_rows; ++l) lanes[l] = lanes_[l * models_ + j];
      loss_[j] += simd::lane_sum(lanes);
    }
  }

 private:
  double* loss_;
  Index models_;
  double* lanes_ = nullptr;
};

/// The panel's values one behind the other: in place where they are, else copied.
inline const double* flat(ConstPanel z, AlignedBuffer& buffer) {
  if (z.stride == z.columns) return z.data;
  double* copy = buffer.reserve(z.rows * z.columns);
  for (Index i = 0; i < z.rows; ++i) std::copy_n(z.row(i), z.columns, copy + i * z.columns);
  return copy;
}
inline double* flat_output(Panel r, AlignedBuffer& buffer) {
  return r.stride == r.columns ? r.data : buffer.reserve(r.rows * r.columns);
}
inline void unflatten(const double* values, Panel r) {
  if (values == r.data) return;
  for (Index i = 0; i < r.rows; ++i) std::copy_n(values + i * r.columns, r.columns, r.row(i));
}

/// What the items of accumulators t, ... have as a family: all the same, unless it tells.
template <class P, class Family>
SUPERSTEP_INLINE decltype(auto) family_at(const Family& family, Index t) {
  if constexpr (requires { family.template at<P>(t); }) {
    return family.template at<P>(t);
  } else {
    return (family);
  }
}

/// One margin a model: Family gives the derivative of the loss and, if wanted, the loss of a pack
/// of items. One whose models differ is asked for what the items of accumulators t, ... have: those
/// of one model are always the same.
template <class P, class Family>
void link_with(ConstPanel z, const double* y, const RowWeights& rows, Panel residual, double* loss,
               Family family) {
  using Twin = simd::TwinPack<P>;
  constexpr Index w = P::width;
  const Index models = z.columns;
  thread_local AlignedBuffer z_buffer, r_buffer;
  Items<P> items(y, rows, models);
  const LossLanes<P> lanes(loss, models);
  const Index group = lane_rows * models;
  const Index panel_rows = link_panel_rows(models);
  for (Index row = 0; row < z.rows; row += panel_rows) {
    const Index n_rows = std::min(panel_rows, z.rows - row);
    items.expand(row, n_rows);
    const double* margins = flat(z.middle_rows(row, n_rows), z_buffer);
    const bool wants_residual = residual.data != nullptr;
    const Panel out = wants_residual ? residual.middle_rows(row, n_rows) : Panel();
    double* residuals = wants_residual ? flat_output(out, r_buffer) : nullptr;
    // What item, ... have as weighted derivatives; their losses go to accumulators t, ...
    const auto derivatives = [&](auto margin, Index item, Index t) {
      using Pack = decltype(margin);
      const Pack target = Pack::load(items.target() + item);
      const Pack weight = Pack::load(items.weight() + item);
      const auto& own = family_at<Pack>(family, t);
      if (!lanes.wanted()) {
        return weighted<Family::is_bounded>(weight, own.derivative(margin, target));
      }
      Pack value;
      const Pack derivative = own.derivative_and_loss(margin, target, value);
      lanes.template add<Family::is_bounded>(value, weight, t);
      return weighted<Family::is_bounded>(weight, derivative);
    };
    const Index count = n_rows * models;
    for (Index begin = 0; begin < count; begin += group) {
      const Index end = std::min(group, count - begin);
      Index t = 0;
      for (; t + Twin::width <= end; t += Twin::width) {
        const Twin r = derivatives(Twin::load(margins + begin + t), begin + t, t);
        if (wants_residual) r.store(residuals + begin + t);
      }
      for (; t < end; t += w) {
        const int valid = static_cast<int>(std::min<Index>(w, end - t));
        const P r = derivatives(P::load_partial(margins + begin + t, valid), begin + t, t);
        if (wants_residual) r.store_partial(residuals + begin + t, valid);
      }
    }
    if (wants_residual) unflatten(residuals, out);
  }
  lanes.finish();
}

/// 1 / (1 + exp(-z)) from e = exp(-|z|), which never overflows.
template <class P>
SUPERSTEP_INLINE P sigmoid_of(P z, P e) {
  const P upper = P::broadcast(1) / (P::broadcast(1) + e);
  return select(less(z, P::broadcast(0)), e * upper, upper);
}
template <class P>
SUPERSTEP_INLINE P exp_of_minus_abs(P z) {
  return exp_of(P::broadcast(0) - abs(z));
}

/// loss = ln(1 + e) + max(z, 0) - y z and derivative 1 / (1 + exp(-z)) - y with e = exp(-|z|).
struct LogisticFamily {
  static constexpr bool is_bounded = true;
  template <class P>
  SUPERSTEP_INLINE P derivative(P z, P y) const {
    return of(z, y).derivative;
  }
  template <class P>
  SUPERSTEP_INLINE P derivative_and_loss(P z, P y, P& loss) const {
    const Parts<P> parts = of(z, y);
    loss = log1p_from_ratio(parts.ratio) + fnma(y, z, max(z, P::broadcast(0)));
    return parts.derivative;
  }

 private:
  template <class P>
  struct Parts {
    P derivative;
    P ratio;  // e / (2 + e)
  };
  /// One division serves 1 / (1 + e) and e / (2 + e): divisions are what this function waits for.
  template <class P>
  SUPERSTEP_INLINE static Parts<P> of(P z, P y) {
    const P e = exp_of_minus_abs(z);
    const P one = P::broadcast(1) + e;
    const P two = P::broadcast(2) + e;
    const P inverse = P::broadcast(1) / (one * two);
    const P upper = two * inverse;
    return {select(less(z, P::broadcast(0)), e * upper, upper) - y, e * (one * inverse)};
  }
};

struct PoissonFamily {
  static constexpr bool is_bounded = false;
  template <class P>
  SUPERSTEP_INLINE P derivative(P z, P y) const {
    return exp_of(z) - y;
  }
  template <class P>
  SUPERSTEP_INLINE P derivative_and_loss(P z, P y, P& loss) const {
    const P mean = exp_of(z);
    loss = fnma(y, z, mean);
    return mean - y;
  }
};

/// Power 2: loss = z + y / mu.
struct GammaFamily {
  static constexpr bool is_bounded = false;
  template <class P>
  SUPERSTEP_INLINE P derivative(P z, P y) const {
    return fnma(y, exp_of(P::broadcast(0) - z), P::broadcast(1));
  }
  template <class P>
  SUPERSTEP_INLINE P derivative_and_loss(P z, P y, P& loss) const {
    const P inverse = exp_of(P::broadcast(0) - z);
    loss = fma(y, inverse, z);
    return fnma(y, inverse, P::broadcast(1));
  }
};

/// Each model with a power of its own.
class TweedieFamily {
 public:
  static constexpr bool is_bounded = false;

  /// Packs of that width may read so far past the end.
  TweedieFamily(const TweedieLoss* losses, Index models, Index width)
      : room_(lane_rows * models + 2 * width) {
    thread_local AlignedBuffer buffer;
    values_ = buffer.reserve(4 * room_);
    for (Index t = 0; t < room_; ++t) {
      const TweedieLoss loss = losses[t % models];
      const double both[] = {loss.a(), loss.b()};
      for (Index i = 0; i < 2; ++i) {
        values_[i * room_ + t] = both[i];
        values_[(2 + i) * room_ + t] = both[i] == 0.0 ? 0.0 : 1.0 / both[i];
      }
    }
  }

  template <class P>
  struct Items {
    P a, b, inverse_a, inverse_b;

    SUPERSTEP_INLINE P derivative(P z, P y) const { return fnma(y, exp_of(b * z), exp_of(a * z)); }
    SUPERSTEP_INLINE P derivative_and_loss(P z, P y, P& loss) const {
      const P zero = P::broadcast(0);
      const P power_a = exp_of(a * z), power_b = exp_of(b * z);
      const P integral_a = select(equal(a, zero), z, power_a * inverse_a);
      const P integral_b = select(equal(b, zero), z, power_b * inverse_b);
      loss = fnma(y, integral_b, integral_a);
      return fnma(y, power_b, power_a);
    }
  };
  template <class P>
  SUPERSTEP_INLINE Items<P> at(Index t) const {
    const auto load = [&](Index i) { return P::load(values_ + i * room_ + t); };
    return {load(0), load(1), load(2), load(3)};
  }

 private:
  Index room_;
  double* values_;
};

template <class P>
void tweedie_curvature_with(TweedieLoss loss, bool bounded, const double* z, const double* y,
                            Index n, double* h) {
  const double a = loss.a(), b = loss.b();
  const double steepest = std::max({1.0, std::fabs(a), std::fabs(b)});
  const auto power_of_mean = [](P margin, double e) {
    return e == 0.0 ? P::broadcast(1) : exp_of(P::broadcast(e) * margin);
  };
  const auto at = [&](P margin, P target) {
    const P power_a = power_of_mean(margin, a);
    if (!bounded && b == 0.0) return P::broadcast(a) * power_a;
    const P of_target = target * power_of_mean(margin, b);
    if (bounded) return P::broadcast(steepest) * max(power_a, of_target);
    return fnma(P::broadcast(b), of_target, P::broadcast(a) * power_a);
  };
  for (Index i = 0; i < n; i += P::width) {
    const int count = static_cast<int>(std::min<Index>(P::width, n - i));
    at(P::load_partial(z + i, count), P::load_partial(y + i, count)).store_partial(h + i, count);
  }
}

/// How far a row lies on the wrong side, and the direction of z in which it lies further.
template <class P>
struct Excess {
  P amount, sign;
};
struct Sides {
  template <class P>
  SUPERSTEP_INLINE static Excess<P> of(P z, P y, P place) {
    const P one = P::broadcast(1);
    const P sign = select(equal(y, place), P::broadcast(-1), one);
    return {fma(sign, z, one), sign};
  }
};
struct Tube {
  template <class P>
  SUPERSTEP_INLINE static Excess<P> of(P z, P y, P place) {
    const P apart = z - y;
    return {abs(apart) - place,
            select(less(apart, P::broadcast(0)), P::broadcast(-1), P::broadcast(1))};
  }
};

/// The square of what is positive of it; each model with a place of its own.
template <class Side>
class SquaredExcess {
 public:
  static constexpr bool is_bounded = false;

  /// Packs of that width may read so far past the end.
  SquaredExcess(const double* places, Index models, Index width) {
    thread_local AlignedBuffer buffer;
    const Index room = lane_rows * models + 2 * width;
    places_ = buffer.reserve(room);
    for (Index t = 0; t < room; ++t) places_[t] = places[t % models];
  }

  template <class P>
  struct Items {
    P place;

    SUPERSTEP_INLINE P derivative(P z, P y) const {
      P loss;
      return derivative_and_loss(z, y, loss);
    }
    SUPERSTEP_INLINE P derivative_and_loss(P z, P y, P& loss) const {
      const Excess<P> excess = Side::of(z, y, place);
      const P inside = max(excess.amount, P::broadcast(0));
      loss = inside * inside;
      return excess.sign * (inside + inside);
    }
  };
  template <class P>
  SUPERSTEP_INLINE Items<P> at(Index t) const {
    return {P::load(places_ + t)};
  }

 private:
  double* places_;
};

template <class P, class Side>
void squared_excess_curvature(double place, const double* z, const double* y, Index n, double* h) {
  const P zero = P::broadcast(0);
  for (Index i = 0; i < n; i += P::width) {
    const int count = static_cast<int>(std::min<Index>(P::width, n - i));
    const P u =
        Side::of(P::load_partial(z + i, count), P::load_partial(y + i, count), P::broadcast(place))
            .amount;
    select(less(zero, u), P::broadcast(2), zero).store_partial(h + i, count);
  }
}

/// z[c][t] = exp(z[c][t] - max), one pack of items at t; returns the sum over c and the greatest
/// margin.
template <class P>
SUPERSTEP_INLINE P exponentials(double* z, Index lanes, Index classes, P& greatest) {
  greatest = P::load(z);
  for (Index c = 1; c < classes; ++c) greatest = max(P::load(z + c * lanes), greatest);
  P sum = P::broadcast(0);
  for (Index c = 0; c < classes; ++c) {
    const P e = exp_of(P::load(z + c * lanes) - greatest);
    e.store(z + c * lanes);
    sum = sum + e;
  }
  return sum;
}

/// Items x classes to [class][item] and back.
template <class P>
double* classes_apart(const double* flat_z, Index items, Index classes, Index lanes) {
  thread_local AlignedBuffer buffer;
  double* z = buffer.reserve(classes * lanes);
  pack_rows_as_lanes<P>(flat_z, classes, items, classes, lanes, z);
  return z;
}
template <class P>
void classes_together(const double* z, Index items, Index classes, Index lanes, double* flat_z) {
  for (Index c = 0; c < classes; c += P::width) {
    const int count = static_cast<int>(std::min<Index>(P::width, classes - c));
    store_lanes_as_rows<P>(z + c * lanes, lanes, count, items, flat_z + c, classes);
  }
}

template <class P>
void multinomial_with(ConstPanel z, Index classes, const double* y, const RowWeights& rows,
                      Panel residual, double* loss) {
  constexpr Index w = P::width;
  const Index models = z.columns / classes;
  thread_local AlignedBuffer z_buffer, r_buffer;
  Items<P> items(y, rows, models);
  const LossLanes<P> loss_lanes(loss, models);
  const Index group = lane_rows * models;
  const Index panel_rows = link_panel_rows(z.columns);
  for (Index row = 0; row < z.rows; row += panel_rows) {
    const Index n_rows = std::min(panel_rows, z.rows - row);
    items.expand(row, n_rows);
    const Index count = n_rows * models;
    const Index lanes = ceil_div(count, w) * w;
    double* apart =
        classes_apart<P>(flat(z.middle_rows(row, n_rows), z_buffer), count, classes, lanes);
    // A group of eight rows holds whole packs, so a pack never reaches into the next one.
    for (Index item = 0; item < count; item += w) {
      double* margins = apart + item;
      const P target = P::load(items.target() + item);
      P chosen = P::broadcast(0);
      for (Index c = 0; c < classes; ++c) {
        chosen = select(equal(target, P::broadcast(static_cast<double>(c))),
                        P::load(margins + c * lanes), chosen);
      }
      P greatest;
      const P sum = exponentials(margins, lanes, classes, greatest);
      if (loss_lanes.wanted()) {
        loss_lanes.template add<true>(log_of(sum) + (greatest - chosen),
                                      P::load(items.weight() + item), item % group);
      }
      const P weight = P::load(items.weight() + item);
      const P inverse = P::broadcast(1) / sum;
      for (Index c = 0; c < classes; ++c) {
        const P is_target = select(equal(target, P::broadcast(static_cast<double>(c))),
                                   P::broadcast(1), P::broadcast(0));
        const P p = P::load(margins + c * lanes) * inverse;
        (weight * (p - is_target)).store(margins + c * lanes);
      }
    }
    if (residual.data == nullptr) continue;
    const Panel out = residual.middle_rows(row, n_rows);
    double* residuals = flat_output(out, r_buffer);
    classes_together<P>(apart, count, classes, lanes, residuals);
    unflatten(residuals, out);
  }
  loss_lanes.finish();
}

template <class P>
void softmax_with(Panel z, Index classes) {
  constexpr Index w = P::width;
  const Index models = z.columns / classes;
  thread_local AlignedBuffer z_buffer;
  const Index panel_rows = link_panel_rows(z.columns);
  for (Index row = 0; row < z.rows; row += panel_rows) {
    const Panel panel = z.middle_rows(row, std::min(panel_rows, z.rows - row));
    const Index count = panel.rows * models;
    const Index lanes = ceil_div(count, w) * w;
    double* apart = classes_apart<P>(flat(panel, z_buffer), count, classes, lanes);
    for (Index item = 0; item < count; item += w) {
      P greatest;
      const P inverse = P::broadcast(1) / exponentials(apart + item, lanes, classes, greatest);
      for (Index c = 0; c < classes; ++c) {
        double* p = apart + item + c * lanes;
        (P::load(p) * inverse).store(p);
      }
    }
    double* out = flat_output(panel, z_buffer);
    classes_together<P>(apart, count, classes, lanes, out);
    unflatten(out, panel);
  }
}

/// z = f(z) in place.
template <class P, class F>
void map_panel(Panel z, F f) {
  if (z.stride == z.columns) {
    map_elements<P>(z.data, z.rows * z.columns, z.data, f);
    return;
  }
  for (Index i = 0; i < z.rows; ++i) map_elements<P>(z.row(i), z.columns, z.row(i), f);
}

}  // namespace superstep::math
