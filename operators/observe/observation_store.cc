#include "operators/observe/observation_store.h"

namespace lockstep {

Status PositionConflict(std::string_view trial_uid, std::uint64_t expected, std::uint64_t now) {
  return Conflict("trial " + std::string(trial_uid) + ": output is read up to byte " +
                  std::to_string(now) + ", not " + std::to_string(expected) +
                  ": another reader was faster; read on from there");
}

}  // namespace lockstep
