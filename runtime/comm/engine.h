// An Engine moves the data of one group over one transport, one blocking operation at a time. What
// every transport needs around that (asynchronous Work, deadlines, dropped Work, Split) is in
// HostCommunicator, once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/comm/collective.h"

namespace lockstep {

class Engine {
 public:
  // Leaves the group. A peer that still waits for this rank gets Unavailable where the transport
  // can tell.
  virtual ~Engine() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Blocks until the operation is done here, or the group has ended: a peer died (Unavailable), the
  // ranks disagree (FailedPrecondition), or what Abort was told. One thread at a time; after a
  // failure never again.
  virtual Status Run(const Collective& collective, std::uint64_t sequence) = 0;
  // Any thread, at any moment. Makes Run return `reason` soon, here and on the peers. The first
  // reason of a group stands.
  virtual void Abort(const Status& reason) = 0;
  // Any thread: whom Run waits for now ("rank 3 never entered all-reduce #812"), or empty.
  virtual std::string WaitingFor() = 0;

  // The group of `members` (ranks here, ascending, this one among them), the same on all of them.
  // `sequence` tells this split from the others of this group. Never while Run is running.
  virtual Result<std::unique_ptr<Engine>> Split(const std::vector<int>& members, int color,
                                                std::uint64_t sequence, MonotonicTime deadline) = 0;
};

}  // namespace lockstep
