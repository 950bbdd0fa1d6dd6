// lockstep operator: serves one state directory until it is told to stop or there is nothing to do.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <utility>

#include "cli/machine.h"
#include "cli/operator_config.h"
#include "cli/operator_idle.h"
#include "cli/operator_lock.h"
#include "cli/operator_start.h"
#include "cli/verb.h"
#include "operators/backend/local_backend.h"
#include "operators/observe/sqlite_observation_store.h"
#include "operators/reconcile/controllers.h"
#include "operators/serve/http_server.h"
#include "operators/store/sqlite_store.h"
#include "runtime/base/duration.h"
#include "runtime/base/exit_code.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

struct OperatorOptions {
  std::string idle_timeout = "30s";
  bool stay = false;
  bool detach = false;
  int ready_fd = -1;
  std::uint64_t jobs_bytes_max = kJobsBytesMax;
};

// What the signal handler can reach: an eventfd, and which signal came.
std::atomic<int> g_stop_fd{-1};
std::atomic<int> g_stop_signal{0};

void HandleStop(int number) {
  const int saved = errno;
  g_stop_signal.store(number);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(g_stop_fd.load(), &one, sizeof one);
  errno = saved;
}

Status CatchStopSignals() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return ErrnoStatus("make an eventfd", errno);
  g_stop_fd.store(fd);
  struct sigaction action{};
  action.sa_handler = HandleStop;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return OkStatus();
}

// False: nothing came within `timeout`; a negative one is none.
bool WaitForStop(milliseconds timeout) {
  pollfd waiting{g_stop_fd.load(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(timeout.count())) > 0;
}

void Log(const std::string& line) {
  std::fprintf(stderr, "%s operator[%d]: %s\n", FormatTime(SystemClock().Now()).c_str(),
               static_cast<int>(::getpid()), line.c_str());
}

// Everything the operator is made of, in the order it must be taken apart.
struct Wiring {
  OperatorLock lock;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<ObservationStore> observations;
  std::unique_ptr<JobBackend> backend;
  std::unique_ptr<Manager> manager;
  std::unique_ptr<Router> router;
  std::unique_ptr<HttpServer> server;
};

Result<std::string> OwnProgram() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size < 0) return ErrnoStatus("find the lockstep program", errno);
  return std::string(path, static_cast<std::size_t>(size));
}

Result<Wiring> Wire(const StateDir& dir, const OperatorOptions& options,
                    const OperatorConfig& config) {
  LOCKSTEP_RETURN_IF_ERROR(PrepareStateDir(dir));
  LOCKSTEP_ASSIGN_OR_RETURN(OperatorLock lock, OperatorLock::Acquire(dir));
  LOCKSTEP_ASSIGN_OR_RETURN(std::string program, OwnProgram());
  Wiring wiring{std::move(lock), {}, {}, {}, {}, {}, {}};
  LOCKSTEP_ASSIGN_OR_RETURN(wiring.store, SqliteStore::Open(dir.database_path()));
  LOCKSTEP_ASSIGN_OR_RETURN(wiring.observations, OpenSqliteObservationStore(dir.database_path()));
  const MachineResources machine = Configured(config, ReadMachine(ProcessEnv()));
  wiring.backend = MakeLocalBackend({.jobs_dir = dir.jobs_path(),
                                     .lockstep = std::move(program),
                                     .volumes_dir = dir.volumes_path(),
                                     .image_map = config.image_map,
                                     .podman = config.podman.value_or(false)});
  wiring.manager = std::make_unique<Manager>(
      *wiring.store, SystemClock(),
      MakeControllers(*wiring.store, *wiring.observations, *wiring.backend, SystemClock(),
                      {.jobs_bytes_max = options.jobs_bytes_max, .machine = machine}));
  wiring.router =
      std::make_unique<Router>(*wiring.store, *wiring.observations,
                               OperatorInfo{LOCKSTEP_VERSION, dir.path, static_cast<int>(getpid()),
                                            EncodeSettings(config, &machine)});
  HttpServerOptions server_options;
  server_options.socket_path = dir.socket_path();
  LOCKSTEP_ASSIGN_OR_RETURN(wiring.server,
                            HttpServer::Start(
                                server_options,
                                [router = wiring.router.get()](const HttpRequest& request) {
                                  return router->Handle(request);
                                },
                                *wiring.store));
  wiring.manager->Start();
  return wiring;
}

// Returns why it ended.
std::string ServeUntilDone(Wiring& wiring, const OperatorOptions& options, milliseconds idle) {
  const milliseconds look_every = std::clamp(idle / 10, milliseconds(1), milliseconds(500));
  IdleTimer timer(idle);
  const auto quiet = [&] { return NothingToDo(*wiring.store); };
  std::uint64_t writes = 0;
  for (;;) {
    // One that stays sleeps until it is told to stop; one that is idle until it would leave.
    const milliseconds idle_left = timer.Left(SystemClock().Monotonic()).value_or(look_every);
    if (WaitForStop(options.stay ? milliseconds(-1) : std::max(idle_left, milliseconds(1)))) {
      return "stopped by signal " + std::to_string(g_stop_signal.load()) +
             "; jobs that run go on, the next operator finds them";
    }
    const std::uint64_t writes_now = wiring.store->stats().writes;
    const bool changed = std::exchange(writes, writes_now) != writes_now;
    if (changed) timer.Look(false, SystemClock().Monotonic());
    const bool is_idle = wiring.server->connections() == 0 && quiet();
    if (!timer.Look(is_idle, SystemClock().Monotonic())) continue;
    if (wiring.server->TryLeave(quiet)) return "left: nothing to do";
    timer.Look(false, SystemClock().Monotonic());  // somebody came, or it cannot: not at once again
  }
}

int Operate(const OperatorOptions& options, const VerbContext& context) {
  const auto fail = [&](const Status& status) {
    ReportReady(options.ready_fd, status);
    Fail(status);
    // Two on one directory is a matter of the world, as a read-only directory is.
    return status.kind() == StatusKind::kAlreadyExists ? kExitFailed : ExitCodeOfStatus(status);
  };
  const Result<milliseconds> idle = ParseDuration(options.idle_timeout);
  if (!idle.ok()) return fail(idle.status().WithContext("--idle-timeout"));
  const Result<StateDir> dir = FindStateDir(context.state_dir_flag, ProcessEnv());
  if (!dir.ok()) return fail(dir.status());
  const Result<OperatorConfig> config = FindOperatorConfig(context);
  if (!config.ok()) return fail(config.status());
  if (options.detach) {
    const Result<std::vector<std::string>> arguments = OperatorArguments(context);
    if (!arguments.ok()) return fail(arguments.status());
    const Status started =
        StartDetachedOperator(*dir, "/proc/self/exe", std::chrono::seconds(30), *arguments);
    return started.ok() ? kExitSuccess : fail(started);
  }
  if (const Status caught = CatchStopSignals(); !caught.ok()) return fail(caught);
  Result<Wiring> wiring = Wire(*dir, options, *config);
  if (!wiring.ok()) return fail(wiring.status());
  Log("lockstep " LOCKSTEP_VERSION " serves " + dir->path);
  ReportReady(options.ready_fd, OkStatus());
  const std::string why = ServeUntilDone(*wiring, options, *idle);
  wiring->server.reset();  // before the manager: an acknowledged write is for the next operator
  const Status stopped = wiring->manager->Stop(std::chrono::seconds(10));
  Log(why);
  if (!stopped.ok()) return Fail(stopped);
  return kExitSuccess;
}

}  // namespace

void AddOperatorVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<OperatorOptions>();
  CLI::App* verb = app.add_subcommand(
      "operator", "Serve a state directory; the other verbs start one when none answers");
  verb->footer("Example:\n  lockstep operator --stay");
  verb->add_option("--idle-timeout", options->idle_timeout,
                   "Leave when there was nothing to do for so long; default 30s");
  verb->add_flag("--stay", options->stay, "Never leave by itself");
  verb->add_flag("--detach", options->detach, "Start it in the background and return");
  verb->add_option("--jobs-size-max", options->jobs_bytes_max,
                   "Remove the logs of the jobs that ended first when those of all ended jobs are "
                   "larger; default 10GB. Not of jobs with retain: true")
      ->envname("LOCKSTEP_JOBS_SIZE_MAX")
      ->transform(CLI::AsSizeValue(true));
  verb->add_option("--ready-fd", options->ready_fd, "Where to write `ready` once it serves")
      ->check(CLI::NonNegativeNumber);
  verb->callback([options, &context] { context.exit_code = Operate(*options, context); });
}

}  // namespace lockstep
