// A `lockstep run` in a process of its own, watched with deadlines: what it prints, how it ends,
// and what of it is still in the process table.
#pragma once

#include <string>
#include <vector>

#include "launcher/job_dir.h"
#include "launcher/unique_fd.h"

namespace lockstep {

// Removed with what is in it when it goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  // Writes a file in it and returns its path.
  std::string Write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

// The path of the program that LaunchedRun starts.
std::string LaunchedProgram();

std::string ReadText(const std::string& path);

struct RunResult {
  int wait_status = 0;
  int exit_code = 0;
  std::string out;
  std::string err;
};

class LaunchedRun {
 public:
  struct Options {
    bool close_stdout = false;          // a reader that is gone
    std::vector<std::string> env = {};  // NAME=VALUE, on top of ours
    std::string job_dir = {};           // empty: one in a folder of its own
  };
  // `lockstep run --job-dir JOB_DIR arguments...`.
  explicit LaunchedRun(std::vector<std::string> arguments);
  LaunchedRun(std::vector<std::string> arguments, const Options& options);
  ~LaunchedRun();  // kills what is left
  LaunchedRun(const LaunchedRun&) = delete;
  LaunchedRun& operator=(const LaunchedRun&) = delete;

  pid_t pid() const { return pid_; }
  const JobDir& dir() const { return dir_; }
  const std::string& out() const { return out_; }

  void Signal(int number) const;
  // Reads on until stdout holds `text` `times` times; false after a minute, or at its end.
  bool AwaitOutput(const std::string& text, int times = 1);
  // Lets it run for so long, or to its end.
  void RunFor(int microseconds);
  // To the end of the process and of its output.
  RunResult Await();
  // True when within a minute nothing that it started is in the process table any more.
  bool AwaitNothingLeft() const;
  // The pids of its ranks, as far as they were started.
  std::vector<pid_t> Ranks() const;

 private:
  bool ReadSome(int timeout_ms);

  TemporaryFolder folder_;
  JobDir dir_;
  std::string tag_;
  pid_t pid_ = -1;
  UniqueFd exited_;
  UniqueFd out_fd_;
  UniqueFd err_fd_;
  std::string out_;
  std::string err_;
};

// Whether this user may have mounts of its own here.
bool KernelGivesNamespaces();

}  // namespace lockstep
