#include "operators/backend/job_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "launcher/unique_fd.h"

namespace lockstep {
namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kFilesMax = 10'000;

struct Opened {
  UniqueFd fd;      // not valid: it is not there
  std::string why;  // it is there and cannot be read
};

bool IsThere(int error) { return error != ENOENT && error != ENOTDIR; }

// What `name` has between its slashes; "" when it would lead out of the directory.
std::vector<std::string> PartsOf(std::string_view name) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    CHECK(part != ".." && part.find('\0') == part.npos) << "a name inside a job directory";
    if (!part.empty() && part != ".") parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

// Folder by folder, none of them a link.
Result<Opened> OpenInside(const std::string& job_dir, std::string_view name, int flags) {
  UniqueFd at(open(job_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.valid() && IsThere(errno)) return ErrnoStatus("open " + job_dir, errno);
  if (!at.valid()) return Opened{};
  const std::vector<std::string> parts = PartsOf(name);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    const int how = last ? flags | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    UniqueFd next(openat(at.get(), parts[i].c_str(), how | O_NOFOLLOW | O_CLOEXEC));
    if (next.valid()) {
      at = std::move(next);
      continue;
    }
    const int error = errno;
    struct stat found{};
    const bool link = fstatat(at.get(), parts[i].c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISLNK(found.st_mode);
    if (link) return Opened{{}, "is reached by a symbolic link, which is not followed"};
    if (!IsThere(error)) return Opened{};
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO) {
      return ErrnoStatus("open " + job_dir + "/" + std::string(name), error);
    }
    return Opened{{}, std::string("cannot be opened: ") + std::strerror(error)};
  }
  return Opened{std::move(at), ""};
}

struct FileState {
  std::string identity;
  std::uint64_t size = 0;
  bool regular = false;
  bool folder = false;
};

// The number alone is given to the next file when one is removed: the time of birth tells them
// apart, where the file system knows it.
Result<FileState> StateOf(int at, const char* name, const std::string& told) {
  struct statx state{};
  const int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);
  if (statx(at, name, flags, STATX_BASIC_STATS | STATX_BTIME, &state) != 0) {
    return ErrnoStatus("look at " + told, errno);
  }
  FileState result;
  result.identity = std::to_string(state.stx_ino);
  if ((state.stx_mask & STATX_BTIME) != 0) {
    result.identity += "-" + std::to_string(state.stx_btime.tv_sec) + "." +
                       std::to_string(state.stx_btime.tv_nsec);
  }
  result.size = state.stx_size;
  result.regular = S_ISREG(state.stx_mode);
  result.folder = S_ISDIR(state.stx_mode);
  return result;
}

struct DirCloser {
  void operator()(DIR* dir) const { closedir(dir); }
};

Status ListBelow(UniqueFd fd, const std::string& name, int depth, std::vector<ListedFile>& files) {
  const int number = fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, DirCloser> dir(number < 0 ? nullptr : fdopendir(number));
  if (!dir) {
    const int error = errno;
    if (number >= 0) close(number);
    return ErrnoStatus("list " + name, error);
  }
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view own = entry->d_name;
    if (own == "." || own == "..") continue;
    if (files.size() == kFilesMax) break;
    const std::string inside = name.empty() ? std::string(own) : name + "/" + std::string(own);
    const Result<FileState> state = StateOf(fd.get(), entry->d_name, inside);
    if (!state.ok()) continue;  // it is gone again
    if (state->regular) files.push_back({inside, state->identity, state->size});
    if (!state->folder || depth == kDepthMax) continue;
    UniqueFd below(openat(fd.get(), entry->d_name,
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!below.valid()) continue;  // gone, or closed to us: no file of ours
    LOCKSTEP_RETURN_IF_ERROR(ListBelow(std::move(below), inside, depth + 1, files));
  }
  return OkStatus();
}

}  // namespace

Result<FilePiece> ReadJobFile(const std::string& job_dir, std::string_view name,
                              std::uint64_t offset, std::size_t bytes_max) {
  const std::string path = job_dir + "/" + std::string(name);
  LOCKSTEP_ASSIGN_OR_RETURN(const Opened opened, OpenInside(job_dir, name, O_RDONLY));
  FilePiece piece;
  piece.why_not = opened.why;
  if (!opened.fd.valid()) return piece;
  LOCKSTEP_ASSIGN_OR_RETURN(const FileState state, StateOf(opened.fd.get(), "", path));
  if (!state.regular) {
    piece.why_not = state.folder ? "is a folder" : "is no file with contents";
    return piece;
  }
  piece.identity = state.identity;
  piece.size = state.size;
  const std::uint64_t left = offset < state.size ? state.size - offset : 0;
  piece.bytes.resize(std::min<std::uint64_t>(bytes_max, left));
  std::size_t size = 0;
  while (size < piece.bytes.size()) {
    const ssize_t n = pread(opened.fd.get(), piece.bytes.data() + size, piece.bytes.size() - size,
                            static_cast<off_t>(offset + size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus("read " + path, errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  piece.bytes.resize(size);
  return piece;
}

Result<std::vector<ListedFile>> ListJobFiles(const std::string& job_dir, std::string_view folder) {
  std::vector<ListedFile> files;
  LOCKSTEP_ASSIGN_OR_RETURN(Opened opened, OpenInside(job_dir, folder, O_RDONLY | O_DIRECTORY));
  if (!opened.fd.valid()) return files;
  if (folder.empty())
    opened.fd = UniqueFd(open(job_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  LOCKSTEP_RETURN_IF_ERROR(ListBelow(std::move(opened.fd), std::string(folder), 0, files));
  std::ranges::sort(files, {}, &ListedFile::name);
  return files;
}

}  // namespace lockstep
