// What an operator is told beside its state directory: config.yaml and the flags over it.
//
//   imageMap:                 # programs of an image: in this root file system, or on this machine
//     IMAGE: /a/root
//     OTHER: host
//   runtime: podman           # or process (default)
//   gpus: 2                   # in place of what is counted
//   cpus: 4
//   memory: 16Gi
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/json.h"
#include "operators/reconcile/resource_pool.h"
#include "runtime/base/job_env.h"
#include "runtime/base/status.h"

namespace lockstep {

struct OperatorConfig {
  std::map<std::string, std::string> image_map = {};
  std::optional<bool> podman = {};
  std::optional<std::int64_t> gpus = {};
  std::optional<std::int64_t> milli_cpus = {};
  std::optional<std::int64_t> memory_bytes = {};
};

// $XDG_CONFIG_HOME/lockstep/config.yaml, else ~/.config/lockstep/config.yaml; "": neither is set.
std::string ConfigPath(const EnvReader& env);
// Pure. InvalidArgument: everything that is wrong, each with its place; unknown keys with a "did
// you mean". `home`: what ~/ stands for.
Result<OperatorConfig> ParseOperatorConfig(std::string_view text, const std::string& file,
                                           const std::string& home);
// {}: there is no such file.
Result<OperatorConfig> ReadOperatorConfig(const EnvReader& env);

// --image-map IMAGE=DIR|IMAGE=host and --runtime process|podman ("": not given), over `config`. A
// relative DIR is one of `directory`. InvalidArgument.
Status AddFlags(const std::vector<std::string>& image_map, const std::string& runtime,
                const std::string& directory, OperatorConfig& config);
// InvalidArgument: a root file system of the map is no folder.
Status CheckImageMap(const OperatorConfig& config);

// `machine` with what the configuration says in its place.
MachineResources Configured(const OperatorConfig& config, MachineResources machine);

// As GET /version tells it; of what is set alone when `machine` is null.
Json EncodeSettings(const OperatorConfig& config, const MachineResources* machine);
MachineResources DecodeMachine(const Json& settings);
// What of `wanted` is otherwise in `running`: "runtime is process, not podman"; "": nothing.
std::string SettingsThatDiffer(const Json& wanted, const Json& running);

}  // namespace lockstep
