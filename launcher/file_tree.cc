#include "launcher/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace lockstep {
namespace {

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
      folder.entries.push_back(std::move(found));
    }
    closedir(directory);
    return folder;
  }
};

}  // namespace

std::unique_ptr<FileTree> MakeHostFileTree() { return std::make_unique<HostFileTree>(); }

}  // namespace lockstep
