// SPDX-License-Identifier: BSD-3-Clause
// What a training holds, to and from bytes, by one description: `fields(archive)` names what is to
// be kept, a StateWriter takes it, a StateReader fills it. A reader is given a training that has
// begun as the one that was kept: lengths are those that are there already, and numbers that say
// how the training goes on have to be such as it could have. Throws std::out_of_range otherwise.
#pragma once

#include <cmath>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <superstep/core/bytes.hpp>
#include <superstep/core/types.hpp>

namespace superstep {

class StateWriter {
 public:
  static constexpr bool reads = false;
  void number(const double& value) { out_.put(value); }
  void flag(const bool& value) { out_.put(std::uint8_t{value}); }
  /// An integer or an enumerator from `least` to `most`.
  template <PlainValue T>
  void within(const T& value, std::type_identity_t<T>, std::type_identity_t<T>) {
    out_.put(value);
  }
  /// As many doubles as there are, of a vector or a matrix; none of them infinite or NaN.
  template <class Values>
  void finite(const Values& values) {
    for (Index i = 0; i < values.size(); ++i) out_.put(values.data()[i]);
  }
  /// A vector or a matrix of any size.
  template <class Values>
  void sized(const Values& values) {
    out_.put(Index{values.rows()}).put(Index{values.cols()});
    out_.append(values.data(), values.size());
  }
  std::vector<std::byte> take() { return out_.take(); }

 private:
  ByteWriter out_;
};

class StateReader {
 public:
  static constexpr bool reads = true;
  explicit StateReader(std::span<const std::byte> bytes) : in_(bytes) {}
  void number(double& value) { value = in_.get<double>(); }
  void flag(bool& value) {
    const auto read = in_.get<std::uint8_t>();
    if (read > 1) throw std::out_of_range("a state that no training has");
    value = read == 1;
  }
  template <PlainValue T>
  void within(T& value, std::type_identity_t<T> least, std::type_identity_t<T> most) {
    const T read = in_.get<T>();
    if (read < least || read > most) throw std::out_of_range("a state that no training has");
    value = read;
  }
  template <class Values>
  void finite(Values& values) {
    for (Index i = 0; i < values.size(); ++i) {
      number(values.data()[i]);
      if (!std::isfinite(values.data()[i])) throw std::out_of_range("a state that has no number");
    }
  }
  template <class Values>
  void sized(Values& values) {
    const auto rows = in_.get<Index>(), columns = in_.get<Index>();
    if (rows < 0 || columns < 0 || (columns > 0 && rows > in_.left<double>() / columns)) {
      throw std::out_of_range("a state that ends too early");
    }
    values.resize(rows, columns);
    in_.copy(values.data(), values.size());
  }
  void require_end() const {
    if (!in_.at_end()) throw std::out_of_range("a state of something else");
  }

 private:
  ByteReader in_;
};

}  // namespace superstep
