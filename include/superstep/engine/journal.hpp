// SPDX-License-Identifier: BSD-3-Clause
// What trainings have been told of the data, in order. Every answer is the same on every rank, and
// nothing else reaches a training, so the answers are its state: a new training that is given them
// comes to the same place without looking at a row, on any number of ranks. A training needs no
// code for it; one whose state is shorter than the answers that led there may say so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// DataError: the journal is another training's, or damaged.
[[noreturn]] void refuse_journal();

class Journal {
 public:
  enum class Kind : std::uint8_t { sum, maximum, sketch, look, failure, works, state, tally };

  Journal() = default;
  /// What bytes() gave. DataError where they are something else, or damaged.
  explicit Journal(std::span<const std::byte> bytes);
  Journal(Journal&&) noexcept = default;
  Journal& operator=(Journal&&) noexcept = default;

  /// Gives the next answer again; while there is none, asks for one by `ask` and notes it. An
  /// AgreedError that `ask` throws is an answer, too. DataError where the next answer is to another
  /// question: the journal belongs to another training.
  std::vector<std::byte> answer(Kind kind, const std::function<std::vector<std::byte>()>& ask);
  /// Of `count` trainings that begin at this place, each has a journal of its own.
  std::span<Journal> works(std::size_t count);

  // Where a training's state is shorter than what it was told, it is kept instead
  // (engine/kept.hpp).

  /// Something begins here whose state may be kept.
  std::size_t begin() const { return next_; }
  /// The state that was kept of what begins here, if it was; the answers after it come next.
  std::optional<std::vector<std::byte>> kept();
  /// The training is in this state, so what it was told since `begin` is dropped, unless that is
  /// shorter.
  void keep(std::size_t begin, std::vector<std::byte> state);

  /// Called after each answer that was asked for, in this journal or in those of its works. May
  /// throw an AgreedError, to stop there.
  void tell(std::function<void()> told);
  Index answers() const;  ///< in it and in those of its works, and those that states stand for
  std::vector<std::byte> bytes() const;

 private:
  struct Entry {
    Kind kind{};
    std::vector<std::byte> bytes{};
    std::vector<Journal> works{};
    Index answers = 0;  ///< that a state stands for
    std::size_t size() const;
  };
  static Index answers_of(std::span<const Entry> entries);
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
  std::shared_ptr<const std::function<void()>> told_;
};

}  // namespace superstep
