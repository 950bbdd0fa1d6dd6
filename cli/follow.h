// Shows an Experiment until it ends: a live table on a terminal, else one line a change.
#pragma once

#include "cli/object_client.h"

namespace lockstep {

// The exit code: 0 when the Experiment has succeeded, 1 when it has not.
int FollowExperiment(ObjectClient& client, const ObjectKey& key);

}  // namespace lockstep
