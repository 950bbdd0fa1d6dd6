// lockstep describe: one object, in words.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/description.h"
#include "cli/interrupt.h"
#include "cli/launch_notes.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/verb.h"
#include "operators/backend/local_backend.h"
#include "operators/codec/document.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct DescribeOptions {
  std::vector<std::string> object;  // KIND NAME, or KIND/NAME
  std::string namespace_ = kDefaultNamespace;
};

Result<std::string> DescribeTrialOf(ObjectClient& client, const Trial& trial, WallTime now) {
  const Result<Object> object =
      client.Get({TrainingJob::kKind, trial.meta.namespace_, trial.meta.name});
  if (object.ok()) return DescribeTrial(trial, std::get<TrainingJob>(*object), now);
  if (object.status().kind() == StatusKind::kNotFound) {
    return DescribeTrial(trial, std::nullopt, now);
  }
  return object.status();
}

std::string DescribeJob(const TrainingJob& job, const StateDir& dir, WallTime now) {
  const JobId id{job.meta.namespace_, job.meta.name, job.meta.uid, job.status.generation};
  return DescribeTrainingJob(job, ReadLaunchNotes(LocalJobDir(dir.jobs_path(), id)), now);
}

Result<std::string> DescribeObject(ObjectClient& client, const StateDir& dir,
                                   const Object& object) {
  const WallTime now = SystemClock().Now();
  if (const auto* trial = std::get_if<Trial>(&object)) {
    return DescribeTrialOf(client, *trial, now);
  }
  if (const auto* job = std::get_if<TrainingJob>(&object)) return DescribeJob(*job, dir, now);
  if (const auto* suggestion = std::get_if<Suggestion>(&object)) {
    return DescribeSuggestion(*suggestion, now);
  }
  if (const auto* map = std::get_if<ConfigMap>(&object)) return DescribeConfigMap(*map, now);
  if (const auto* secret = std::get_if<Secret>(&object)) return DescribeSecret(*secret, now);
  if (!std::holds_alternative<Experiment>(object)) return ToYaml(EncodeObject(object));
  const auto& experiment = std::get<Experiment>(object);
  const ObjectMeta& meta = experiment.meta;
  LOCKSTEP_ASSIGN_OR_RETURN(
      const std::vector<Object> objects,
      client.List({Trial::kKind, meta.namespace_, {{kExperimentLabel, meta.name}}}));
  std::vector<Trial> trials;
  trials.reserve(objects.size());
  for (const Object& trial : objects) trials.push_back(std::get<Trial>(trial));
  return DescribeExperiment(experiment, trials, now);
}

int Describe(const DescribeOptions& options, const VerbContext& context) {
  const Result<ObjectKey> key = ParseObjectName(options.object, options.namespace_);
  if (!key.ok()) return Fail(key.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const Result<Object> object = client.Get(*key);
  if (!object.ok()) return Fail(object.status());
  const Result<std::string> text = DescribeObject(client, (*session)->state_dir(), *object);
  if (!text.ok()) return Fail(text.status());
  std::fputs(text->c_str(), stdout);
  return kExitSuccess;
}

}  // namespace

void AddDescribeVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<DescribeOptions>();
  CLI::App* verb = app.add_subcommand("describe", "Tell everything about one object");
  verb->footer("Example:\n  lockstep describe trial random-a1");
  verb->add_option("object", options->object,
                   "KIND NAME, or KIND/NAME; kinds: experiment, suggestion, trial, job (of any "
                   "kind), pytorchjob, ..., configmap, secret")
      ->required()
      ->expected(1, 2);
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    context.exit_code = Describe(*options, context);
  });
}

}  // namespace lockstep
