// The folders of jobs on disk: <jobs_dir>/<namespace>/<job>-<first 8 of uid>/<generation>/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "operators/backend/job_backend.h"

namespace lockstep {

// Where the job directory of `id` is.
std::string LocalJobDir(const std::string& jobs_dir, const JobId& id);

// One for each job that is not `known` and has a folder with a generation in it, the last of them;
// of the uid the first 8 characters. What else lies there is passed over, and folders of those that
// are known, of which there may be thousands, are not opened. None when there is no such directory.
Result<std::vector<JobId>> ListJobFolders(const std::string& jobs_dir,
                                          const std::function<bool(const JobId&)>& known);

}  // namespace lockstep
