// lockstep export: an Experiment's trials for other tools.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/optuna_study.h"
#include "cli/trial_table.h"
#include "cli/verb.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct ExportOptions {
  std::string experiment;
  std::string namespace_ = kDefaultNamespace;
  std::string to = "csv";
  std::string file;
};

// Everything, the rows of each trial's metrics too.
Result<std::string> ExportJson(ObjectClient& client, const Experiment& experiment,
                               const std::vector<Trial>& trials) {
  Json all = {{"experiment", EncodeObject(experiment)}, {"trials", Json::array()}};
  for (const Trial& trial : trials) {
    Json one = EncodeObject(trial);
    LOCKSTEP_ASSIGN_OR_RETURN(one["metrics"], client.Metrics(KeyOf(trial)));
    all["trials"].push_back(std::move(one));
  }
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// By way of a file beside it, so that what is there is whole.
Status WriteOut(const std::string& text, const std::string& path) {
  if (path.empty() || path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return OkStatus();
  }
  const std::string part = path + ".part";
  std::FILE* file = std::fopen(part.c_str(), "wbe");
  if (file == nullptr) return ErrnoStatus("write " + part, errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int error = errno;
  if (std::fclose(file) != 0 || !written) {
    std::remove(part.c_str());
    return ErrnoStatus("write " + part, written ? errno : error);
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return ErrnoStatus("make " + path, errno);
  return OkStatus();
}

Status Export(const ExportOptions& options, const VerbContext& context) {
  if (options.to == "optuna" && (options.file.empty() || options.file == "-")) {
    return InvalidArgument("a study of Optuna is a SQLite file: name it with -o, as in -o " +
                           options.experiment.substr(options.experiment.find('/') + 1) + ".db");
  }
  ObjectKey key{Experiment::kKind, options.namespace_, options.experiment};
  if (options.experiment.find('/') != std::string::npos) {
    LOCKSTEP_ASSIGN_OR_RETURN(key, ParseObjectName(options.experiment, options.namespace_));
  }
  if (key.kind != Experiment::kKind) {
    return InvalidArgument("an Experiment can be exported, " + key.ToString() +
                           " cannot: `lockstep get` shows it in any form");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(context));
  ObjectClient client(*session);
  LOCKSTEP_ASSIGN_OR_RETURN(const Object object, client.Get(key));
  const auto& experiment = std::get<Experiment>(object);
  LOCKSTEP_ASSIGN_OR_RETURN(
      const std::vector<Object> objects,
      client.List({Trial::kKind, key.namespace_, {{kExperimentLabel, key.name}}}));
  std::vector<Trial> trials;
  trials.reserve(objects.size());
  for (const Object& trial : objects) trials.push_back(std::get<Trial>(trial));
  if (options.to == "optuna") {
    LOCKSTEP_RETURN_IF_ERROR(WriteOptunaStudy(MakeOptunaStudy(experiment, trials), options.file));
  } else if (options.to == "csv") {
    LOCKSTEP_RETURN_IF_ERROR(WriteOut(FormatCsv(MakeTrialTable(trials)), options.file));
  } else {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ExportJson(client, experiment, trials));
    LOCKSTEP_RETURN_IF_ERROR(WriteOut(text, options.file));
  }
  if (!options.file.empty() && options.file != "-") {
    std::printf("%zu %s of %s written to %s\n", trials.size(),
                trials.size() == 1 ? "trial" : "trials", key.ToString().c_str(),
                options.file.c_str());
  }
  return OkStatus();
}

}  // namespace

void AddExportVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb = app.add_subcommand("export", "Write an Experiment's trials for other tools");
  verb->footer(
      "Examples:\n  lockstep export random > random.csv\n"
      "  lockstep export random --to optuna -o random.db && optuna-dashboard sqlite:///random.db");
  verb->add_option("experiment", options->experiment, "Name of the Experiment")->required();
  verb->add_option("--to", options->to,
                   "csv (default): a row a trial; json: everything, each metric row too; optuna: a "
                   "SQLite file that Optuna 3.2 and later open, times in UTC")
      ->check(CLI::IsMember({"csv", "json", "optuna"}));
  verb->add_option("-o,--output", options->file, "File to write; standard output when left out");
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    const Status status = Export(*options, context);
    context.exit_code = status.ok() ? kExitSuccess : Fail(status);
  });
}

}  // namespace lockstep
