#include "launcher/podman_container.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "launcher/local_file.h"
#include "launcher/run_identity.h"
#include "launcher/verdict.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr char kCudaDevices[] = "CUDA_VISIBLE_DEVICES";

// Those that podman has written; an empty one is of a container that it had not yet made.
std::vector<std::string> IdFiles(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code vanished;
    if (const auto size = it->file_size(vanished); !vanished && size > 0) {
      files.push_back(it->path().string());
    }
  }
  return files;
}

// What podman said, on one line.
std::string Said(int fd) {
  std::array<char, 1024> text{};
  const ssize_t n = read(fd, text.data(), text.size());
  std::string said(text.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  std::ranges::replace(said, '\n', ' ');
  return said;
}

}  // namespace

Status PrepareContainer(const JobDir& dir, int number, bool has_devices, Program* program) {
  LOCKSTEP_RETURN_IF_ERROR(MakeFolder(dir.containers_path()));
  std::vector<std::string> words = {"--cidfile",
                                    dir.containers_path() + "/" + std::to_string(number) + ".cid"};
  if (has_devices) {
    std::string& visible = program->env[kCudaDevices];
    std::string inside;
    int count = 0;
    for (std::string_view rest = visible; !rest.empty();) {
      const std::string_view device = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), device.size() + 1));
      words.insert(words.end(), {"--device", "nvidia.com/gpu=" + std::string(device)});
      inside += (count == 0 ? "" : ",") + std::to_string(count);
      ++count;
    }
    visible = inside;
    words.insert(words.end(), {"-e", kCudaDevices});
  }
  program->command.insert(program->command.begin() + 2, words.begin(), words.end());
  return OkStatus();
}

std::string SearchPathOf(const LaunchPlan& plan) {
  const auto path = plan.env.find("PATH");
  return path == plan.env.end() ? "" : path->second;
}

Status RemoveContainers(const JobDir& dir, const std::string& path,
                        std::chrono::milliseconds bound) {
  const std::vector<std::string> files = IdFiles(dir.containers_path());
  if (files.empty()) return OkStatus();
  Program podman{{"podman", "rm", "--force", "--ignore", "--time", "0"}, OwnEnvironment(), ""};
  for (const std::string& file : files) {
    podman.command.insert(podman.command.end(), {"--cidfile", file});
  }
  if (!path.empty()) podman.env["PATH"] = path;
  LOCKSTEP_ASSIGN_OR_RETURN(const StartOutcome started, StartProcess(podman));
  if (started.failure) return Unavailable(started.failure->message);
  const Process& process = started.process;
  pollfd ended{process.exited.get(), POLLIN, 0};
  const bool in_time = poll(&ended, 1, static_cast<int>(bound.count())) == 1;
  if (!in_time) kill(-process.pid, SIGKILL);
  int wait_status = 0;
  while (waitpid(process.pid, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return DeadlineExceeded("podman rm was not done within its time");
  if (wait_status == 0) return OkStatus();
  return Unavailable("podman rm " + WhatHappened(wait_status) + ": " + Said(process.errors.get()));
}

}  // namespace lockstep
