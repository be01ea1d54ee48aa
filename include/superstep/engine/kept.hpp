// SPDX-License-Identifier: BSD-3-Clause
// Loops whose state is smaller than what they were told say at their head what it is, and the
// journal forgets the answers that led there:
//
//   const Kept kept(engine, fields);  // goes on where an earlier training stood
//   for (;;) {
//     kept.keep();
//     ...
//   }
#pragma once

#include <stdexcept>
#include <utility>

#include <superstep/core/error.hpp>
#include <superstep/core/state_bytes.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/engine/journal.hpp>

namespace superstep {

/// `fields(archive)` tells a StateWriter all that the loop changes and what comes after it reads,
/// and takes it from a StateReader. DataError where a journal has the state of something else.
template <class Fields>
class Kept {
 public:
  Kept(const Engine& engine, Fields fields)
      : journal_(engine.journal()),
        begin_(journal_ == nullptr ? 0 : journal_->begin()),
        fields_(std::move(fields)) {
    if (journal_ == nullptr) return;
    const auto bytes = journal_->kept();
    if (!bytes) return;
    try {
      StateReader in(*bytes);
      fields_(in);
      in.require_end();
    } catch (const std::out_of_range&) {
      refuse_journal();
    }
  }
  void keep() const {
    if (journal_ == nullptr) return;
    StateWriter out;
    fields_(out);
    journal_->keep(begin_, out.take());
  }

 private:
  Journal* journal_;
  std::size_t begin_;
  Fields fields_;
};

}  // namespace superstep
