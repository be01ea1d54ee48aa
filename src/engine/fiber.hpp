// SPDX-License-Identifier: BSD-3-Clause
// A function on a stack of its own, which stops in its middle and goes on later where it stopped.
// Whoever is called by it needs to know nothing of it: a training stops deep inside of whatever it
// has called when it wants to know something of the data.
#pragma once

#include <functional>
#include <memory>

namespace superstep {

class Fiber {
 public:
  /// Begins with the first go_on().
  explicit Fiber(std::function<void()> body);
  /// A body that has begun and not ended is unwound: the stop() that it is in throws.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the body on until it stops or ends. Throws what left the body.
  void go_on();
  bool has_ended() const;
  /// Called by the body: go_on() returns. Not inside of a handler of exceptions, since a thread
  /// knows only one chain of those that are being handled.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep
