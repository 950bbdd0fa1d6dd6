#include "operators/backend/container_image.h"

#include <algorithm>
#include <array>

#include "operators/codec/json.h"

namespace lockstep {
namespace {

std::string PullPolicy(const std::string& policy) {
  if (policy == "Always") return "always";
  return policy == "Never" ? "never" : "missing";
}

// The start of -v: a path with a : in it would be two.
Status CheckVolume(const std::string& source, const std::string& path) {
  if ((source + path).find(':') == std::string::npos) return OkStatus();
  return InvalidArgument("'" + source + "' cannot be shown at '" + path +
                         "' by podman: a path with a : in it is no path to its -v; rename it");
}

}  // namespace

bool IsReadByPodman(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"PATH", "HOME", "TMPDIR",
                                                      "DBUS_SESSION_BUS_ADDRESS"};
  constexpr std::array<std::string_view, 6> kPrefixes = {"LD_",        "XDG_",    "CONTAINER",
                                                         "_CONTAINER", "DOCKER_", "PODMAN_"};
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kPrefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

ImagePlace PlaceOfImage(const std::string& image, const ImageRules& rules) {
  if (image.empty()) return ImagePlace::kMachine;
  const auto mapped = rules.map.find(image);
  if (mapped != rules.map.end()) {
    return mapped->second == kHostImage ? ImagePlace::kMachine : ImagePlace::kRoot;
  }
  return rules.podman ? ImagePlace::kPodman : ImagePlace::kUnmapped;
}

Result<std::vector<std::string>> PodmanCommand(const PodmanRun& run) {
  if (run.container.image.starts_with('-')) {
    return InvalidArgument("its image '" + run.container.image + "' is no name of an image");
  }
  // --rm and --init: nothing is left of it, and it hears SIGTERM. The network is the machine's, as
  // for all ranks. Its folders keep their SELinux labels.
  std::vector<std::string> words = {
      "podman",         "run",          "--rm",   "--init",
      "--network",      "host",         "--pull", PullPolicy(run.container.image_pull_policy),
      "--security-opt", "label=disable"};
  for (const std::string& host : run.hosts) {
    words.insert(words.end(), {"--add-host", host + ":127.0.0.1"});
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckVolume(run.job_dir, run.job_dir));
  words.insert(words.end(), {"-v", run.job_dir + ":" + run.job_dir});
  for (const LaunchMount& mount : run.mounts) {
    const std::string source = mount.source.starts_with('/')
                                   ? mount.source
                                   : run.job_dir + "/volumes/rank-${lockstep.rank}/" + mount.source;
    LOCKSTEP_RETURN_IF_ERROR(CheckVolume(source, mount.path));
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
    // Values are taken from podman's own environment, where no other user sees them; but for those
    // that podman would heed itself.
    words.insert(words.end(), {"-e", IsReadByPodman(name) ? name + "=" + value : name});
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
