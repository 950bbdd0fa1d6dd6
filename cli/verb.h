// What every verb shares: where the operator is, and how an outcome becomes an exit code. One file
// a verb; main lists them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/operator_config.h"
#include "cli/session.h"
#include "runtime/base/status.h"

namespace CLI {
class App;
}

namespace lockstep {

struct VerbContext {
  std::string state_dir_flag;  // --state-dir, or empty
  // Of the operator that the verb may start: --image-map, --runtime.
  std::vector<std::string> image_map_flags = {};
  std::string runtime_flag = {};
  int exit_code = 0;  // set by the verb that ran
};

// config.yaml with the flags over it.
Result<OperatorConfig> FindOperatorConfig(const VerbContext& context);

// The flags again, as arguments for an operator that is started somewhere else.
Result<std::vector<std::string>> OperatorArguments(const VerbContext& context);

// FailedPrecondition, later: an operator that runs already was started with other flags.
Result<std::unique_ptr<Session>> OpenSession(const VerbContext& context);

// NotFound 3; InvalidArgument, Conflict, AlreadyExists 4; DeadlineExceeded 5; the
// rest 1.
int ExitCodeOfStatus(const Status& status);
// Prints "lockstep: MESSAGE" to stderr; the exit code.
int Fail(const Status& status);

// Each adds its subcommand to `app`. `context` outlives the app.
void AddApplyVerb(CLI::App& app, VerbContext& context);
void AddBestVerb(CLI::App& app, VerbContext& context);
void AddCancelVerb(CLI::App& app, VerbContext& context);
void AddCompletionVerb(CLI::App& app, VerbContext& context);
void AddDeleteVerb(CLI::App& app, VerbContext& context);
void AddDescribeVerb(CLI::App& app, VerbContext& context);
void AddEditVerb(CLI::App& app, VerbContext& context);
void AddEventsVerb(CLI::App& app, VerbContext& context);
void AddExplainVerb(CLI::App& app, VerbContext& context);
void AddExportVerb(CLI::App& app, VerbContext& context);
void AddGetVerb(CLI::App& app, VerbContext& context);
void AddLogsVerb(CLI::App& app, VerbContext& context);
void AddMetricsVerb(CLI::App& app, VerbContext& context);
void AddOperatorVerb(CLI::App& app, VerbContext& context);
void AddRenderVerb(CLI::App& app, VerbContext& context);
void AddReportVerb(CLI::App& app, VerbContext& context);
void AddResumeVerb(CLI::App& app, VerbContext& context);
void AddSuspendVerb(CLI::App& app, VerbContext& context);
void AddTopVerb(CLI::App& app, VerbContext& context);
void AddValidateVerb(CLI::App& app, VerbContext& context);
void AddVersionVerb(CLI::App& app, VerbContext& context);
void AddWaitVerb(CLI::App& app, VerbContext& context);

// `lockstep __complete WORDS...`: what may stand in place of the last word, a line each.
int PrintCompletions(const CLI::App& app, VerbContext& context,
                     const std::vector<std::string>& words);

}  // namespace lockstep
