#include "operators/backend/job_folders.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUidBytes = 8;

// The folders in `path`; none when it is gone.
Result<std::vector<fs::path>> FoldersIn(const fs::path& path) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code vanished;
    if (it->is_directory(vanished) && !it->is_symlink(vanished)) folders.push_back(it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return ErrnoStatus("list " + path.string(), error.value());
  }
  return folders;
}

std::optional<int> GenerationOf(const fs::path& folder) {
  const std::string name = folder.filename().string();
  int generation = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), generation);
  const bool whole = error == std::errc() && end == name.data() + name.size() && generation >= 0;
  return whole ? std::optional(generation) : std::nullopt;
}

}  // namespace

std::string LocalJobDir(const std::string& jobs_dir, const JobId& id) {
  return jobs_dir + "/" + id.namespace_ + "/" + id.name + "-" + id.uid.substr(0, kUidBytes) + "/" +
         std::to_string(id.generation);
}

Result<std::vector<JobId>> ListJobFolders(const std::string& jobs_dir,
                                          const std::function<bool(const JobId&)>& known) {
  std::vector<JobId> jobs;
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<fs::path> namespaces, FoldersIn(jobs_dir));
  for (const fs::path& namespace_ : namespaces) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<fs::path> folders, FoldersIn(namespace_));
    for (const fs::path& folder : folders) {
      const std::string text = folder.filename().string();
      const std::size_t dash = text.rfind('-');
      if (dash == std::string::npos || dash == 0 || text.size() - dash - 1 != kUidBytes) continue;
      JobId id{namespace_.filename().string(), text.substr(0, dash), text.substr(dash + 1), -1};
      if (known(id)) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<fs::path> generations, FoldersIn(folder));
      for (const fs::path& generation : generations) {
        id.generation = std::max(id.generation, GenerationOf(generation).value_or(-1));
      }
      if (id.generation >= 0) jobs.push_back(std::move(id));
    }
  }
  return jobs;
}

}  // namespace lockstep
