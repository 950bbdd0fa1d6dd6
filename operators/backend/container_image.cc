#include "operators/backend/container_image.h"

#include "operators/codec/json.h"

namespace lockstep {
namespace {

std::string PullPolicy(const std::string& policy) {
  if (policy == "Always") return "always";
  return policy == "Never" ? "never" : "missing";
}

}  // namespace

ImagePlace PlaceOfImage(const std::string& image, const ImageRules& rules) {
  if (image.empty()) return ImagePlace::kMachine;
  const auto mapped = rules.map.find(image);
  if (mapped != rules.map.end()) {
    return mapped->second == kHostImage ? ImagePlace::kMachine : ImagePlace::kRoot;
  }
  return rules.podman ? ImagePlace::kPodman : ImagePlace::kUnmapped;
}

Result<std::vector<std::string>> PodmanCommand(const PodmanRun& run) {
  // --rm and --init: nothing is left of it, and it hears SIGTERM. The network is the machine's, as
  // for all ranks. Its folders keep their SELinux labels.
  std::vector<std::string> words = {
      "podman",         "run",          "--rm",   "--init",
      "--network",      "host",         "--pull", PullPolicy(run.container.image_pull_policy),
      "--security-opt", "label=disable"};
  for (const std::string& host : run.hosts) {
    words.insert(words.end(), {"--add-host", host + ":127.0.0.1"});
  }
  words.insert(words.end(), {"-v", run.job_dir + ":" + run.job_dir});
  for (const LaunchMount& mount : run.mounts) {
    const std::string source = mount.source.starts_with('/')
                                   ? mount.source
                                   : run.job_dir + "/volumes/rank-${lockstep.rank}/" + mount.source;
    if ((source + mount.path).find(':') != std::string::npos) {
      return InvalidArgument("'" + source + "' cannot be shown at '" + mount.path +
                             "' by podman: a path with a : in it is no path to its -v; rename it");
    }
    words.insert(words.end(), {"-v", source + ":" + mount.path + (mount.read_only ? ":ro" : "")});
  }
  if (!run.container.working_dir.empty()) {
    words.insert(words.end(), {"-w", run.container.working_dir});
  }
  words.insert(words.end(), {"-e", "LOCKSTEP_*"});
  if (run.rank_variables == RankVariables::kAll) {
    for (const char* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK",
                             "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT", "OMP_NUM_THREADS"}) {
      if (!run.env.contains(name)) words.insert(words.end(), {"-e", name});
    }
  }
  for (const auto& [name, value] : run.env) {
    // podman's own PATH is the machine's.
    words.insert(words.end(), {"-e", name == "PATH" ? name + "=" + value : name});
  }
  if (!run.command.empty()) {
    words.insert(
        words.end(),
        {"--entrypoint", Json(run.command).dump(-1, ' ', false, Json::error_handler_t::replace)});
  }
  words.push_back(run.container.image);
  words.insert(words.end(), run.args.begin(), run.args.end());
  return words;
}

}  // namespace lockstep
