// Where the program of a container image runs on this machine. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/launch_plan.h"
#include "operators/api/training_job.h"

namespace lockstep {

// What stands for an image on this machine, where the image map says so.
inline constexpr char kHostImage[] = "host";  // the machine as it is

struct ImageRules {
  std::map<std::string, std::string> map = {};  // IMAGE -> its root file system (absolute), or host
  bool podman = false;  // programs of images that are not in the map run in containers
};

enum class ImagePlace : std::uint8_t {
  kMachine,   // as it is; also what has no image
  kUnmapped,  // the same, and nobody asked for it: that is to be told
  kRoot,
  kPodman,
};
ImagePlace PlaceOfImage(const std::string& image, const ImageRules& rules);

// PATH in an image, where its container names none: as the runtimes of containers have it.
inline constexpr char kImagePath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What a container is started with.
struct PodmanRun {
  const Container& container;
  const std::map<std::string, std::string>& env;  // expanded
  const std::vector<std::string>& command;        // expanded: in place of the image's entry point
  const std::vector<std::string>& args;
  const std::vector<LaunchMount>& mounts;
  const std::vector<std::string>& hosts;  // names of 127.0.0.1
  const std::string& job_dir;
  RankVariables rank_variables;
};
// Whether podman's own program is led by an environment variable of this name: where its storage
// is, which libraries it loads. One of a container's is given by its value, and left out of
// podman's own environment.
bool IsReadByPodman(std::string_view name);

// `podman run ...`, with tokens where it differs from rank to rank. It takes the values of the
// variables from its own environment. InvalidArgument: a path that podman could not be told.
Result<std::vector<std::string>> PodmanCommand(const PodmanRun& run);

}  // namespace lockstep
