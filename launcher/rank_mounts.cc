#include "launcher/rank_mounts.h"

#include <sys/stat.h>

#include <algorithm>

#include "launcher/local_file.h"
#include "launcher/path_rewrite.h"

namespace lockstep {
namespace {

constexpr char kResolver[] = "/etc/resolv.conf";

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

bool RankMounts::CanMount() {
  if (has_namespaces_) return *has_namespaces_;
  const auto setting = launcher_.find(kNoNamespacesVariable);
  if (setting != launcher_.end() && setting->second == "1") {
    why_none_ = std::string(kNoNamespacesVariable) + " is 1";
    return *(has_namespaces_ = false);
  }
  if (const Status made = MakeFolder(scratch()); !made.ok()) {
    why_none_ = made.message();
    return *(has_namespaces_ = false);
  }
  // The root is no program: that failure is what remains when the mounts have succeeded.
  const MountPlan plan = {{.action = MountAction::kTake, .source = scratch(), .path = scratch()},
                          {.action = MountAction::kMemory, .target = scratch(), .mode = 0755},
                          {.action = MountAction::kPut, .target = scratch(), .path = scratch()}};
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
  if (CanMount()) {
    LOCKSTEP_ASSIGN_OR_RETURN(program->mounts,
                              MakeMountPlan(bounds, *MakeHostFileTree(), scratch()));
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

Status RankMounts::GiveRoot(const std::string& root, std::vector<LaunchMount> mounts, int rank,
                            Program* program) {
  const auto host = MakeHostFileTree();
  if (host->Look(root) != FileKind::kFolder) {
    return NotFound("there is no folder " + root +
                    ": unpack the image's file system there, or map the image to another place");
  }
  if (!CanMount()) {
    return FailedPrecondition("the root file system " + root + " cannot be entered here (" +
                              why_none_ +
                              "): map the image to host, and its program runs on this "
                              "machine as it is");
  }
  const auto is_given = [&](const std::string& path) {
    return std::ranges::any_of(mounts,
                               [&](const LaunchMount& mount) { return mount.path == path; });
  };
  for (const std::string& path : {std::string("/proc"), std::string("/sys"), std::string("/dev"),
                                  std::string("/tmp"), std::string(kResolver), job_dir_}) {
    if (is_given(path) || host->Look(path) == FileKind::kNone) continue;
    mounts.push_back({path, path, path == kResolver});
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<BoundPath> bounds, Bind(mounts, rank));
  const auto inside = MakeRootFileTree(root);
  const RootFolder folder{root, *inside, job_dir_ + "/volumes/.image"};
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(folder.base));
  LOCKSTEP_ASSIGN_OR_RETURN(program->mounts, MakeRootMountPlan(folder, bounds, *host, scratch()));
  program->root = root;
  if (program->working_dir.empty()) program->working_dir = "/";
  return OkStatus();
}

}  // namespace lockstep
