// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/node_memory.hpp>

#include <mpi.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <cstdlib>
#include <exception>

#include <superstep/comm/inside_mpi.hpp>
#include <superstep/comm/native.hpp>
#include <superstep/core/error.hpp>

namespace superstep {

struct NodeMemory::Window {
  MPI_Win handle = MPI_WIN_NULL;
  std::unique_ptr<std::byte[]> own;  ///< instead, of one rank, which shares with nobody

  Window() = default;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    // Collective: while an exception unwinds it is left to the end of the process.
    if (finalized || std::uncaught_exceptions() > 0 || handle == MPI_WIN_NULL) return;
    const InsideMpi inside("end of shared memory");
    MPI_Win_unlock_all(handle);
    MPI_Win_free(&handle);
  }
};

namespace {

constexpr std::size_t alignment = 64;

void check(int code, const char* call) {
  if (code != MPI_SUCCESS) throw Error(ExitCode::failure, std::string(call) + " failed");
}

}  // namespace

NodeMemory::NodeMemory(const Communicator& node, std::size_t bytes)
    : window_(std::make_unique<Window>()) {
  node.barrier();
  if (node.size() == 1) {
    window_->own = std::make_unique_for_overwrite<std::byte[]>(bytes + alignment);
    return;
  }
  const InsideMpi inside("shared memory");
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "alloc_shared_noncontig", "true");
  void* base = nullptr;
  const int code =
      MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes + alignment), 1, info,
                              native_handle(node), static_cast<void*>(&base), &window_->handle);
  MPI_Info_free(&info);
  check(code, "MPI_Win_allocate_shared");
  check(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_->handle), "MPI_Win_lock_all");
}

NodeMemory::~NodeMemory() = default;

std::byte* NodeMemory::part(int rank) const {
  MPI_Aint size = 0;
  int unit = 1;
  void* base = window_->own.get();
  if (base == nullptr) {
    check(MPI_Win_shared_query(window_->handle, rank, &size, &unit, static_cast<void*>(&base)),
          "MPI_Win_shared_query");
  }
  const auto address = reinterpret_cast<std::uintptr_t>(base);
  return static_cast<std::byte*>(base) + (alignment - address % alignment) % alignment;
}

void NodeMemory::publish(const Communicator& node) const {
  if (window_->own) return node.barrier();
  MPI_Win_sync(window_->handle);
  node.barrier();
  MPI_Win_sync(window_->handle);
}

// Where Open MPI puts the segment: /dev/shm, unless the user says otherwise (small containers do).
std::size_t NodeMemory::free_bytes() {
  const char* chosen = std::getenv("OMPI_MCA_osc_sm_backing_directory");
  struct statvfs fs {};
  if (statvfs(chosen != nullptr ? chosen : "/dev/shm", &fs) != 0) return 0;
  return static_cast<std::size_t>(fs.f_bavail) * fs.f_frsize;
}

}  // namespace superstep
