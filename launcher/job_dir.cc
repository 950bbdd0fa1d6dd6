#include "launcher/job_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "launcher/exit_record_json.h"
#include "launcher/local_file.h"
#include "launcher/unique_fd.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 8> kCauseNames = {"succeeded",  "user-error",   "signal",
                                                         "restart-me", "start-failed", "deadline",
                                                         "stopped",    "launcher-lost"};

enum class Synced : bool { kNo, kYes };

// Whoever reads `path` sees all of `text` or nothing; when it is synced, after a power cut too. The
// folder is not: a power cut may take the last seconds' files, and with them what was running.
Status WriteAtomically(const std::string& path, std::string_view text, Synced synced,
                       mode_t mode = 0644) {
  const std::string temporary = path + ".new." + std::to_string(gettid());
  {
    const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd.valid()) return ErrnoStatus("open " + temporary, errno);
    LOCKSTEP_RETURN_IF_ERROR(WriteAll(fd.get(), text, temporary));
    if (synced == Synced::kYes && fsync(fd.get()) != 0) {
      return ErrnoStatus("sync " + temporary, errno);
    }
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return ErrnoStatus("rename " + path, errno);
  return OkStatus();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

std::string_view ExitCauseName(ExitCause cause) {
  return kCauseNames[static_cast<std::size_t>(cause)];
}

Result<ExitCause> ParseExitCause(std::string_view name) {
  for (std::size_t i = 0; i < kCauseNames.size(); ++i) {
    if (kCauseNames[i] == name) return static_cast<ExitCause>(i);
  }
  return InvalidArgument("'" + std::string(name) + "' is no cause of an exit");
}

Result<JobLife> JobDir::Life() const {
  const UniqueFd fd(open(lock_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return JobLife::kNotStarted;
    return ErrnoStatus("open " + lock_path(), errno);
  }
  struct flock query{};
  query.l_type = F_WRLCK;
  query.l_whence = SEEK_SET;
  if (fcntl(fd.get(), F_OFD_GETLK, &query) != 0) {
    return ErrnoStatus("ask for the lock " + lock_path(), errno);
  }
  if (query.l_type != F_UNLCK) return JobLife::kRunning;
  return Exists(exit_path()) ? JobLife::kEnded : JobLife::kLost;
}

Result<ExitRecord> JobDir::ReadExit() const {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ReadLocalFile(exit_path()));
  return DecodeExitRecord(text, exit_path());
}

Result<std::vector<RankExit>> JobDir::ReadRankExits() const {
  std::vector<RankExit> exits;
  if (!Exists(rank_exits_path())) return exits;
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ReadLocalFile(rank_exits_path()));
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos;
       begin = end + 1) {
    const Result<RankExit> exit =
        DecodeRankExit(std::string_view(text).substr(begin, end - begin), rank_exits_path());
    if (exit.ok()) exits.push_back(*exit);
  }
  return exits;
}

Status JobDir::AppendRankExit(const RankExit& exit) const {
  const UniqueFd fd(
      open(rank_exits_path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) return ErrnoStatus("open " + rank_exits_path(), errno);
  return WriteAll(fd.get(), EncodeRankExit(exit), rank_exits_path());
}

Status JobDir::WriteExit(const ExitRecord& record) const {
  if (record.failure) {
    LOCKSTEP_RETURN_IF_ERROR(
        WriteAtomically(failure_path(), EncodeFailureRecord(*record.failure), Synced::kYes));
  }
  return WriteAtomically(exit_path(), EncodeExitRecord(record), Synced::kYes);
}

Result<std::string> JobDir::ReadPlan() const { return ReadLocalFile(plan_path()); }

Status JobDir::WritePlan(std::string_view text) const {
  struct stat there{};
  if (stat(plan_path().c_str(), &there) == 0 && there.st_size > 0) return OkStatus();
  return WriteAtomically(plan_path(), text, Synced::kNo, 0600);  // it holds values of Secrets
}

}  // namespace lockstep
