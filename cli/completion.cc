// lockstep completion: a script for a shell; __complete, which the script asks, tells what may
// stand where the cursor is.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/completions.h"
#include "cli/object_name.h"
#include "cli/verb.h"
#include "operators/api/job_kind.h"
#include "operators/codec/json.h"
#include "operators/serve/protocol.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

// Nobody waits longer for a list of names.
constexpr std::chrono::milliseconds kDeadline(1000);

// Asks an operator that is there, and starts none: a key was pressed, nothing was asked for.
std::vector<std::string> NamesOf(const VerbContext& context, const std::string& plural,
                                 const std::string& namespace_) {
  std::vector<std::string> names;
  const Result<StateDir> dir = FindStateDir(context.state_dir_flag, ProcessEnv());
  const Result<KindName> kind = FindKind(plural);
  if (!dir.ok() || !kind.ok()) return names;
  const bool is_job = IsJobKind(kind->kind);
  const Result<KindName> kept = is_job ? FindKind(TrainingJob::kKind) : kind;
  const std::string target =
      ApiPath(*kept) + "/namespaces/" + namespace_ + "/" + std::string(kept->plural);
  const Result<HttpReply> reply = SendHttp({dir->socket_path(), "GET", target, "", kDeadline});
  if (!reply.ok() || reply->code != 200) return names;
  const Json json = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("items")) return names;
  for (const Json& item : json["items"]) {
    const Result<Object> job = is_job ? DecodeObject(item) : InvalidArgument("");
    if (is_job && (!job.ok() || !IsOfKind(std::get<TrainingJob>(*job), kind->kind))) continue;
    if (item.contains("metadata")) names.push_back(item["metadata"].value("name", ""));
  }
  return names;
}

}  // namespace

int PrintCompletions(const CLI::App& app, VerbContext& context,
                     const std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--state-dir") context.state_dir_flag = words[i + 1];
  }
  const auto names = [&](const std::string& plural, const std::string& namespace_) {
    return NamesOf(context, plural, namespace_);
  };
  for (const std::string& candidate : Completions(app, words, names)) {
    std::printf("%s\n", candidate.c_str());
  }
  return kExitSuccess;
}

void AddCompletionVerb(CLI::App& app, VerbContext& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print a completion script for a shell");
  verb->footer("Example:\n  source <(lockstep completion bash)");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([shell, &context] {
    std::fputs(CompletionScript(*shell).c_str(), stdout);
    context.exit_code = kExitSuccess;
  });
}

}  // namespace lockstep
