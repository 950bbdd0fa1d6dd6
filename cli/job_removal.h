// Removes what jobs have left in the state directory: their job directories, with their logs.
#pragma once

#include <string>
#include <vector>

#include "cli/object_client.h"

namespace lockstep {

// The directories, one a job with all its generations, of the jobs of an Experiment, of a Trial, or
// of the TrainingJob itself. NotFound: there is no such object.
Result<std::vector<std::string>> JobPathsOf(ObjectClient& client, const ObjectKey& key,
                                            const std::string& jobs_dir);

// REQUIRES: nothing runs in them any more. What cannot be removed is an error that names it; the
// rest is removed.
Status RemoveJobPaths(const std::vector<std::string>& paths);

}  // namespace lockstep
