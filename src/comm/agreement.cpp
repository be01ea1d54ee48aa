// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/agreement.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/version.hpp>

#include "core/cpu_check.hpp"

namespace superstep {

namespace {

constexpr std::size_t longest_shown = 100;
/// The variables that have a say in what ranks do together.
constexpr std::array heeded = {"SUPERSTEP_WATCHDOG"};

/// The value as it travels and as it is shown: long ones, such as grids, by their beginning and
/// their hash.
std::string brief(const std::string& value) {
  if (value.size() <= longest_shown) return value;
  Hash64 hash;
  hash.add(value);
  return value.substr(0, longest_shown / 2) + "... (" + std::to_string(value.size()) + " bytes, " +
         hash.hex() + ")";
}

std::vector<std::byte> packed(const Told& told) {
  ByteWriter out;
  for (const auto& [what, value] : told) out.put(what).put(brief(value));
  return out.take();
}

Told unpacked(const std::vector<std::byte>& bytes) {
  Told told;
  for (ByteReader in(bytes); !in.at_end();) {
    std::string what = in.text();
    told.emplace_back(std::move(what), in.text());
  }
  return told;
}

std::string shown(const Told& told, const std::string& what) {
  const auto found = std::ranges::find(told, what, &Told::value_type::first);
  return found == told.end() ? "not given" : "'" + brief(found->second) + "'";
}

std::string place(const Communicator& comm) {
  return "rank " + std::to_string(comm.world_rank(comm.rank())) + " (host " + host_name() + ")";
}

/// The first difference; empty where there is none.
std::string difference(const Communicator& comm, const Told& mine, const Told& root,
                       const std::string& root_place) {
  Told all = root;
  all.insert(all.end(), mine.begin(), mine.end());
  for (const auto& [what, value] : all) {
    const std::string here = shown(mine, what), there = shown(root, what);
    if (here == there) continue;
    return "the ranks were started differently: " + what + " is " + there + " on " + root_place +
           " and " + here + " on " + place(comm) +
           "; give every rank the same program, command, options and environment (mpirun -x NAME "
           "hands a variable on); --memory and --threads may differ";
  }
  return "";
}

}  // namespace

Told told_by_surroundings() {
  std::string sets;
#define SUPERSTEP_ADD_NAME(member, macro, name) \
  if (built_for.member) sets += " " name;
  SUPERSTEP_INSTRUCTION_SETS(SUPERSTEP_ADD_NAME)
#undef SUPERSTEP_ADD_NAME
  Told told = {{"the program", std::string(version) + sets}};
  for (const char* name : heeded) {
    if (const char* value = std::getenv(name)) told.emplace_back(name, value);
  }
  return told;
}

void require_same(const Communicator& comm, const Told& told) {
  if (comm.size() == 1) return;
  std::vector<std::byte> of_root;
  if (comm.is_root()) {
    of_root = ByteWriter().put(place(comm)).put(packed(told)).take();
  }
  comm.broadcast(of_root);
  ByteReader in(of_root);
  const std::string root_place = in.text();
  const std::string mine = difference(comm, told, unpacked(in.values<std::byte>()), root_place);
  const int none = comm.size();
  const Index first = comm.min(Index{mine.empty() ? none : comm.rank()});
  if (first == none) return;
  throw AgreedError(ExitCode::usage, comm.broadcast(mine, static_cast<int>(first)));
}

}  // namespace superstep
