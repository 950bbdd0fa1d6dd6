// lockstep apply: makes the operator's objects what the files say.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <set>

#include "cli/follow.h"
#include "cli/image_note.h"
#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/origin.h"
#include "cli/validate_flag.h"
#include "cli/verb.h"
#include "operators/api/intent.h"
#include "operators/api/job_kind.h"
#include "operators/api/managed_by.h"
#include "operators/codec/document.h"
#include "operators/convert/resource_requests.h"
#include "operators/convert/sample_trial.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  std::string namespace_;
  bool dry_run = false;
  bool follow = false;
  UnknownFields unknown_fields = UnknownFields::kError;
};

// The job of a first trial: what the placeholders become.
void PrintSample(const Object& object, const ConfigMapLookup& config_maps) {
  const auto* experiment = std::get_if<Experiment>(&object);
  if (experiment == nullptr) return;
  const Result<Json> job = RenderSample(*experiment, config_maps);
  if (!job.ok()) return;  // the operator has said why
  std::string values;
  for (const ParameterAssignment& assignment : SampleAssignments(experiment->spec)) {
    values += " " + assignment.name + "=" + assignment.value;
  }
  std::printf("# the job of a trial with%s:\n%s", values.c_str(), ToYaml(*job).c_str());
}

// What `lockstep suspend` and `cancel` have said of an object, and what the operator remembers in
// it, stays when its file, which does not mention it, is applied again.
void KeepIntent(const Object& there, Object& object) {
  const Labels& before = MetaOf(there).annotations;
  for (const char* name : {kSuspendAnnotation, kCancelAnnotation, kDeletedTrialsAnnotation}) {
    const auto said = before.find(name);
    if (said == before.end() || !MetaOf(object).annotations.insert(*said).second) continue;
    if (said->first == kSuspendAnnotation) {
      std::fprintf(stderr, "%s stays suspended; `lockstep resume` lets it go on\n",
                   TypedName(object).c_str());
    }
  }
}

// One that was made by somebody else is not changed into this one.
Status CheckSameJob(const Object& there, const Object& object) {
  const auto* job = std::get_if<TrainingJob>(&there);
  if (job == nullptr) return OkStatus();
  for (const OwnerReference& owner : job->meta.owner_references) {
    return AlreadyExists(AppliedKey(object).ToString() + ": the name is taken by the job of " +
                         owner.kind + " " + job->meta.namespace_ + "/" + owner.name +
                         ": give this one another name");
  }
  if (AppliedKind(*job) == AppliedKey(object).kind) return OkStatus();
  const ObjectKey key = AppliedKey(there);
  return AlreadyExists(AppliedKey(object).ToString() + ": the name is taken by a " + key.kind +
                       ", and jobs of all kinds share their names: delete that first (`lockstep "
                       "delete job/" +
                       key.name +
                       (key.namespace_ == kDefaultNamespace ? "" : " -n " + key.namespace_) +
                       "`), or give this one another name");
}

// What was done: "created", "configured" or "unchanged".
Result<std::string> ApplyOne(ObjectClient& client, Object object, bool dry_run) {
  AddOrigin(object);
  constexpr int kConflictsMax = 20;  // each means that somebody else's write went through
  for (int attempt = 0;; ++attempt) {
    Result<Object> there = client.Get(KeyOf(object));
    Status outcome = there.status();
    std::string done;
    if (outcome.kind() == StatusKind::kNotFound) {
      outcome = client.Create(object, dry_run).status();
      done = "created";
    } else if (outcome.ok()) {
      LOCKSTEP_RETURN_IF_ERROR(CheckSameJob(*there, object));
      KeepIntent(*there, object);
      if (SameIntent(*there, object)) return std::string("unchanged");
      ObjectMeta meta = MetaOf(*there);
      meta.labels = MetaOf(object).labels;
      meta.annotations = MetaOf(object).annotations;
      Object changed = object;
      MetaOf(changed) = meta;
      outcome = client.Update(changed, dry_run).status();
      done = "configured";
    }
    const bool raced = outcome.kind() == StatusKind::kConflict ||
                       (done == "created" && outcome.kind() == StatusKind::kAlreadyExists);
    if (outcome.ok()) return done;
    if (!raced || attempt == kConflictsMax) return outcome;
  }
}

// What is worth knowing of a job that was applied; "": nothing.
std::string NoteOn(const Object& object) {
  const auto* job = std::get_if<TrainingJob>(&object);
  if (job == nullptr || !IsManagedElsewhere(job->spec.managed_by)) return "";
  return ": it is left alone, for it is managed by " + job->spec.managed_by;
}

// A request for more CPUs than there are holds nobody up but the others.
void WarnOfRequests(const Object& object, const MachineResources& machine) {
  const auto* job = std::get_if<TrainingJob>(&object);
  if (job == nullptr || IsManagedElsewhere(job->spec.managed_by)) return;
  const std::string alone = RunsAlone(machine, RequestsOfJob(job->spec));
  if (alone.empty()) return;
  std::fflush(stdout);
  std::fprintf(stderr, "lockstep: warning: %s %s\n", AppliedKey(object).ToString().c_str(),
               alone.c_str());
}

// Once, however many objects say the same.
void NoteImages(const Object& object, const Json& version, const ConfigMapLookup& config_maps,
                std::set<std::string>& notes) {
  const Json settings = version.is_object() ? version.value("settings", Json()) : Json();
  const std::string note = ImageNote(object, settings, config_maps);
  if (note.empty() || !notes.insert(note).second) return;
  std::fflush(stdout);
  std::fprintf(stderr, "lockstep: %s\n", note.c_str());
}

// An operator that was started before config.yaml was changed does not know of it.
void WarnOfSettings(const VerbContext& context, const Json& version) {
  const Result<OperatorConfig> config = FindOperatorConfig(context);
  if (!config.ok()) {
    std::fprintf(stderr, "lockstep: warning: %s\n", config.status().message().c_str());
    return;
  }
  const std::string differ = SettingsThatDiffer(EncodeSettings(*config, nullptr),
                                                version.value("settings", Json::object()));
  if (differ.empty()) return;
  const std::string pid = version.value("pid", Json()).dump();
  std::fprintf(stderr,
               "lockstep: warning: the operator (pid %s) was started with other settings than "
               "config.yaml has now: %s; stop it (kill %s; its jobs go on), and the next one has "
               "them\n",
               pid.c_str(), differ.c_str(), pid.c_str());
}

// A session that is opened by the first who needs it: wrong files start no operator.
class LazySession {
 public:
  explicit LazySession(const VerbContext& context) : context_(context) {}

  Result<ObjectClient> Client() {
    if (session_ == nullptr) {
      LOCKSTEP_ASSIGN_OR_RETURN(session_, OpenSession(context_));
    }
    return ObjectClient(*session_);
  }
  Result<Json> GetRuntime(const std::string& kind, const std::string& namespace_,
                          const std::string& name) {
    LOCKSTEP_ASSIGN_OR_RETURN(ObjectClient client, Client());
    LOCKSTEP_ASSIGN_OR_RETURN(
        const Object object,
        client.Get({kind, namespace_.empty() ? kClusterNamespace : namespace_, name}));
    return EncodeObject(object);
  }
  // Of the operator that answers; null: none can be reached.
  Json Version() {
    if (!Client().ok()) return {};
    const Result<Json> version = session_->Version();
    return version.ok() ? *version : Json();
  }
  Result<ConfigMap> GetConfigMap(const std::string& namespace_, const std::string& name) {
    LOCKSTEP_ASSIGN_OR_RETURN(ObjectClient client, Client());
    LOCKSTEP_ASSIGN_OR_RETURN(const Object object,
                              client.Get({ConfigMap::kKind, namespace_, name}));
    return std::get<ConfigMap>(object);
  }

 private:
  const VerbContext& context_;
  std::unique_ptr<Session> session_;
};

int Apply(const ApplyOptions& options, const VerbContext& context) {
  LazySession session(context);
  const ConfigMapLookup stored = [&](const std::string& namespace_, const std::string& name) {
    return session.GetConfigMap(namespace_, name);
  };
  const RuntimeLookup stored_runtimes = [&](const std::string& kind, const std::string& namespace_,
                                            const std::string& name) {
    return session.GetRuntime(kind, namespace_, name);
  };
  const Result<Manifests> manifests =
      LoadManifests(options.files, {.default_namespace = options.namespace_,
                                    .unknown_fields = options.unknown_fields,
                                    .config_maps = stored,
                                    .runtimes = stored_runtimes});
  if (!manifests.ok()) return Fail(manifests.status());
  if (const int code = PrintFindings(*manifests); code != 0) return code;
  const auto is_experiment = [](const Object& o) { return KindOf(o) == Experiment::kKind; };
  const auto followed = std::ranges::find_if(manifests->objects, is_experiment);
  if (options.follow && std::ranges::count_if(manifests->objects, is_experiment) != 1) {
    return Fail(InvalidArgument("--follow needs exactly one Experiment in the files"));
  }
  Result<ObjectClient> opened = session.Client();
  if (!opened.ok()) return Fail(opened.status());
  ObjectClient& client = *opened;
  int code = kExitSuccess;
  const Json version = session.Version();
  if (version.is_object()) WarnOfSettings(context, version);
  const MachineResources machine =
      DecodeMachine(version.is_object() ? version.value("settings", Json()) : Json());
  std::set<std::string> notes;
  for (const Object& object : manifests->objects) {
    const Result<std::string> done = ApplyOne(client, object, options.dry_run);
    if (done.ok()) {
      std::printf("%s %s%s%s\n", TypedName(object).c_str(), done->c_str(),
                  options.dry_run ? " (dry run)" : "", NoteOn(object).c_str());
      WarnOfRequests(object, machine);
      if (*done != "unchanged")
        NoteImages(object, version, ConfigMapsIn(manifests->objects, stored), notes);
      if (options.dry_run) PrintSample(object, ConfigMapsIn(manifests->objects, stored));
    } else {
      code = Fail(done.status());
    }
  }
  std::fflush(stdout);
  if (!options.follow || options.dry_run || code != kExitSuccess) return code;
  return FollowExperiment(client, KeyOf(*followed));
}

}  // namespace

void AddApplyVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* verb = app.add_subcommand("apply", "Create or change the objects in files");
  verb->add_option("-f,--filename", options->files, "Files, directories, or - for standard input")
      ->required();
  verb->add_option("-n,--namespace", options->namespace_, "Namespace of objects that name none");
  AddValidateFlag(*verb, options->unknown_fields);
  verb->add_flag("--dry-run", options->dry_run,
                 "Check everything, change nothing, show what a trial would run");
  verb->add_flag("--follow", options->follow, "Show the Experiment until it ends");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted: what was applied stays; apply again to do the rest");
    context.exit_code = Apply(*options, context);
  });
}

}  // namespace lockstep
