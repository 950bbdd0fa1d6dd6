// lockstep top: what runs now, and what it uses of this machine.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <thread>

#include "cli/interrupt.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_state.h"
#include "cli/screen.h"
#include "cli/usage_table.h"
#include "cli/verb.h"
#include "operators/backend/local_backend.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kSampleSpan(200);  // ticks are 10 ms each
constexpr std::chrono::milliseconds kRefresh(2000);
constexpr char kProcDir[] = "/proc";

struct TopOptions {
  std::string what = "jobs";
  std::string namespace_ = kDefaultNamespace;
  bool all_namespaces = false;
  bool no_headers = false;
  bool watch = false;
};

template <class T>
Result<std::vector<T>> ListOf(ObjectClient& client, const std::string& namespace_) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<Object> objects,
                            client.List({T::kKind, namespace_, {}}));
  std::vector<T> typed;
  typed.reserve(objects.size());
  for (const Object& object : objects) typed.push_back(std::get<T>(object));
  return typed;
}

Result<std::vector<RunningJob>> RunningJobs(ObjectClient& client, const std::string& namespace_,
                                            const StateDir& dir) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<TrainingJob> jobs, ListOf<TrainingJob>(client, namespace_));
  std::vector<RunningJob> running;
  for (TrainingJob& job : jobs) {
    if (IsFinished(job)) continue;
    const ObjectMeta& meta = job.meta;
    std::string job_dir =
        LocalJobDir(dir.jobs_path(), {meta.namespace_, meta.name, meta.uid, job.status.generation});
    running.push_back({std::move(job), std::move(job_dir)});
  }
  return running;
}

std::string HostName() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

Result<Table> Look(ObjectClient& client, const StateDir& dir, const TopOptions& options) {
  const std::string namespace_ =
      options.all_namespaces || options.what == "nodes" ? "" : options.namespace_;
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<RunningJob> jobs,
                            RunningJobs(client, namespace_, dir));
  NodeView node{HostName(),
                static_cast<int>(std::thread::hardware_concurrency()),
                ReadMachineUsage(kProcDir),
                {}};
  const ProcessSnapshot before = TakeProcessSnapshot(kProcDir);
  SystemClock().SleepFor(kSampleSpan);
  const ProcessSnapshot after = TakeProcessSnapshot(kProcDir);
  node.after = ReadMachineUsage(kProcDir);
  const RankUsage usage =
      UsageBetween(before, after, static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)),
                   static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  const WallTime now = SystemClock().Now();
  if (options.what == "nodes") return MakeNodeUsage(node, jobs, usage);
  if (options.what == "jobs") return MakeJobUsage(jobs, usage, now);
  if (options.what == "trials") {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<Trial> trials, ListOf<Trial>(client, namespace_));
    return MakeTrialUsage(trials, jobs, usage, now);
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<Experiment> experiments,
                            ListOf<Experiment>(client, namespace_));
  return MakeExperimentUsage(experiments, jobs, usage, now);
}

// What is wrong with what is to be shown, or "".
std::string WhyNotShown(const std::string& what) {
  constexpr std::string_view kShown[] = {"jobs", "trials", "experiments", "nodes"};
  if (std::ranges::find(kShown, what) != std::end(kShown)) return "";
  return "\"" + what + "\" is nothing that top shows: write jobs, trials, experiments or nodes";
}

Status Top(const TopOptions& options, const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(context));
  ObjectClient client(*session);
  const bool clears = options.watch && OutputScreen().live;
  for (;;) {
    LOCKSTEP_ASSIGN_OR_RETURN(const Table table, Look(client, session->state_dir(), options));
    std::string text = FormatTable(table);
    if (options.no_headers) text = WithoutHeader(std::move(text));
    if (clears) text = "\033[H\033[J" + text;
    if (table.rows.empty()) std::fprintf(stderr, "Nothing runs.\n");
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0 || !options.watch) return OkStatus();
    SystemClock().SleepFor(kRefresh);
  }
}

}  // namespace

void AddTopVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* verb = app.add_subcommand("top", "Show what runs, and the CPU and memory it uses");
  verb->footer("Examples:\n  lockstep top trials -w\n  lockstep top nodes");
  verb->add_option("what", options->what,
                   "jobs (default): each rank of each job; trials; experiments; or nodes: this "
                   "machine. 100% is a core; memory that processes share counts for each")
      ->transform(
          CLI::Transformer(std::map<std::string, std::string>{{"job", "jobs"},
                                                              {"jobs", "jobs"},
                                                              {"tj", "jobs"},
                                                              {"trainingjobs", "jobs"},
                                                              {"trial", "trials"},
                                                              {"trials", "trials"},
                                                              {"exp", "experiments"},
                                                              {"experiment", "experiments"},
                                                              {"experiments", "experiments"},
                                                              {"node", "nodes"},
                                                              {"nodes", "nodes"}}))
      ->check(WhyNotShown);
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_flag("-A,--all-namespaces", options->all_namespaces, "All namespaces");
  verb->add_flag("--no-headers", options->no_headers, "No line with the names of the columns");
  verb->add_flag("-w,--watch", options->watch, "Look again every two seconds");
  verb->callback([options, &context] {
    OnInterruptSay(options->watch ? "no longer watching; nothing was changed"
                                  : "interrupted; nothing was changed");
    const Status status = Top(*options, context);
    context.exit_code = status.ok() ? kExitSuccess : Fail(status);
  });
}

}  // namespace lockstep
