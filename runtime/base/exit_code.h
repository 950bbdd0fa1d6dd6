// The exit codes of ranks and of the lockstep command: what each means (docs/design.md section 5).
#pragma once

namespace lockstep {

// Of a rank, read by the launcher and the operator.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitRestartMe = 75;       // EX_TEMPFAIL: checkpointed, start me again
inline constexpr int kExitNotExecutable = 126;  // the program was found but could not be executed
inline constexpr int kExitProgramNotFound = 127;
inline constexpr int kExitSignalBase = 128;  // 128 + signal number

// Of `lockstep run`: the first failing rank's code, or
inline constexpr int kExitLauncherFailed = 125;
inline constexpr int kExitDeadline = 124;  // it took longer than --timeout; as timeout(1)

// Of every other verb.
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitInvalid = 4;  // invalid input, or a conflict
inline constexpr int kExitTimedOut = 5;
inline constexpr int kExitInterrupted = 130;  // Ctrl-C

// What waitpid reported, as a shell would say it: the exit status, or 128 + the signal.
int ExitCodeOfWaitStatus(int wait_status);

}  // namespace lockstep
