#include "cli/state_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace lockstep {
namespace {

Status NotUsable(const StateDir& dir, const Status& why) {
  return FailedPrecondition("the state directory " + dir.path +
                            " cannot be used: " + why.message() +
                            "; choose another with --state-dir or LOCKSTEP_STATE_DIR");
}

}  // namespace

Result<StateDir> FindStateDir(const std::string& flag, const EnvReader& env) {
  std::string path = flag;
  if (path.empty()) path = env("LOCKSTEP_STATE_DIR").value_or("");
  if (path.empty()) {
    if (const auto state_home = env("XDG_STATE_HOME"); state_home && state_home->starts_with('/')) {
      path = *state_home + "/lockstep";
    } else if (const auto home = env("HOME"); home && home->starts_with('/')) {
      path = *home + "/.local/state/lockstep";
    } else {
      return FailedPrecondition(
          "no state directory: neither LOCKSTEP_STATE_DIR nor XDG_STATE_HOME nor HOME is set; "
          "name one with --state-dir");
    }
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return ErrnoStatus("find " + path, error.value());
  std::string normal = absolute.lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return StateDir{normal};
}

Status PrepareStateDir(const StateDir& dir) {
  std::error_code error;
  const std::filesystem::path path(dir.path);
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return NotUsable(dir, ErrnoStatus("create its parent", error.value()));
  if (::mkdir(dir.path.c_str(), 0700) != 0 && errno != EEXIST) {
    return NotUsable(dir, ErrnoStatus("create it", errno));
  }
  if (!std::filesystem::is_directory(path, error)) {
    return NotUsable(dir, FailedPrecondition("it is no directory"));
  }
  const std::string probe = dir.path + "/.writable." + std::to_string(::getpid());
  const int fd = ::open(probe.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return NotUsable(dir, ErrnoStatus("write to it", errno));
  ::close(fd);
  ::unlink(probe.c_str());
  return OkStatus();
}

}  // namespace lockstep
