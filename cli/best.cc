// lockstep best: the best trial of an Experiment so far.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/object_table.h"
#include "cli/verb.h"
#include "operators/codec/document.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct BestOptions {
  std::string experiment;
  std::string namespace_ = kDefaultNamespace;
  std::string output;
};

int Best(const BestOptions& options, const VerbContext& context) {
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const ObjectKey key{Experiment::kKind, options.namespace_, options.experiment};
  const Result<Object> object = client.Get(key);
  if (!object.ok()) return Fail(object.status());
  const auto& experiment = std::get<Experiment>(*object);
  const auto& best = experiment.status.current_optimal_trial;
  if (!best || best->best_trial_name.empty()) {
    return Fail(
        NotFound(key.ToString() + " has no best trial yet: none has reported its objective"));
  }
  if (options.output == "name") {
    std::printf("%s\n", best->best_trial_name.c_str());
    return kExitSuccess;
  }
  if (!options.output.empty()) {
    const Json json = EncodeObject(*object)["status"]["currentOptimalTrial"];
    const std::string text = options.output == "json" ? json.dump(2) + "\n" : ToYaml(json);
    std::fputs(text.c_str(), stdout);
    return kExitSuccess;
  }
  std::string text = "trial: " + best->best_trial_name + "\n";
  if (const auto& objective = experiment.spec.objective) {
    const std::string& name = objective->objective_metric_name;
    text += name + ": " + MetricValue(*objective, best->observation, name) + "\n";
  }
  text += "parameters:\n";
  for (const auto& [name, value] : best->parameter_assignments) {
    text += "  " + name + ": " + value + "\n";
  }
  std::fputs(text.c_str(), stdout);
  return kExitSuccess;
}

}  // namespace

void AddBestVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<BestOptions>();
  CLI::App* verb = app.add_subcommand("best", "Show the best trial of an Experiment");
  verb->footer("Example:\n  lockstep best random -o json");
  verb->add_option("experiment", options->experiment, "Name of the Experiment")->required();
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_option("-o,--output", options->output, "json, yaml or name")
      ->check(CLI::IsMember({"json", "yaml", "name"}));
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    context.exit_code = Best(*options, context);
  });
}

}  // namespace lockstep
