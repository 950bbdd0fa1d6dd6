#include "launcher/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "launcher/unique_fd.h"

namespace lockstep {
namespace {

void ListEntries(DIR* directory, Folder* folder) {
  struct stat file{};
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    FolderEntry found{name};
    // One that goes away in the meantime need not be there.
    if (fstatat(dirfd(directory), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(file.st_mode)) found.kind = FileKind::kFolder;
    if (S_ISLNK(file.st_mode)) {
      found.kind = FileKind::kLink;
      std::array<char, PATH_MAX> text;
      const ssize_t n = readlinkat(dirfd(directory), entry->d_name, text.data(), text.size());
      if (n < 0) continue;
      found.link.assign(text.data(), static_cast<std::size_t>(n));
    }
    folder->entries.push_back(std::move(found));
  }
}

class HostFileTree final : public FileTree {
 public:
  FileKind Look(const std::string& path) const override {
    struct stat file{};
    if (stat(path.c_str(), &file) != 0) return FileKind::kNone;
    return S_ISDIR(file.st_mode) ? FileKind::kFolder : FileKind::kFile;
  }

  Result<std::string> Resolve(const std::string& path) const override {
    std::array<char, PATH_MAX> resolved;
    if (realpath(path.c_str(), resolved.data()) == nullptr) {
      return ErrnoStatus("find out where " + path + " leads", errno);
    }
    return std::string(resolved.data());
  }

  Result<Folder> List(const std::string& path) const override {
    struct stat file{};
    if (stat(path.c_str(), &file) != 0) return ErrnoStatus("look at " + path, errno);
    Folder folder{file.st_mode & 07777, {}};
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) return ErrnoStatus("list " + path, errno);
    ListEntries(directory, &folder);
    closedir(directory);
    return folder;
  }
};

class RootFileTree final : public FileTree {
 public:
  explicit RootFileTree(const std::string& root)
      : root_(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), root_path_(PathOf(root_)) {}

  FileKind Look(const std::string& path) const override {
    const UniqueFd fd = Open(path, O_PATH);
    struct stat file{};
    if (!fd.valid() || fstat(fd.get(), &file) != 0) return FileKind::kNone;
    return S_ISDIR(file.st_mode) ? FileKind::kFolder : FileKind::kFile;
  }

  Result<std::string> Resolve(const std::string& path) const override {
    const UniqueFd fd = Open(path, O_PATH);
    if (!fd.valid()) return ErrnoStatus("find out where " + root_path_ + path + " leads", errno);
    std::string resolved = PathOf(fd);
    if (root_path_ != "/") resolved.erase(0, root_path_.size());
    return resolved.empty() ? "/" : resolved;
  }

  Result<Folder> List(const std::string& path) const override {
    const UniqueFd fd = Open(path, O_PATH | O_DIRECTORY);
    struct stat file{};
    if (!fd.valid() || fstat(fd.get(), &file) != 0) {
      return ErrnoStatus("list " + root_path_ + path, errno);
    }
    Folder folder{file.st_mode & 07777, {}};
    DIR* directory = opendir(("/proc/self/fd/" + std::to_string(fd.get())).c_str());
    if (directory == nullptr) return ErrnoStatus("list " + root_path_ + path, errno);
    ListEntries(directory, &folder);
    closedir(directory);
    return folder;
  }

 private:
  static std::string PathOf(const UniqueFd& fd) {
    std::array<char, PATH_MAX> text;
    const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
    const ssize_t n = readlink(link.c_str(), text.data(), text.size());
    return n < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(n));
  }

  UniqueFd Open(const std::string& path, int flags) const {
    open_how how{};
    how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    return UniqueFd(
        static_cast<int>(syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof(how))));
  }

  UniqueFd root_;
  std::string root_path_;  // without links
};

}  // namespace

std::unique_ptr<FileTree> MakeHostFileTree() { return std::make_unique<HostFileTree>(); }

std::unique_ptr<FileTree> MakeRootFileTree(const std::string& root) {
  return std::make_unique<RootFileTree>(root);
}

}  // namespace lockstep
