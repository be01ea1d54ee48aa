// SPDX-License-Identifier: BSD-3-Clause
#include "engine/fiber.hpp"

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace superstep {

namespace {

namespace context = boost::context;

/// Address space, of which only what is touched becomes memory: as much as a thread has.
constexpr std::size_t stack_bytes = std::size_t{8} << 20;

/// Thrown by stop() in a body that nobody will go on with.
struct Abandoned {};

/// A stack that ends in a page nobody may touch.
struct Stack {
  std::size_t size = 0;
  void* top = nullptr;
  const void* bottom() const { return static_cast<const char*>(top) - size; }
};

struct StackSource {
  using traits_type = context::stack_traits;
  Stack* taken;
  context::stack_context allocate() {
    context::stack_context stack = context::protected_fixedsize_stack(stack_bytes).allocate();
    *taken = {stack.size, stack.sp};
    return stack;
  }
  void deallocate(context::stack_context& stack) noexcept {
    context::protected_fixedsize_stack(stack_bytes).deallocate(stack);
  }
};

/// Tells the sanitizers, which follow stacks, where execution goes.
#ifdef __SANITIZE_ADDRESS__
class Switch {
 public:
  void leave_for(const void* bottom, std::size_t size) {
    __sanitizer_start_switch_fiber(&fake_, bottom, size);
  }
  void leave_for_ever(const void* bottom, std::size_t size) {
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
  }
  void arrive(const void** from = nullptr, std::size_t* size = nullptr) {
    __sanitizer_finish_switch_fiber(std::exchange(fake_, nullptr), from, size);
  }

 private:
  void* fake_ = nullptr;
};
#else
class Switch {
 public:
  void leave_for(const void*, std::size_t) const {}
  void leave_for_ever(const void*, std::size_t) const {}
  void arrive(const void** = nullptr, std::size_t* = nullptr) const {}
};
#endif

#ifdef __SANITIZE_THREAD__
class Strand {
 public:
  ~Strand() { __tsan_destroy_fiber(own_); }
  void enter() {
    outer_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own_, 0);
  }
  void leave() const { __tsan_switch_to_fiber(outer_, 0); }

 private:
  void* own_ = __tsan_create_fiber(0);
  void* outer_ = nullptr;
};
#else
class Strand {
 public:
  void enter() const {}
  void leave() const {}
};
#endif

}  // namespace

struct Fiber::Impl {
  void begin();
  void run();

  std::function<void()> body;
  Stack stack{};
  context::fiber inside{};   ///< the body, while it stands
  context::fiber outside{};  ///< who called go_on(), while the body runs
  const void* outside_bottom = nullptr;
  std::size_t outside_size = 0;
  Switch to_inside{}, to_outside{};
  Strand strand{};
  std::exception_ptr failure{};
  bool has_begun = false;
  bool has_ended = false;
  bool is_abandoned = false;
};

void Fiber::Impl::begin() {
  has_begun = true;
  inside = context::fiber(std::allocator_arg, StackSource{&stack}, [this](context::fiber&& from) {
    outside = std::move(from);
    to_outside.arrive(&outside_bottom, &outside_size);
    run();
    has_ended = true;
    to_outside.leave_for_ever(outside_bottom, outside_size);
    strand.leave();
    return std::move(outside);
  });
}

void Fiber::Impl::run() {
  try {
    std::exchange(body, nullptr)();
  } catch (const Abandoned&) {
  } catch (...) {
    failure = std::current_exception();
  }
}

Fiber::Fiber(std::function<void()> body) : impl_(std::make_unique<Impl>()) {
  impl_->body = std::move(body);
}

Fiber::~Fiber() {
  if (!impl_->has_begun || impl_->has_ended) return;
  impl_->is_abandoned = true;
  go_on();
}

bool Fiber::has_ended() const { return impl_->has_ended; }

void Fiber::go_on() {
  Impl& f = *impl_;
  if (!f.has_begun) f.begin();
  f.to_inside.leave_for(f.stack.bottom(), f.stack.size);
  f.strand.enter();
  f.inside = std::move(f.inside).resume();
  f.to_inside.arrive();
  if (f.failure) std::rethrow_exception(std::exchange(f.failure, nullptr));
}

void Fiber::stop() {
  Impl& f = *impl_;
  if (std::current_exception()) {
    throw std::logic_error("a training asks for a pass while it handles an exception");
  }
  f.to_outside.leave_for(f.outside_bottom, f.outside_size);
  f.strand.leave();
  f.outside = std::move(f.outside).resume();
  f.to_outside.arrive(&f.outside_bottom, &f.outside_size);
  if (f.is_abandoned) throw Abandoned();
}

}  // namespace superstep
