#include "operators/observe/observation_store.h"

namespace lockstep {

Status MarkConflict(std::string_view trial_uid, const ReadMark& mark, std::string_view now) {
  return Conflict("trial " + std::string(trial_uid) + ": " + mark.source + " is read up to \"" +
                  std::string(now) + "\", not \"" + mark.before +
                  "\": another reader was faster; read on from there");
}

}  // namespace lockstep
