#include "cli/run.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "launcher/run_identity.h"
#include "launcher/supervisor.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct RunOptions {
  int ranks = 1;
  std::string plan_file;
  std::string job_dir;
  std::string grace;
  std::string timeout;
  std::vector<std::string> env;
  bool quiet = false;
  std::string program;
  std::vector<std::string> rest;  // of the line, "--" included
};

Result<LaunchPlan> ReadPlan(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) return ErrnoStatus("read the plan " + path, errno);
  return DecodeLaunchPlan(text.str(), path);
}

// The program and its arguments; empty when none was given.
Result<std::vector<std::string>> CommandOf(const RunOptions& options) {
  std::vector<std::string> command = options.rest;
  if (!command.empty()) {
    if (command[0] != "--") {
      return InvalidArgument("'" + command[0] +
                             "' is no option of run; the program and its arguments come after --");
    }
    command.erase(command.begin());
  }
  if (!options.program.empty()) command.insert(command.begin(), options.program);
  return command;
}

Result<LaunchPlan> BasePlan(const RunOptions& options, bool ranks_given) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<std::string> command, CommandOf(options));
  if (options.plan_file.empty()) {
    if (command.empty()) {
      return InvalidArgument(
          "nothing to run: write the program after --, as in: lockstep run -n 2 -- ./train --lr "
          "0.1");
    }
    LaunchPlan plan;
    plan.roles.push_back({.name = "worker",
                          .ranks = options.ranks,
                          .command = std::move(command),
                          .env = {},
                          .working_dir = {}});
    return plan;
  }
  if (!command.empty() || ranks_given) {
    return InvalidArgument("--plan says what to run: give neither -n nor a program with it");
  }
  return ReadPlan(options.plan_file);
}

Status ApplyOptions(const RunOptions& options, LaunchPlan* plan) {
  if (!options.job_dir.empty()) plan->job_dir = options.job_dir;
  if (options.quiet) plan->quiet = true;
  if (!options.grace.empty()) {
    Result<std::chrono::milliseconds> grace = ParseDuration(options.grace);
    if (!grace.ok()) return grace.status().WithContext("--grace");
    plan->grace = *grace;
  }
  if (!options.timeout.empty()) {
    Result<std::chrono::milliseconds> timeout = ParseDuration(options.timeout);
    if (!timeout.ok()) return timeout.status().WithContext("--timeout");
    plan->deadline = *timeout;
  }
  for (const std::string& setting : options.env) {
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == setting.npos) {
      return InvalidArgument("--env " + setting + ": write it as NAME=VALUE");
    }
    plan->env[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  if (plan->job_dir.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(plan->job_dir,
                              NewRunDir(OwnEnvironment(), SystemClock().Now(), getpid()));
  }
  return CheckLaunchPlan(*plan);
}

Result<LaunchPlan> MakePlan(const RunOptions& options, bool ranks_given) {
  LOCKSTEP_ASSIGN_OR_RETURN(LaunchPlan plan, BasePlan(options, ranks_given));
  LOCKSTEP_RETURN_IF_ERROR(ApplyOptions(options, &plan));
  return plan;
}

int Fail(const Status& status, int exit_code) {
  std::fprintf(stderr, "lockstep run: %s\n", status.message().c_str());
  return exit_code;
}

void PrintSummary(const LaunchPlan& plan, const ExitRecord& record) {
  if (!record.failure) return;
  const FailureRecord& failure = *record.failure;
  std::fprintf(stderr, "lockstep: %s\n", failure.message.c_str());
  const JobDir dir(plan.job_dir);
  const bool has_log = failure.rank >= 0 && failure.cause != ExitCause::kStartFailed;
  std::fprintf(stderr, "lockstep: what %s printed is in %s\n", has_log ? "it" : "the ranks",
               has_log ? dir.rank_log_path(failure.rank).c_str() : dir.merged_log_path().c_str());
}

int RunVerb(const RunOptions& options, bool ranks_given) {
  const Result<LaunchPlan> plan = MakePlan(options, ranks_given);
  if (!plan.ok()) {
    const bool usage =
        options.plan_file.empty() && plan.status().kind() == StatusKind::kInvalidArgument;
    return Fail(plan.status(), usage ? kExitUsage : kExitLauncherFailed);
  }
  const Result<ExitRecord> record = Supervise(*plan);
  if (!record.ok()) return Fail(record.status(), kExitLauncherFailed);
  if (!plan->quiet) PrintSummary(*plan, *record);
  return record->exit_code;
}

}  // namespace

int RunPlanFile(const char* path) {
  RunOptions options;
  options.plan_file = path;
  return RunVerb(options, false);
}

void AddRunVerb(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* run = app.add_subcommand("run",
                                     "run a program as a group of ranks on this host: lockstep run "
                                     "[OPTIONS] -- PROGRAM [ARGUMENTS]");
  CLI::Option* ranks = run->add_option("-n,--ranks", options->ranks, "how many ranks (default 1)");
  run->add_option("--plan", options->plan_file, "run this plan.json instead of a program");
  run->add_option("--job-dir", options->job_dir,
                  "where logs and exit.json go; a new directory (default: one below the state "
                  "directory)");
  run->add_option("--grace", options->grace,
                  "how long a rank may take to stop before it is killed (default 30s)");
  run->add_option("--timeout", options->timeout, "stop the run after this time, as in 1h30m");
  // One value for each --env, so that the program is never taken for another.
  run->add_option("--env", options->env, "set a variable for all ranks: NAME=VALUE")
      ->allow_extra_args(false);
  run->add_flag("--quiet,-q", options->quiet, "print nothing; logs only");
  // The program is one value and the rest is left alone: a list of values would be read as such,
  // and "[1,2]" reach the program as two arguments.
  run->add_option("program", options->program, "the program, after --; then its arguments");
  run->prefix_command();
  run->fallthrough(false);  // what follows the program is the program's
  run->footer(
      "Exit code: that of the first rank that failed (128 + signal when it was killed), 0, "
      "124 after --timeout,\n125 when the launcher itself failed.");
  run->callback([run, ranks, options, exit_code] {
    options->rest = run->remaining();
    *exit_code = RunVerb(*options, ranks->count() > 0);
  });
}

}  // namespace lockstep
