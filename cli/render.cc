// lockstep render: what a trial with these parameters, or a job, would run, without an operator.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/assignment_flags.h"
#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/origin.h"
#include "cli/state_dir.h"
#include "cli/validate_flag.h"
#include "cli/verb.h"
#include "launcher/run_identity.h"
#include "operators/admission/validate.h"
#include "operators/api/job_kind.h"
#include "operators/backend/job_plan.h"
#include "operators/backend/local_backend.h"
#include "operators/codec/base64.h"
#include "operators/codec/document.h"
#include "operators/convert/sample_trial.h"
#include "operators/reconcile/new_trial.h"
#include "operators/reconcile/trial_job.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct RenderOptions {
  std::string file;
  std::vector<std::string> assignments;
  std::string name;
  std::string namespace_;
  std::string output = "yaml";
  bool plan = false;
  UnknownFields unknown_fields = UnknownFields::kError;
};

constexpr char kSampleUid[] = "00000000";  // the store gives the true one

// An Experiment, or a job.
Result<Object> OnlyOne(const std::vector<Object>& objects, const std::string& file) {
  const auto is_rendered = [](const Object& o) {
    return KindOf(o) == Experiment::kKind || KindOf(o) == TrainingJob::kKind;
  };
  const auto count = std::ranges::count_if(objects, is_rendered);
  if (count == 1) return *std::ranges::find_if(objects, is_rendered);
  return InvalidArgument(
      count == 0 ? file + " holds no Experiment and no job: trials and jobs alone are rendered"
                 : file + " holds " + std::to_string(count) +
                       " Experiments and jobs: render a file that holds one");
}

// The trial that the search would create for this point.
Result<Trial> TrialOf(const RenderOptions& options, const Experiment& experiment,
                      const ConfigMapLookup& config_maps) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<ParameterAssignment> assignments,
                            ReadAssignments(options.assignments, experiment.spec.parameters));
  TrialAssignment point;
  point.name = options.name.empty() ? SampleTrialName(experiment) : options.name;
  point.parameter_assignments = std::move(assignments);
  LOCKSTEP_ASSIGN_OR_RETURN(Trial trial, NewTrial(experiment, point, config_maps));
  const std::vector<Finding> findings = Validate(trial, Document{});  // of its name alone
  for (const Finding& finding : findings) {
    if (finding.severity == Finding::Severity::kWarning) continue;
    return InvalidArgument("the trial's " + finding.path + ": " + finding.message);
  }
  return trial;
}

std::string Text(const Json& json, const std::string& output) {
  if (output == "yaml") return ToYaml(json);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What the references of a job are looked up in: the file, for there is no operator to ask.
struct FileLookups {
  ConfigMapLookup config_maps;
  SecretLookup secrets;
  RuntimeLookup runtimes;
};

// Values of Secrets are not shown: where they would be stands which they are.
FileLookups LookupsOf(const std::vector<Object>& objects) {
  FileLookups lookups;
  lookups.config_maps =
      ConfigMapsIn(objects, [](const std::string& namespace_, const std::string& name) {
        return NotFound("the ConfigMap " + namespace_ + "/" + name + " is not in the file");
      });
  lookups.secrets = [&objects](const std::string& namespace_,
                               const std::string& name) -> Result<Secret> {
    const ObjectKey key{Secret::kKind, namespace_, name};
    const auto found = std::ranges::find(objects, key, KeyOf);
    if (found == objects.end()) {
      return NotFound("the Secret " + namespace_ + "/" + name + " is not in the file");
    }
    Secret secret = std::get<Secret>(*found);
    for (auto& [data_key, value] : secret.data) {
      value = EncodeBase64("(" + data_key + " of the Secret " + name + ")");
    }
    return secret;
  };
  lookups.runtimes = [&objects](const std::string& kind, const std::string& namespace_,
                                const std::string& name) -> Result<Json> {
    const ObjectKey key{kind, namespace_.empty() ? kClusterNamespace : namespace_, name};
    const auto found = std::ranges::find(objects, key, KeyOf);
    if (found != objects.end()) return EncodeObject(*found);
    return NotFound("the " + kind + " " + name + " is not in the file");
  };
  return lookups;
}

// The TrainingJob, then plan.json: two documents of YAML, or one object of JSON.
Result<std::string> PlanText(const RenderOptions& options, TrainingJob job,
                             const FileLookups& lookups, const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(const StateDir dir, FindStateDir(context.state_dir_flag, ProcessEnv()));
  LOCKSTEP_ASSIGN_OR_RETURN(const OperatorConfig config, FindOperatorConfig(context));
  const Json manifest = EncodeObject(job);
  job.meta.uid = kSampleUid;
  LOCKSTEP_ASSIGN_OR_RETURN(const JobPlan plan,
                            MakeJobPlan(job, 0, HostName(), lookups.config_maps, lookups.secrets));
  LOCKSTEP_ASSIGN_OR_RETURN(
      const LaunchPlan launch,
      MakeLaunchPlan(plan, {LocalJobDir(dir.jobs_path(), plan.id), dir.volumes_path()},
                     {config.image_map, config.podman.value_or(false)}));
  const std::string processes = EncodeLaunchPlan(launch);
  if (options.output == "yaml") return ToYaml(manifest) + "---\n" + processes;
  return Text({{"job", manifest}, {"plan", Json::parse(processes, nullptr, false)}}, "json");
}

// The job of a trial, or one by itself, as it runs: with --plan, and its processes.
Result<std::string> RenderOne(const RenderOptions& options, const Object& applied,
                              const FileLookups& lookups, const VerbContext& context) {
  if (const auto* job = std::get_if<TrainingJob>(&applied)) {
    if (!options.assignments.empty() || !options.name.empty()) {
      return InvalidArgument("--set and --name are of a trial, and " +
                             AppliedKey(applied).ToString() + " is a job by itself");
    }
    if (options.plan) return PlanText(options, *job, lookups, context);
    return Text(EncodeObject(*job), options.output);
  }
  const Experiment& experiment = std::get<Experiment>(applied);
  LOCKSTEP_ASSIGN_OR_RETURN(const Trial trial, TrialOf(options, experiment, lookups.config_maps));
  for (const std::string& line :
       ValuesOutside(trial.spec.parameter_assignments, experiment.spec.parameters)) {
    std::fprintf(stderr, "lockstep: warning: %s\n", line.c_str());
  }
  if (!options.plan) return Text(trial.spec.run_spec, options.output);
  LOCKSTEP_ASSIGN_OR_RETURN(TrainingJob job, TrialJob(trial, lookups.runtimes));
  return PlanText(options, std::move(job), lookups, context);
}

int Render(const RenderOptions& options, const VerbContext& context) {
  const Result<Manifests> manifests = LoadManifests(
      {options.file}, {.default_namespace = options.namespace_,
                       .unknown_fields = options.unknown_fields,
                       .unsupported = options.plan ? Unsupported::kError : Unsupported::kWarning});
  if (!manifests.ok()) return Fail(manifests.status());
  if (const int code = PrintFindings(*manifests); code != kExitSuccess) return code;
  Result<Object> applied = OnlyOne(manifests->objects, options.file);
  if (!applied.ok()) return Fail(applied.status());
  AddOrigin(*applied);
  const FileLookups lookups = LookupsOf(manifests->objects);
  const Result<std::string> text = RenderOne(options, *applied, lookups, context);
  if (!text.ok()) return Fail(text.status());
  std::fputs(text->c_str(), stdout);
  return kExitSuccess;
}

}  // namespace

void AddRenderVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<RenderOptions>();
  CLI::App* verb = app.add_subcommand(
      "render", "Show the job of a trial with given parameters, or what a job runs as");
  verb->footer(
      "Examples:\n  lockstep render experiment.yaml --set lr=0.05 --plan\n"
      "  lockstep render pytorchjob.yaml --plan");
  verb->add_option("-f,--filename,file", options->file, "A file with one Experiment or job, or -")
      ->required();
  verb->add_option("--set", options->assignments, "PARAMETER=VALUE, once for each parameter")
      ->allow_extra_args(false);
  verb->add_option("--name", options->name, "Name of the trial; EXPERIMENT-sample when left out");
  verb->add_option("-n,--namespace", options->namespace_, "Namespace, when the file names none");
  verb->add_flag("--plan", options->plan, "Show the TrainingJob and its processes instead");
  verb->add_option("-o,--output", options->output, "yaml (default) or json")
      ->check(CLI::IsMember({"yaml", "json"}));
  AddValidateFlag(*verb, options->unknown_fields);
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    context.exit_code = Render(*options, context);
  });
}

}  // namespace lockstep
