#include "cli/job_removal.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "operators/backend/job_folders.h"

namespace lockstep {
namespace {

std::string JobPath(const std::string& jobs_dir, const ObjectMeta& job) {
  const std::filesystem::path generation =
      LocalJobDir(jobs_dir, {job.namespace_, job.name, job.uid, 0});
  return generation.parent_path().string();
}

}  // namespace

Result<std::vector<std::string>> JobPathsOf(ObjectClient& client, const ObjectKey& key,
                                            const std::string& jobs_dir) {
  std::vector<std::string> paths;
  LOCKSTEP_RETURN_IF_ERROR(client.Get(key).status());
  if (key.kind == Experiment::kKind) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::vector<Object> jobs,
        client.List({TrainingJob::kKind, key.namespace_, {{kExperimentLabel, key.name}}}));
    for (const Object& job : jobs) paths.push_back(JobPath(jobs_dir, MetaOf(job)));
    return paths;
  }
  const Result<Object> job = client.Get({TrainingJob::kKind, key.namespace_, key.name});
  if (job.ok()) paths.push_back(JobPath(jobs_dir, MetaOf(*job)));
  if (!job.ok() && job.status().kind() != StatusKind::kNotFound) return job.status();
  return paths;
}

Status RemoveJobPaths(const std::vector<std::string>& paths) {
  Status failed;
  for (const std::string& path : paths) {
    std::error_code error;
    std::filesystem::remove_all(path, error);  // the operator may have been there before
    if (error) failed = ErrnoStatus("remove " + path, error.value());
    // Of the last job the namespace's folder goes too; rmdir refuses while there is another.
    rmdir(std::filesystem::path(path).parent_path().c_str());
  }
  return failed;
}

}  // namespace lockstep
