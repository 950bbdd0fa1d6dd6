// Which jobs may run at once on one machine: its GPUs, CPUs and memory, given in order of creation.
// Pure.
//
// A job that does not fit waits, and what it waits for is kept from those that came after it, so
// that they cannot hold it up for ever; what it does not ask for they may have meanwhile. A job
// that asks for nothing is never held up. GPUs are given one by one and never to two jobs. A job
// that asks for more CPUs than there are counts as asking for all of them: it runs alone among
// those that ask for CPUs. GPUs and memory that are not there can never be had.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "operators/convert/resource_requests.h"

namespace lockstep {

struct MachineResources {
  std::vector<std::string> devices = {};  // GPUs, as CUDA_VISIBLE_DEVICES names them
  std::int64_t milli_cpus = 0;            // 0: not bounded
  std::int64_t memory_bytes = 0;          // 0: not bounded
};

// A job that has not ended.
struct PoolJob {
  std::string name;  // for messages
  ResourceAmounts asks = {};
  bool holds = false;                     // what it asks for is set aside
  std::vector<std::string> devices = {};  // when it holds
};

struct ResourceDecision {
  enum class Kind : std::uint8_t { kGo, kWait, kNever };
  Kind kind = Kind::kGo;
  std::vector<std::string> devices = {};  // kGo: those that it gets
  std::string message = {};               // what it waits for, or why it never fits
  bool is_next = false;                   // kWait: nobody who came before waits
};

// Of jobs[index], which does not hold what it asks for. `jobs` in order of creation, all of them.
ResourceDecision DecideResources(const MachineResources& machine, std::span<const PoolJob> jobs,
                                 std::size_t index);

// By index, those that may go now, were each the only one to be asked about; and the first of all
// that wait.
std::vector<std::size_t> MayStart(const MachineResources& machine, std::span<const PoolJob> jobs);

// Why a job that asks for so much runs alone, in one sentence; "": it need not.
std::string RunsAlone(const MachineResources& machine, const ResourceAmounts& asks);

}  // namespace lockstep
