// The lockstep command: its verbs, and what is said about a command line that fits none of them.
#pragma once

namespace lockstep {

// The exit code. Call once in a process.
int RunCommandLine(int argc, char** argv);

}  // namespace lockstep
