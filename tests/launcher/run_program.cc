// `lockstep run` alone, for sanitizer builds.
#include <CLI/CLI.hpp>

#include "cli/run.h"
#include "runtime/base/exit_code.h"

int main(int argc, char** argv) {
  CLI::App app("lockstep run, alone", "lockstep");
  app.require_subcommand(1);
  int exit_code = 0;
  lockstep::AddRunVerb(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : lockstep::kExitUsage;
  }
  return exit_code;
}
