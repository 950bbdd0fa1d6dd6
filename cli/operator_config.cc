#include "cli/operator_config.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "operators/api/decode_visitor.h"
#include "operators/api/did_you_mean.h"
#include "operators/codec/document.h"
#include "operators/convert/quantity.h"

namespace lockstep {
namespace {

constexpr char kHost[] = "host";
constexpr char kPodman[] = "podman";
constexpr char kProcess[] = "process";
constexpr std::int32_t kGpusMax = 1024;

// config.yaml as it is written.
struct ConfigFile {
  std::map<std::string, std::string> image_map;
  std::string runtime;
  std::optional<std::int32_t> gpus;
  Json cpus;
  Json memory;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("imageMap", self.image_map, "IMAGE: a root file system, or host.");
    v.Field("runtime", self.runtime, "process or podman.");
    v.Field("gpus", self.gpus, "GPUs that jobs share.");
    v.Field("cpus", self.cpus, "CPUs that jobs share.");
    v.Field("memory", self.memory, "Memory that jobs share.");
  }
};

std::string WrongRuntime(const std::string& runtime) {
  return "\"" + runtime + "\" is no runtime" + DidYouMean(runtime, {kPodman, kProcess}) +
         ": use process or podman";
}

// In units of `unit`; rounded up.
std::optional<std::int64_t> ReadQuantity(const Json& value, const std::string& path, double unit,
                                         FindingList& findings) {
  if (value.is_null()) return {};
  const std::optional<double> amount = QuantityOf(value);
  if (amount && *amount > 0 && *amount < 1e15) {
    return static_cast<std::int64_t>(std::ceil(*amount * unit));
  }
  findings.Error(path, value.dump(-1, ' ', false, Json::error_handler_t::replace) +
                           " is no amount: write a number above 0, with a suffix if need be: 4, "
                           "500m, 16Gi");
  return {};
}

std::string WithHome(const std::string& path, const std::string& home) {
  return path.starts_with("~/") ? home + path.substr(1) : path;
}

OperatorConfig ConfigOf(const ConfigFile& file, const std::string& home, FindingList& findings) {
  OperatorConfig config;
  for (const auto& [image, target] : file.image_map) {
    const std::string path = FieldPath("imageMap", image);
    const std::string root = WithHome(target, home);
    if (image.empty()) findings.Error(path, "names no image");
    if (root != kHost && !root.starts_with('/')) {
      findings.Error(path,
                     "\"" + target + "\" must be the absolute path of a root file system, or host");
    }
    config.image_map.emplace(image, root);
  }
  if (!file.runtime.empty()) {
    if (file.runtime != kPodman && file.runtime != kProcess) {
      findings.Error("runtime", WrongRuntime(file.runtime));
    }
    config.podman = file.runtime == kPodman;
  }
  if (file.gpus && (*file.gpus < 0 || *file.gpus > kGpusMax)) {
    findings.Error(
        "gpus", "is " + std::to_string(*file.gpus) + ", must be 0 to " + std::to_string(kGpusMax));
  }
  if (file.gpus) config.gpus = *file.gpus;
  config.milli_cpus = ReadQuantity(file.cpus, "cpus", 1000, findings);
  config.memory_bytes = ReadQuantity(file.memory, "memory", 1, findings);
  return config;
}

std::string SettingText(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string ConfigPath(const EnvReader& env) {
  if (const auto config = env("XDG_CONFIG_HOME"); config && config->starts_with('/')) {
    return *config + "/lockstep/config.yaml";
  }
  const auto home = env("HOME");
  return home && home->starts_with('/') ? *home + "/.config/lockstep/config.yaml" : "";
}

Result<OperatorConfig> ParseOperatorConfig(std::string_view text, const std::string& file,
                                           const std::string& home) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<Document> documents, ParseYaml(text, file));
  if (documents.empty()) return OperatorConfig{};
  if (documents.size() > 1) {
    return InvalidArgument(file + " holds " + std::to_string(documents.size()) +
                           " documents: write one");
  }
  FindingList findings(&documents.front());
  ConfigFile read;
  DecodeStruct(documents.front().value, DecodePlace{}, findings, read);
  OperatorConfig config = ConfigOf(read, home, findings);
  if (findings.findings().empty()) return config;
  std::string all;
  for (const Finding& finding : findings.findings()) {
    all += (all.empty() ? "" : "\n  ") + FormatFinding(file, finding);
  }
  return InvalidArgument(all);
}

Result<OperatorConfig> ReadOperatorConfig(const EnvReader& env) {
  const std::string path = ConfigPath(env);
  std::error_code error;
  const std::filesystem::file_status there = std::filesystem::status(path, error);
  if (path.empty() || !std::filesystem::exists(there)) return OperatorConfig{};
  if (!std::filesystem::is_regular_file(there)) {
    return InvalidArgument(path + " is no file: remove it, or write the settings there");
  }
  errno = 0;
  const std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return ErrnoStatus("read " + path, errno);
  return ParseOperatorConfig(text.str(), path, env("HOME").value_or(""));
}

Status AddFlags(const std::vector<std::string>& image_map, const std::string& runtime,
                const std::string& directory, OperatorConfig& config) {
  std::map<std::string, std::string> given;
  for (const std::string& flag : image_map) {
    const std::size_t equals = flag.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == flag.size()) {
      return InvalidArgument("--image-map " + flag +
                             ": write IMAGE=DIR, a root file system for its programs, or "
                             "IMAGE=host");
    }
    const std::string image = flag.substr(0, equals);
    std::string target = flag.substr(equals + 1);
    if (target != kHost) {
      target = (std::filesystem::path(directory) / target).lexically_normal().string();
    }
    if (!given.emplace(image, target).second) {
      return InvalidArgument("--image-map " + flag + ": the image is there twice");
    }
  }
  for (const auto& [image, target] : given) config.image_map[image] = target;
  if (runtime.empty()) return OkStatus();
  if (runtime != kPodman && runtime != kProcess) {
    return InvalidArgument("--runtime " + WrongRuntime(runtime));
  }
  config.podman = runtime == kPodman;
  return OkStatus();
}

Status CheckImageMap(const OperatorConfig& config) {
  for (const auto& [image, target] : config.image_map) {
    std::error_code error;
    if (target == kHost || std::filesystem::is_directory(target, error)) continue;
    return InvalidArgument("the image map says that " + image + " is " + target +
                           ", and that is no folder: name a root file system, or host");
  }
  return OkStatus();
}

MachineResources Configured(const OperatorConfig& config, MachineResources machine) {
  if (config.gpus) {
    const auto count = static_cast<std::size_t>(*config.gpus);
    if (machine.devices.size() > count) machine.devices.resize(count);
    for (std::size_t i = machine.devices.size(); i < count; ++i) {
      machine.devices.push_back(std::to_string(i));
    }
  }
  machine.milli_cpus = config.milli_cpus.value_or(machine.milli_cpus);
  machine.memory_bytes = config.memory_bytes.value_or(machine.memory_bytes);
  return machine;
}

Json EncodeSettings(const OperatorConfig& config, const MachineResources* machine) {
  Json settings = Json::object();
  if (machine != nullptr || !config.image_map.empty()) settings["imageMap"] = config.image_map;
  if (machine != nullptr || config.podman) {
    settings["runtime"] = config.podman.value_or(false) ? kPodman : kProcess;
  }
  if (machine != nullptr) {
    settings["devices"] = machine->devices;
    settings["gpus"] = machine->devices.size();
    settings["milliCpus"] = machine->milli_cpus;
    settings["memoryBytes"] = machine->memory_bytes;
    return settings;
  }
  if (config.gpus) settings["gpus"] = *config.gpus;
  if (config.milli_cpus) settings["milliCpus"] = *config.milli_cpus;
  if (config.memory_bytes) settings["memoryBytes"] = *config.memory_bytes;
  return settings;
}

MachineResources DecodeMachine(const Json& settings) {
  MachineResources machine;
  if (!settings.is_object()) return machine;
  const auto number = [&](const char* name) {
    return settings.contains(name) && settings[name].is_number_integer()
               ? settings[name].get<std::int64_t>()
               : 0;
  };
  machine.milli_cpus = number("milliCpus");
  machine.memory_bytes = number("memoryBytes");
  if (!settings.contains("devices") || !settings["devices"].is_array()) return machine;
  for (const Json& device : settings["devices"]) {
    if (device.is_string()) machine.devices.push_back(device.get<std::string>());
  }
  return machine;
}

std::string SettingsThatDiffer(const Json& wanted, const Json& running) {
  std::string text;
  for (const auto& [name, value] : wanted.items()) {
    const Json is = running.is_object() ? running.value(name, Json()) : Json();
    if (is == value) continue;
    text += (text.empty() ? "" : ", ") + name + " is " + SettingText(is) + ", not " +
            SettingText(value);
  }
  return text;
}

}  // namespace lockstep
