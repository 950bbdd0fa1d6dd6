#include "launcher/mount_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace lockstep {
namespace {

// Of statfs(2): the one flag that mount(2) numbers differently.
constexpr unsigned long kStatRelatime = 4096;
constexpr unsigned long kKeptFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;

std::string SameId(unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1\n"; }

int WriteText(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t n = write(fd, text.data(), text.size());
  const int error = n == static_cast<ssize_t>(text.size()) ? 0 : errno;
  close(fd);
  return error;
}

int ErrorOf(int result) { return result == 0 ? 0 : errno; }

int Make(const MountStep& step) {
  const char* target = step.target.c_str();
  if (step.action == MountAction::kLink) return ErrorOf(symlink(step.source.c_str(), target));
  if (step.action == MountAction::kFolder) {
    return mkdir(target, 0777) == 0 || errno == EEXIST ? 0 : errno;
  }
  const int fd = open(target, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (fd < 0) {
    const int why = errno;
    return access(target, F_OK) == 0 ? 0 : why;
  }
  close(fd);
  return 0;
}

// All that the mount forbids already it must go on to forbid: in a user namespace less is refused.
int MakeReadOnly(const char* target) {
  struct statfs now{};
  if (statfs(target, &now) != 0) return errno;
  unsigned long flags = static_cast<unsigned long>(now.f_flags) & kKeptFlags;
  if ((static_cast<unsigned long>(now.f_flags) & kStatRelatime) != 0) flags |= MS_RELATIME;
  return ErrorOf(
      mount(nullptr, target, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, nullptr));
}

// While it is filled, what is bound into it may hold the place where it is: unbindable, it is left
// out there.
int MountMemory(const char* target, const char* options) {
  if (mount("lockstep", target, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) return errno;
  return ErrorOf(mount(nullptr, target, nullptr, MS_UNBINDABLE, nullptr));
}

int EnterRoot(const char* target) {
  if (mount(nullptr, target, nullptr, MS_PRIVATE, nullptr) != 0 || chdir(target) != 0) {
    return errno;
  }
  // The old root is put below the new one, and let go: pivot_root(2), "pivot_root(".", ".")".
  if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0) return errno;
  return ErrorOf(chdir("/"));
}

std::string What(const MountStep& step) {
  switch (step.action) {
    case MountAction::kTake: return "take " + step.source;
    case MountAction::kMemory: return "make a file system in memory at " + step.target;
    case MountAction::kFolder: return "make the folder " + step.target;
    case MountAction::kFile: return "make the file " + step.target;
    case MountAction::kLink: return "make the link " + step.target;
    case MountAction::kBind: return "show " + step.source + " at " + step.target;
    case MountAction::kMove: return "cover " + step.target;
    case MountAction::kEnterRoot: return "change the root to " + step.target;
    case MountAction::kPut: return "put it at " + step.target;
    case MountAction::kReadOnly: return "protect it from writing";
  }
  return "";
}

}  // namespace

MountNamespace::MountNamespace(const MountPlan* plan) : plan_(plan) {
  if (!needed()) return;
  uid_map_ = SameId(geteuid());
  gid_map_ = SameId(getegid());
  std::array<char, PATH_MAX> here;
  if (getcwd(here.data(), here.size()) != nullptr) working_dir_ = here.data();
  taken_.resize(plan->size(), -1);
  for (const MountStep& step : *plan) {
    std::array<char, 32> options{};
    std::snprintf(options.data(), options.size(), "mode=%o", step.mode);
    memory_options_.emplace_back(options.data());
  }
}

int MountNamespace::EnterNamespace() {
  if (unshare(CLONE_NEWNS) != 0) {
    if (errno != EPERM) return errno;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return errno;
    const int groups = WriteText("/proc/self/setgroups", "deny");
    if (groups != 0 && groups != ENOENT) return groups;
    if (const int error = WriteText("/proc/self/uid_map", uid_map_); error != 0) return error;
    if (const int error = WriteText("/proc/self/gid_map", gid_map_); error != 0) return error;
  }
  return ErrorOf(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

int MountNamespace::Do(const MountStep& step) {
  const char* source = step.source.c_str();
  const char* target = step.target.c_str();
  switch (step.action) {
    case MountAction::kTake: {
      const int fd =
          open_tree(AT_FDCWD, source,
                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | static_cast<unsigned>(AT_RECURSIVE));
      taken_[taken_count_++] = fd;
      return fd < 0 ? errno : 0;
    }
    case MountAction::kMemory:
      return MountMemory(target,
                         memory_options_[static_cast<std::size_t>(&step - plan_->data())].c_str());
    case MountAction::kFolder:
    case MountAction::kFile:
    case MountAction::kLink: return Make(step);
    case MountAction::kBind: {
      const int error = ErrorOf(mount(source, target, nullptr, MS_BIND | MS_REC, nullptr));
      return error == ENOENT ? 0 : error;
    }
    case MountAction::kMove:
      if (mount(nullptr, source, nullptr, MS_PRIVATE, nullptr) != 0) return errno;
      return ErrorOf(mount(source, target, nullptr, MS_MOVE, nullptr));
    case MountAction::kEnterRoot: return EnterRoot(target);
    case MountAction::kPut:
      return ErrorOf(move_mount(taken_[step.taken], "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH));
    case MountAction::kReadOnly: return MakeReadOnly(target);
  }
  return EINVAL;
}

MountError MountNamespace::Enter() {
  if (const int error = EnterNamespace(); error != 0) return {MountError::kNamespace, 0, error};
  for (std::size_t i = 0; i < plan_->size(); ++i) {
    if (const int error = Do((*plan_)[i]); error != 0) {
      return {MountError::kStep, static_cast<int>(i), error};
    }
  }
  for (std::size_t i = 0; i < taken_count_; ++i) close(taken_[i]);
  // A directory that is hidden now is missed by whoever needs it: a program by a relative path.
  (void)!chdir(working_dir_.c_str());
  return {};
}

std::string MountNamespace::Explain(const MountPlan& plan, const MountError& error) {
  const std::string why = std::strerror(error.error);
  if (error.stage == MountError::kNamespace) return "no mount namespace is to be had: " + why;
  const MountStep& step = plan[static_cast<std::size_t>(error.step)];
  return "cannot mount at '" + step.path + "', " + What(step) + ": " + why;
}

}  // namespace lockstep
