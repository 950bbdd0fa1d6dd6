#include "operators/backend/local_backend.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "launcher/job_dir.h"
#include "launcher/lost_job.h"
#include "launcher/role_tally.h"
#include "launcher/unique_fd.h"
#include "operators/backend/exit_watch.h"
#include "operators/backend/job_files.h"
#include "operators/backend/job_folders.h"
#include "operators/backend/job_plan.h"
#include "operators/backend/launcher_process.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kSweepBound{5};

FirstFailure LauncherLost(std::string message) {
  FirstFailure failure;
  failure.cause = ExitCauseName(ExitCause::kLauncherLost);
  failure.message = std::move(message);
  return failure;
}

FirstFailure FailureOf(const ExitRecord& record) {
  FirstFailure failure;
  failure.cause = ExitCauseName(record.cause);
  failure.exit_code = record.exit_code;
  failure.message = "the launcher ended with exit code " + std::to_string(record.exit_code) + " (" +
                    failure.cause + ")";
  if (!record.failure) return failure;
  failure.rank = record.failure->rank;
  failure.role = record.failure->role;
  failure.host = record.failure->host;
  failure.exit_code = record.failure->exit_code;
  failure.signal = record.failure->signal;
  failure.last_lines = record.failure->last_lines;
  if (!record.failure->message.empty()) failure.message = record.failure->message;
  return failure;
}

class LocalBackend final : public JobBackend {
 public:
  explicit LocalBackend(LocalBackendOptions options)
      : options_(std::move(options)), images_{options_.image_map, options_.podman} {}

  Status Apply(const JobPlan& plan) override {
    const JobDir dir = DirOf(plan.id);
    const LauncherProcess launcher(dir.path());
    LOCKSTEP_ASSIGN_OR_RETURN(const LauncherLife life, launcher.Life());
    if (life != LauncherLife::kNone) return OkStatus();
    const VolumePlaces places{dir.path(), options_.volumes_dir};
    LOCKSTEP_ASSIGN_OR_RETURN(const LaunchPlan launch, MakeLaunchPlan(plan, places, images_));
    std::error_code error;
    fs::create_directories(dir.path(), error);
    if (error) return ErrnoStatus("make the job directory " + dir.path(), error.value());
    LOCKSTEP_RETURN_IF_ERROR(PrepareVolumes(plan, places));
    if (options_.podman) LOCKSTEP_RETURN_IF_ERROR(PrepareRankFolders(plan, places));
    LOCKSTEP_RETURN_IF_ERROR(dir.WritePlan(EncodeLaunchPlan(launch)));
    return launcher.Start({options_.lockstep, "run", "--plan", dir.plan_path()});
  }

  // A job that runs is watched from the first look on, also one that an earlier operator started.
  Result<JobObservation> Observe(const JobId& id) override {
    LOCKSTEP_ASSIGN_OR_RETURN(JobObservation observation, Look(id));
    if (!Runs(observation)) return observation;
    if (!exits_.Watches(id) && !exits_.Add(id, LauncherProcess(DirOf(id).path()).Open())) {
      return Look(id);  // the launcher has just ended, or its guardian cleans up behind it
    }
    observation.end_is_told = true;
    return observation;
  }

  void TellEnds(std::function<void(const JobId&)> on_end) override {
    exits_.Tell(std::move(on_end));
  }

  Result<bool> Stop(const JobId& id) override {
    const JobDir dir = DirOf(id);
    const LauncherProcess launcher(dir.path());
    LOCKSTEP_ASSIGN_OR_RETURN(const LauncherLife life, launcher.Life());
    if (life == LauncherLife::kNone) return true;
    LOCKSTEP_ASSIGN_OR_RETURN(const JobLife job, LifeOf(dir, life));
    // A launcher that has released the lock is only on its way out; one that is gone may have left
    // its guardian at work, which holds the lock.
    if (job == JobLife::kEnded) return true;
    if (life == LauncherLife::kGone) return job != JobLife::kRunning;
    LOCKSTEP_RETURN_IF_ERROR(launcher.AskToStop());
    return false;
  }

  Result<FilePiece> ReadFile(const JobId& id, std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override {
    return ReadJobFile(DirOf(id).path(), name, offset, bytes_max);
  }

  Result<std::vector<ListedFile>> ListFiles(const JobId& id, std::string_view folder) override {
    return ListJobFiles(DirOf(id).path(), folder);
  }

  Result<std::uint64_t> Size(const JobId& id) override {
    const std::string path = DirOf(id).path();
    std::uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code vanished;  // or is no file: a socket, a pipe, a folder
      const std::uintmax_t size = it->is_symlink(vanished) ? 0 : it->file_size(vanished);
      if (!vanished) bytes += size;
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      return ErrnoStatus("look at " + path, error.value());
    }
    return bytes;
  }

  Status Forget(const JobId& id) override {
    const JobDir dir = DirOf(id);
    LOCKSTEP_ASSIGN_OR_RETURN(const JobObservation now, Look(id));
    if (Runs(now))
      return FailedPrecondition("the job directory " + dir.path() +
                                " is in use: stop the job first");
    std::error_code error;
    fs::remove_all(dir.path(), error);
    if (error) return ErrnoStatus("remove " + dir.path(), error.value());
    // Of the last generation the job's folder goes too, and of the last job its namespace's; rmdir
    // refuses while there is something in them.
    const fs::path job = fs::path(dir.path()).parent_path();
    if (rmdir(job.c_str()) == 0) rmdir(job.parent_path().c_str());
    return OkStatus();
  }

  Result<std::vector<OrphanedJob>> ListOrphans(
      const std::function<bool(const JobId&)>& known) override {
    std::vector<OrphanedJob> orphans;
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<JobId> jobs,
                              ListJobFolders(options_.jobs_dir, known));
    for (const JobId& id : jobs) {
      const std::optional<WallTime> ended = EndOf(DirOf(id));
      if (MayRun(DirOf(id)) || !ended) continue;
      OrphanedJob orphan{id, *ended, 0};
      JobId each = id;
      for (each.generation = 0; each.generation <= id.generation; ++each.generation) {
        LOCKSTEP_ASSIGN_OR_RETURN(const std::uint64_t bytes, Size(each));
        orphan.bytes += bytes;
      }
      orphans.push_back(std::move(orphan));
    }
    return orphans;
  }

 private:
  JobDir DirOf(const JobId& id) const { return JobDir(LocalJobDir(options_.jobs_dir, id)); }

  // Without exit.json: when the last file came or went. nullopt: it is gone.
  static std::optional<WallTime> EndOf(const JobDir& dir) {
    struct stat state{};
    if (stat(dir.exit_path().c_str(), &state) != 0 && stat(dir.path().c_str(), &state) != 0) {
      return std::nullopt;
    }
    return WallTime(std::chrono::seconds(state.st_mtim.tv_sec)) +
           std::chrono::microseconds(state.st_mtim.tv_nsec / 1000);
  }

  // By looking alone: `lockstep delete --logs` may be removing the directory at this moment.
  static bool MayRun(const JobDir& dir) {
    const Result<LauncherLife> launcher = LauncherProcess(dir.path()).Life();
    const Result<JobLife> life = dir.Life();
    if (!launcher.ok() || !life.ok()) return true;
    return *life == JobLife::kRunning ||
           (*life != JobLife::kEnded && *launcher == LauncherLife::kAlive);
  }

  static bool Runs(const JobObservation& job) {
    return job.phase == JobPhase::kStarting || job.phase == JobPhase::kRunning;
  }

  // Of a job that lost its guardian as well as its launcher, this is what cleans up. A launcher
  // that has lost its guardian alone ends the job itself.
  static Result<JobLife> LifeOf(const JobDir& dir, LauncherLife launcher) {
    LOCKSTEP_ASSIGN_OR_RETURN(const JobLife life, dir.Life());
    if (life != JobLife::kLost || launcher != LauncherLife::kGone) return life;
    // On a full disk there is no exit.json; that the job is lost is known all the same.
    (void)EndLostJob(dir, kSweepBound);
    return dir.Life();
  }

  Result<JobObservation> Look(const JobId& id) const {
    const JobDir dir = DirOf(id);
    // The launcher before the directory: one that is gone writes nothing after it was looked at.
    LOCKSTEP_ASSIGN_OR_RETURN(const LauncherLife launcher, LauncherProcess(dir.path()).Life());
    if (launcher == LauncherLife::kNone) return JobObservation{};
    LOCKSTEP_ASSIGN_OR_RETURN(const JobLife life, LifeOf(dir, launcher));
    JobObservation observation;
    if (life == JobLife::kRunning) {
      observation.phase = JobPhase::kRunning;
      LOCKSTEP_RETURN_IF_ERROR(Count(dir, nullptr, &observation));
    } else if (life == JobLife::kEnded) {
      LOCKSTEP_ASSIGN_OR_RETURN(const ExitRecord record, dir.ReadExit());
      observation.phase =
          record.cause == ExitCause::kSucceeded ? JobPhase::kSucceeded : JobPhase::kFailed;
      if (observation.phase == JobPhase::kFailed) observation.first_failure = FailureOf(record);
      // How it ended is known also where its plan cannot be read any more.
      if (!Count(dir, &record, &observation).ok()) observation.roles.clear();
    } else if (launcher == LauncherLife::kAlive) {
      observation.phase = JobPhase::kStarting;
    } else {
      observation.phase = JobPhase::kFailed;
      observation.first_failure =
          LauncherLost(life == JobLife::kLost ? "the launcher and its guardian were killed"
                                              : "the launcher ended before it began; see " +
                                                    dir.path() + "/launcher.log");
    }
    return observation;
  }

  // `ended`: how it has ended; nullptr: it runs.
  static Status Count(const JobDir& dir, const ExitRecord* ended, JobObservation* observation) {
    LOCKSTEP_ASSIGN_OR_RETURN(const LaunchPlan plan, ReadPlan(dir));
    RoleTally tally(plan);
    if (plan.world_size() > 1) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<RankExit> exits, dir.ReadRankExits());
      for (const RankExit& exit : exits) tally.OnExit(exit);
    } else if (ended != nullptr && (ended->cause == ExitCause::kSucceeded || BlamesRank(*ended))) {
      tally.OnExit({0, ended->exit_code, false});
    }
    const bool is_told = ended != nullptr && !ended->roles.empty();
    for (const RoleCount& count : is_told ? ended->roles : tally.counts()) {
      observation->roles.push_back(
          {count.role, ended == nullptr ? count.active : 0, count.succeeded, count.failed});
    }
    for (const LentHosts& lent : plan.lent_hosts) {
      observation->roles.push_back({lent.role, ended == nullptr ? lent.count : 0});
    }
    if (ended == nullptr) observation->active = tally.active();
    return OkStatus();
  }

  static bool BlamesRank(const ExitRecord& record) {
    return record.failure && record.failure->rank >= 0;
  }

  static Result<LaunchPlan> ReadPlan(const JobDir& dir) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, dir.ReadPlan());
    return DecodeLaunchPlan(text, dir.plan_path());
  }

  const LocalBackendOptions options_;
  const ImageRules images_;
  ExitWatch exits_;
};

}  // namespace

std::unique_ptr<JobBackend> MakeLocalBackend(LocalBackendOptions options) {
  return std::make_unique<LocalBackend>(std::move(options));
}

}  // namespace lockstep
