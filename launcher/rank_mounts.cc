#include "launcher/rank_mounts.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "launcher/path_rewrite.h"

namespace lockstep {
namespace {

Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? ErrnoStatus("make the folder " + path, error.value()) : OkStatus();
}

void Rewrite(const std::vector<PathRewrite>& rewrites, const Environment& written,
             Program* program) {
  for (std::string& word : program->command) word = RewritePaths(word, rewrites);
  for (const auto& [name, value] : written) program->env[name] = RewritePaths(value, rewrites);
  program->working_dir = RewritePaths(program->working_dir, rewrites);
}

}  // namespace

Result<std::vector<BoundPath>> RankMounts::Bind(const std::vector<LaunchMount>& mounts,
                                                int rank) const {
  std::vector<BoundPath> bounds;
  for (const LaunchMount& mount : mounts) {
    BoundPath bound{mount.path, mount.source, mount.read_only};
    if (!mount.source.starts_with('/')) {
      bound.source = job_dir_ + "/volumes/rank-" + std::to_string(rank) + "/" + mount.source;
      LOCKSTEP_RETURN_IF_ERROR(MakeFolder(bound.source));
    }
    bounds.push_back(std::move(bound));
  }
  return bounds;
}

bool RankMounts::HasNamespaces(const std::string& scratch) {
  if (has_namespaces_) return *has_namespaces_;
  const auto setting = launcher_.find(kNoNamespacesVariable);
  if (setting != launcher_.end() && setting->second == "1") {
    why_none_ = std::string(kNoNamespacesVariable) + " is 1";
    return *(has_namespaces_ = false);
  }
  // The root is no program: that failure is what remains when the mounts have succeeded.
  const MountPlan plan = {{.action = MountAction::kTake, .source = scratch, .path = scratch},
                          {.action = MountAction::kMemory, .target = scratch, .mode = 0755},
                          {.action = MountAction::kPut, .target = scratch, .path = scratch}};
  const Result<StartOutcome> outcome = StartProcess({{"/"}, {}, "", plan});
  has_namespaces_ = outcome.ok() && outcome->failure && !outcome->failure->at_mounts;
  if (!*has_namespaces_) {
    why_none_ = outcome.ok() ? outcome->failure->message : outcome.status().message();
  }
  return *has_namespaces_;
}

Status RankMounts::Give(const std::vector<LaunchMount>& mounts, int rank,
                        const Environment& written, Program* program) {
  if (mounts.empty()) return OkStatus();
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<BoundPath> bounds, Bind(mounts, rank));
  const std::string scratch = job_dir_ + "/volumes/.root";
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(scratch));
  if (HasNamespaces(scratch)) {
    LOCKSTEP_ASSIGN_OR_RETURN(program->mounts, MakeMountPlan(bounds, *MakeHostFileTree(), scratch));
    return OkStatus();
  }
  std::vector<PathRewrite> rewrites;
  std::string names;
  for (const BoundPath& bound : bounds) {
    rewrites.push_back({bound.path, bound.source});
    while (rewrites.back().from.ends_with('/')) rewrites.back().from.pop_back();
    if (!told_.insert(bound.path).second) continue;
    names += (names.empty() ? "" : ", ") + bound.path + " is " + bound.source;
  }
  Rewrite(rewrites, written, program);
  if (!names.empty()) {
    warning_ = "nothing can be mounted here (" + why_none_ +
               "): commands, arguments and variables are given the real paths instead, and nothing "
               "is read-only: " +
               names;
  }
  return OkStatus();
}

}  // namespace lockstep
