// lockstep explain: what the fields of a kind mean.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/explanation.h"
#include "cli/verb.h"
#include "operators/api/job_kind.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

// Who leaves out the kind and writes a field alone is told where there are such fields.
Status NoSuchKind(const Status& status, std::string_view typed) {
  std::string paths;
  for (const KindName& kind : KindNames()) {
    for (const std::string& path : PathsOfField(DescribeKind(kind), typed)) {
      paths += (paths.empty() ? "" : ", ") + std::string(kind.plural) + "." + path;
    }
  }
  if (paths.empty()) return status;
  return NotFound(status.message() + "; there are fields of that name: " + paths);
}

int Explain(const std::string& path, bool recursive) {
  const std::string typed = path.substr(0, path.find('.'));
  const Result<KindName> kind = FindKind(typed);
  if (!kind.ok()) return Fail(NoSuchKind(kind.status(), typed));
  if (IsJobKind(kind->kind)) {
    return Fail(InvalidArgument(
        "the fields of " + typed +
        " are those of its own operator, and docs/job-kinds.md tells which are honoured; `lockstep "
        "explain trainingjob.spec` tells those of what it runs as, and `lockstep render FILE` "
        "shows that"));
  }
  const FieldDescription root = DescribeKind(*kind);
  const auto field = FindField(root, std::string_view(path).substr(typed.size()));
  if (!field.ok()) return Fail(field.status());
  std::fputs(ExplainField(*kind, **field, recursive).c_str(), stdout);
  return kExitSuccess;
}

}  // namespace

void AddExplainVerb(CLI::App& app, VerbContext& context) {
  struct Options {
    std::string path;
    bool recursive = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("explain", "Say what a kind and its fields mean");
  verb->add_option("path", options->path, "KIND or KIND.FIELD.FIELD: experiment.spec.objective")
      ->required();
  verb->add_flag("--recursive", options->recursive, "Names and types of all fields below");
  verb->callback(
      [options, &context] { context.exit_code = Explain(options->path, options->recursive); });
}

}  // namespace lockstep
