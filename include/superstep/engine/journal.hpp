// SPDX-License-Identifier: BSD-3-Clause
// What trainings have been told of the data, in order. Every answer is the same on every rank, and
// nothing else reaches a training, so the answers are its state: a new training that is given them
// comes to the same place without looking at a row, on any number of ranks. A training needs no
// code for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class Journal {
 public:
  enum class Kind : std::uint8_t { sum, maximum, sketch, look, failure, works };

  Journal() = default;
  /// What bytes() gave. DataError where they are something else.
  explicit Journal(std::span<const std::byte> bytes);
  Journal(Journal&&) noexcept = default;
  Journal& operator=(Journal&&) noexcept = default;

  /// Gives the next answer again; while there is none, asks for one by `ask` and notes it. An
  /// AgreedError that `ask` throws is an answer, too. DataError where the next answer is to another
  /// question: the journal belongs to another training.
  std::vector<std::byte> answer(Kind kind, const std::function<std::vector<std::byte>()>& ask);
  /// Of `count` trainings that begin at this place, each has a journal of its own.
  std::span<Journal> works(std::size_t count);

  /// Called after each answer that was asked for, in this journal or in those of its works. May
  /// throw an AgreedError, to stop there.
  void tell(std::function<void()> told);
  Index answers() const;  ///< in it and in those of its works
  std::vector<std::byte> bytes() const;

 private:
  struct Entry {
    Kind kind{};
    std::vector<std::byte> bytes{};
    std::vector<Journal> works{};
  };
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
  std::shared_ptr<const std::function<void()>> told_;
};

}  // namespace superstep
