// lockstep version: ours, and that of the operator when one runs.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/verb.h"
#include "operators/serve/protocol.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

// Asks, but starts none: the question must not change the answer.
std::string OperatorVersion(const VerbContext& context) {
  const Result<StateDir> dir = FindStateDir(context.state_dir_flag, ProcessEnv());
  if (!dir.ok()) return "";
  const Result<HttpReply> reply =
      SendHttp({dir->socket_path(), "GET", "/version", "", std::chrono::seconds(2)});
  if (!reply.ok() || reply->code != 200) return "";
  const Json json = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return "";
  return "operator " + json.value("version", Json()).dump() + " (protocol " +
         json.value("protocol", Json()).dump() + ", pid " + json.value("pid", Json()).dump() +
         ") on " + dir->path;
}

}  // namespace

void AddVersionVerb(CLI::App& app, VerbContext& context) {
  app.add_subcommand("version", "Show versions")->callback([&context] {
    std::printf("lockstep %s (protocol %d)\n", LOCKSTEP_VERSION, kProtocolVersion);
    if (const std::string theirs = OperatorVersion(context); !theirs.empty()) {
      std::printf("%s\n", theirs.c_str());
    }
    context.exit_code = kExitSuccess;
  });
}

}  // namespace lockstep
