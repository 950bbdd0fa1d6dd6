// lockstep run: the launcher's verb.
#pragma once

namespace CLI {
class App;
}

namespace lockstep {

// Adds `run` to the verbs of `app`. When it is parsed, it runs to its end, and `*exit_code` is the
// first failing rank's, or 125 when the launcher itself failed (docs/design.md section 5).
// `exit_code` outlives `app`.
void AddRunVerb(CLI::App& app, int* exit_code);

// `lockstep run --plan FILE`, and its exit code.
int RunPlanFile(const char* path);

}  // namespace lockstep
