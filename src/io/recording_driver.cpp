// SPDX-License-Identifier: BSD-3-Clause
#include "io/recording_driver.hpp"

#include <string>

#include <superstep/core/error.hpp>

namespace superstep::h5 {

namespace {

// A driver's functions get no argument of ours, hence this state; library_mutex() guards it.
struct State {
  H5FD_class_t original{};  // HDF5's driver for POSIX files
  bool is_listening = false;
  bool is_catching = false;
  int transfers = 0;
  haddr_t address = 0;
  std::size_t bytes = 0;
  std::string failure;
};
State state;

bool listens_to(H5FD_mem_t type) { return state.is_listening && type == H5FD_MEM_DRAW; }

void note(haddr_t address, std::size_t bytes) {
  ++state.transfers;
  state.address = address;
  state.bytes = bytes;
}

herr_t read(H5FD_t* file, H5FD_mem_t type, hid_t dxpl, haddr_t address, std::size_t size,
            void* buffer) {
  if (!listens_to(type)) return state.original.read(file, type, dxpl, address, size, buffer);
  note(address, size);
  return 0;
}

// The status of a call that may have failed, or success if that is kept from HDF5.
herr_t caught(herr_t status) {
  if (status >= 0 || !state.is_catching) return status;
  state.failure = error_text();
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t type, hid_t dxpl, haddr_t address, std::size_t size,
             const void* buffer) {
  if (!state.failure.empty()) return 0;
  return caught(state.original.write(file, type, dxpl, address, size, buffer));
}

herr_t truncate(H5FD_t* file, hid_t dxpl, hbool_t closing) {
  if (!state.failure.empty()) return 0;
  return caught(state.original.truncate(file, dxpl, closing));
}

// The class of HDF5's own driver is reachable only through an open file: any that is there.
hid_t register_driver() {
  const Handle access = serial_access();
  H5FD_t* file = H5FDopen("/proc/self/exe", H5F_ACC_RDONLY, access.get(), HADDR_UNDEF);
  if (file == nullptr) fail("prepare HDF5's file driver");
  state.original = *file->cls;
  H5FDclose(file);
  H5FD_class_t ours = state.original;
  ours.name = "superstep-recording";
  ours.terminate = nullptr;  // it would unregister HDF5's own driver
  ours.read = read;
  ours.write = write;
  ours.truncate = truncate;
  return check(H5FDregister(&ours), "prepare HDF5's file driver");
}

}  // namespace

Handle recording_access() {
  initialize();
  const std::scoped_lock lock(library_mutex());
  static const hid_t driver = register_driver();
  Handle access = serial_access();
  check(H5Pset_driver(access.get(), driver, nullptr), "choose HDF5's file driver");
  return access;
}

RawRecorder::RawRecorder() {
  clear();
  state.is_listening = true;
}
RawRecorder::~RawRecorder() { state.is_listening = false; }
void RawRecorder::clear() { state.transfers = 0; }
bool RawRecorder::heard_once() const { return state.transfers == 1; }
std::uint64_t RawRecorder::address() const { return state.address; }
std::size_t RawRecorder::bytes() const { return state.bytes; }

WriteFailureCatcher::WriteFailureCatcher() {
  state.is_catching = true;
  state.failure.clear();
}
WriteFailureCatcher::~WriteFailureCatcher() {
  state.is_catching = false;
  state.failure.clear();
}
const std::string& WriteFailureCatcher::failure() const { return state.failure; }

}  // namespace superstep::h5
