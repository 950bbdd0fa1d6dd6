// OnRanks: runs a body once per rank, each on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/comm/thread_communicator.h"

namespace lockstep {

inline constexpr std::chrono::milliseconds kTestDeadline{60'000};

inline void OnRanks(int ranks, const std::function<void(Communicator&)>& body) {
  std::vector<std::unique_ptr<Communicator>> group = MakeThreadCommunicators(ranks);
  std::vector<std::jthread> threads;
  for (std::unique_ptr<Communicator>& member : group) {
    threads.emplace_back([&body, &member] {
      body(*member);
      member.reset();  // peers that still wait for this rank hear that it has left
    });
  }
}

}  // namespace lockstep
