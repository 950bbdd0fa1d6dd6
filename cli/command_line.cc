#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>
#include <vector>

#include "cli/run.h"
#include "cli/verb.h"
#include "operators/api/did_you_mean.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

void AddVerbs(CLI::App& app, VerbContext& context) {
  AddRunVerb(app, &context.exit_code);
  AddApplyVerb(app, context);
  AddGetVerb(app, context);
  AddDescribeVerb(app, context);
  AddLogsVerb(app, context);
  AddEventsVerb(app, context);
  AddTopVerb(app, context);
  AddWaitVerb(app, context);
  AddBestVerb(app, context);
  AddExportVerb(app, context);
  AddEditVerb(app, context);
  AddSuspendVerb(app, context);
  AddResumeVerb(app, context);
  AddCancelVerb(app, context);
  AddDeleteVerb(app, context);
  AddExplainVerb(app, context);
  AddValidateVerb(app, context);
  AddRenderVerb(app, context);
  AddMetricsVerb(app, context);
  AddReportVerb(app, context);
  AddOperatorVerb(app, context);
  AddVersionVerb(app, context);
  AddCompletionVerb(app, context);
}

// What is wrong with the first word that is no option, when it is no verb; "" when it is one.
std::string WrongVerb(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--state-dir" || word == "--image-map" || word == "--runtime") ++i;
    if (word.starts_with('-')) continue;
    for (const std::string& name : names) {
      if (name == word) return "";
    }
    return "there is no verb '" + std::string(word) + "'" +
           DidYouMean(word, std::vector<std::string_view>(names.begin(), names.end())) +
           "; `lockstep --help` lists them";
  }
  return "";
}

int UsageError(std::string_view message) {
  std::fprintf(stderr, "lockstep: %.*s\n", static_cast<int>(message.size()), message.data());
  return kExitUsage;
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  // How the operator starts a launcher, once a job: without making all the other verbs first.
  if (argc == 4 && std::string_view(argv[1]) == "run" && std::string_view(argv[2]) == "--plan")
    return RunPlanFile(argv[3]);
  VerbContext context;
  CLI::App app("Distributed training jobs, and searches over them.", "lockstep");
  app.add_option("--state-dir", context.state_dir_flag,
                 "Where the operator keeps everything; default $LOCKSTEP_STATE_DIR, "
                 "$XDG_STATE_HOME/lockstep or ~/.local/state/lockstep");
  app.add_option("--image-map", context.image_map_flags,
                 "Of the operator that is started: IMAGE=DIR, a root file system for the programs "
                 "of that image, or IMAGE=host; may be repeated. Also in config.yaml")
      ->allow_extra_args(false);
  app.add_option("--runtime", context.runtime_flag,
                 "Of the operator that is started: process (default) or podman. Also in "
                 "config.yaml");
  app.fallthrough();
  app.require_subcommand(1);
  AddVerbs(app, context);
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first.empty()) return UsageError("name a verb; `lockstep --help` lists them");
  if (first == "__complete") {
    return PrintCompletions(app, context, std::vector<std::string>(argv + 2, argv + argc));
  }
  if (first == "help") argv[1] = const_cast<char*>("--help");
  if (first == "--version") argv[1] = const_cast<char*>("version");
  if (const std::string wrong = WrongVerb(app, argc, argv); !wrong.empty())
    return UsageError(wrong);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    app.exit(help);
    return kExitSuccess;
  } catch (const CLI::ParseError& error) {
    std::string verb;  // with the words that go down from it: "metrics parse"
    for (auto chosen = app.get_subcommands(); !chosen.empty();
         chosen = chosen.front()->get_subcommands()) {
      verb += " " + chosen.front()->get_name();
    }
    return UsageError(std::string(error.what()) + "; `lockstep" + verb + " --help` shows how");
  }
  // Output that did not arrive is a failure, whatever the verb thought.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    UsageError("standard output could not be written");
    if (context.exit_code == kExitSuccess) return kExitFailed;
  }
  return context.exit_code;
}

}  // namespace lockstep
