// lockstep validate: whether what files hold is right, on a cluster with Katib or here, without an
// operator. What apply would refuse only because this version cannot run it is a warning.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/validate_flag.h"
#include "cli/verb.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct ValidateOptions {
  std::vector<std::string> files;
  std::string output;
  UnknownFields unknown_fields = UnknownFields::kError;
};

void PrintJson(const Manifests& manifests) {
  Json list = Json::array();
  for (const auto& [file, finding] : manifests.findings) {
    const bool warning = finding.severity == Finding::Severity::kWarning;
    list.push_back({{"file", file},
                    {"line", finding.position.line},
                    {"column", finding.position.column},
                    {"path", finding.path},
                    {"severity", warning ? "warning" : "error"},
                    {"message", finding.message}});
  }
  std::printf("%s\n", list.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

int ValidateFiles(const ValidateOptions& options) {
  const Result<Manifests> manifests = LoadManifests(
      options.files,
      {.unknown_fields = options.unknown_fields, .unsupported = Unsupported::kWarning});
  if (!manifests.ok()) return Fail(manifests.status());
  if (options.output == "json") {
    PrintJson(*manifests);
    return manifests->has_errors() ? kExitInvalid : kExitSuccess;
  }
  if (const int code = PrintFindings(*manifests); code != kExitSuccess) return code;
  std::printf("%zu %s valid\n", manifests->objects.size(),
              manifests->objects.size() == 1 ? "object is" : "objects are");
  return kExitSuccess;
}

}  // namespace

void AddValidateVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* verb = app.add_subcommand("validate", "Check files without changing anything");
  verb->add_option("-f,--filename,files", options->files,
                   "Files, directories, or - for standard input")
      ->required();
  AddValidateFlag(*verb, options->unknown_fields);
  verb->add_option("-o,--output", options->output, "json")->check(CLI::IsMember({"json"}));
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    context.exit_code = ValidateFiles(*options);
  });
}

}  // namespace lockstep
