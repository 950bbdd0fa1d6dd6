// Broadcasts of bytes: what a Communicator, which speaks of numbers, does not offer itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "runtime/base/status.h"
#include "runtime/comm/communicator.h"

namespace lockstep {

// Afterwards the `bytes` bytes at `data` are the root's, on every rank. Collective; each rank
// passes the same count.
Status BroadcastBytes(Communicator& group, void* data, std::size_t bytes, int root,
                      std::chrono::milliseconds deadline);

// Afterwards `text` is the root's, on every rank. Collective.
Status BroadcastString(Communicator& group, std::string& text, int root,
                       std::chrono::milliseconds deadline);

// What the root's work came to, known to all: ok everywhere, or the root's Status everywhere.
// Collective. `status` is read at the root only.
Status BroadcastStatus(Communicator& group, const Status& status, int root,
                       std::chrono::milliseconds deadline);

}  // namespace lockstep
