// Runs a body on the ranks of a group, each in a thread of its own.
#pragma once

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tests/runtime/comm/communicator_conformance.h"

namespace lockstep {

inline void RunOnThreads(std::vector<std::unique_ptr<Communicator>> groups, const RankBody& body) {
  std::vector<std::thread> threads;
  for (auto& group : groups)
    threads.emplace_back([&body, mine = std::move(group)]() mutable { body(std::move(mine)); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace lockstep
