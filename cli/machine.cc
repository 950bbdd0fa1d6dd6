#include "cli/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace lockstep {

std::vector<std::string> GpusOf(const EnvReader& env,
                                const std::vector<std::string>& device_files) {
  std::vector<std::string> gpus;
  if (const auto visible = env("CUDA_VISIBLE_DEVICES")) {
    for (std::string_view rest = *visible; !rest.empty();) {
      std::string_view name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      if (name.empty() || name == "-1" || name == "NoDevFiles") break;  // as CUDA reads it
      gpus.emplace_back(name);
    }
    return gpus;
  }
  constexpr std::string_view kPrefix = "nvidia";
  const auto is_gpu = [&](const std::string& name) {
    return name.starts_with(kPrefix) && name.size() > kPrefix.size() &&
           name.find_first_not_of("0123456789", kPrefix.size()) == std::string::npos;
  };
  const auto count = static_cast<int>(std::ranges::count_if(device_files, is_gpu));
  for (int i = 0; i < count; ++i) gpus.push_back(std::to_string(i));
  return gpus;
}

MachineResources ReadMachine(const EnvReader& env) {
  MachineResources machine;
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/dev", error), end; !error && it != end;
       it.increment(error)) {
    files.push_back(it->path().filename().string());
  }
  machine.devices = GpusOf(env, files);
  cpu_set_t cpus;
  const bool known = ::sched_getaffinity(0, sizeof cpus, &cpus) == 0;
  const std::int64_t cores = known ? CPU_COUNT(&cpus) : ::sysconf(_SC_NPROCESSORS_ONLN);
  machine.milli_cpus = std::max<std::int64_t>(cores, 1) * 1000;
  machine.memory_bytes = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) *
                         static_cast<std::int64_t>(::sysconf(_SC_PAGESIZE));
  return machine;
}

}  // namespace lockstep
